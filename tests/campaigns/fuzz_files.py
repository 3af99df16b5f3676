"""`make campaign-fuzz`: damaged files of every kind, none of which may break a reader or pass.

python -m tests.campaigns.fuzz_files [COUNT] [SEED]
"""

from __future__ import annotations

import random
import sys
import traceback
from collections import Counter
from pathlib import Path

from tests.support.memory import memory_folder
from tests.support.mutated_files import Ground, Missed, fuzz_one, prepare

COUNT = 100_000
SHOWN = 20
"""So many failures are told in full."""


def run(ground: Ground, count: int, seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each kind of file ended how, and every failure with the number that repeats it."""
    outcomes: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    for number in range(count):
        source = random.Random(seed * 1_000_003 + number)
        try:
            outcomes[fuzz_one(ground, source)] += 1
        except Missed as missed:
            failures.append(f"number {number} of seed {seed}: ACCEPTED: {missed}")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            failures.append(
                f"number {number} of seed {seed}: INTERNAL ERROR: {type(error).__name__}: "
                f"{str(error)[:200]} ({where.filename}:{where.lineno})"
            )
    return outcomes, failures


def main() -> int:
    """Run the campaign and print the outcomes; 1 when anything failed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with memory_folder() as folder:
        outcomes, failures = run(prepare(Path(folder)), count, seed)
    for (kind, outcome), number in sorted(outcomes.items()):
        print(f"{number:7}  {kind}: {outcome}")
    internal = sum("INTERNAL ERROR" in failure for failure in failures)
    print(
        f"{count} damaged files: {internal} internal errors, {len(failures) - internal} taken as "
        "whole although their content had changed"
    )
    print("\n".join(failures[:SHOWN]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
