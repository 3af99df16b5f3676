"""`make campaign-fuzz-wire`: damaged answers on RTU, TCP and text; none may be taken for another.

python -m tests.campaigns.fuzz_wire [COUNT] [SEED]
"""

from __future__ import annotations

import random
import sys
import traceback
from collections import Counter

from tests.support.mutated_frames import KINDS, NEW_LINE_AFTER, FuzzedWire, Missed

COUNT = 2_000_000
SHOWN = 20
"""So many failures are told in full."""


def run(count: int, seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each kind of line ended how, and every failure with the number that repeats it.

    A number is one line with as many damaged answers in a row as ``NEW_LINE_AFTER`` says.
    """
    outcomes: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    for number in range(-(-count // NEW_LINE_AFTER)):
        source = random.Random(seed * 1_000_003 + number)
        wire = FuzzedWire(KINDS[number % len(KINDS)])
        for _ in range(min(NEW_LINE_AFTER, count - number * NEW_LINE_AFTER)):
            try:
                outcomes[wire.kind, wire.damaged(source)] += 1
            except Missed as missed:
                failures.append(f"line {number} of seed {seed}: WRONG: {missed}")
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                failures.append(
                    f"line {number} of seed {seed}: INTERNAL ERROR: {type(error).__name__}: "
                    f"{str(error)[:200]} ({where.filename}:{where.lineno})"
                )
    return outcomes, failures


def main() -> int:
    """Run the campaign and print the outcomes; 1 when anything failed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    outcomes, failures = run(count, seed)
    for (kind, outcome), number in sorted(outcomes.items()):
        print(f"{number:8}  {kind}: {outcome}")
    internal = sum("INTERNAL ERROR" in failure for failure in failures)
    print(
        f"{count} damaged answers: {internal} internal errors, {len(failures) - internal} wrong "
        "values or lines that did not recover"
    )
    print("\n".join(failures[:SHOWN]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
