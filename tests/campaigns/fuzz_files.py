"""`make campaign-fuzz`: damaged files of every kind, none of which may break a reader or pass.

python -m tests.campaigns.fuzz_files [COUNT] [SEED] [--shard K/N]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.campaigns.asked import Asked, internal_error, ran_on
from tests.support.memory import memory_folder
from tests.support.mutated_files import Ground, Missed, fuzz_one, prepare

COUNT = 100_000
SHOWN = 20
"""So many failures are told in full."""


def run(ground: Ground, asked: Asked) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Outcomes of each kind of file, and every failure with the number that repeats it."""
    outcomes: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    for number in asked.numbers:
        try:
            outcomes[fuzz_one(ground, asked.chance(number))] += 1
        except Missed as missed:
            failures.append(f"number {number} of seed {asked.seed}: ACCEPTED: {missed}")
        except Exception as error:
            failures.append(f"number {number} of seed {asked.seed}: {internal_error(error)}")
    return outcomes, failures


def main() -> int:
    """Run the campaign and print the outcomes; returns 1 if anything failed."""
    asked = Asked.of(__doc__ or "", count=COUNT)
    with memory_folder() as folder:
        outcomes, failures = run(prepare(Path(folder)), asked)
    for (kind, outcome), number in sorted(outcomes.items()):
        print(f"{number:7}  {kind}: {outcome}")
    internal = sum("INTERNAL ERROR" in failure for failure in failures)
    print(
        f"{len(asked.numbers)} damaged files: {internal} internal errors, "
        f"{len(failures) - internal} taken as whole although their content had changed"
    )
    print(ran_on(asked))
    print("\n".join(failures[:SHOWN]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
