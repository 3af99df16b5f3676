"""`make campaign-alterations`: random alterations of sealed sessions and bundles, each found.

python -m tests.campaigns.alterations [COUNT] [SEED]
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

from records.store.record_folder import RecordFolder
from tests.support.altered_bundles import draw_bundle
from tests.support.altered_records import Ground, draw, prepare
from tests.support.memory import memory_folder

BUNDLES_SHARE = 0.4


def run(
    ground: Ground, count: int, seed: int, place: RecordFolder
) -> tuple[Counter[str], list[str]]:
    """How many of each kind were made, and what was not found (kind and number)."""
    made: Counter[str] = Counter()
    missed: list[str] = []
    for number in range(count):
        source = random.Random(seed * 1_000_003 + number)
        if source.random() < BUNDLES_SHARE:
            kind, found = draw_bundle(ground, source)
        else:
            kind, found = draw(ground, source, place)
        made[kind] += 1
        if not found:
            missed.append(f"{kind} (number {number} of seed {seed})")
    return made, missed


def main() -> int:
    """Run the campaign and print what was made and what was missed; 1 when anything was."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with memory_folder() as folder:
        ground = prepare(Path(folder))
        made, missed = run(ground, count, seed, RecordFolder(Path(folder) / "copy"))
    for kind, number in sorted(made.items()):
        print(f"{number:6}  {kind}")
    print(f"{sum(made.values())} alterations, {len(missed)} not found")
    for one in missed:
        print(f"NOT FOUND: {one}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
