"""`make campaign-alterations`: random alterations of sealed sessions and bundles, each found.

python -m tests.campaigns.alterations [COUNT] [SEED] [--shard K/N]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from records.store.record_folder import RecordFolder
from tests.campaigns.asked import Asked, ran_on
from tests.support.altered_bundles import draw_bundle
from tests.support.altered_records import Ground, draw, prepare
from tests.support.memory import memory_folder

COUNT = 10_000
BUNDLES_SHARE = 0.4


def run(ground: Ground, asked: Asked, place: RecordFolder) -> tuple[Counter[str], list[str]]:
    """How many of each kind were made, and what was not found (kind and number)."""
    made: Counter[str] = Counter()
    missed: list[str] = []
    for number in asked.numbers:
        source = asked.chance(number)
        if source.random() < BUNDLES_SHARE:
            kind, found = draw_bundle(ground, source)
        else:
            kind, found = draw(ground, source, place)
        made[kind] += 1
        if not found:
            missed.append(f"{kind} (number {number} of seed {asked.seed})")
    return made, missed


def main() -> int:
    """Run the campaign and print its counts and misses; returns 1 if there was a miss."""
    asked = Asked.of(__doc__ or "", count=COUNT)
    with memory_folder() as folder:
        ground = prepare(Path(folder))
        made, missed = run(ground, asked, RecordFolder(Path(folder) / "copy"))
    for kind, number in sorted(made.items()):
        print(f"{number:6}  {kind}")
    print(f"{sum(made.values())} alterations, {len(missed)} not found")
    print(ran_on(asked))
    for one in missed:
        print(f"NOT FOUND: {one}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
