"""`make campaign-fuzz-wire`: damaged answers on RTU, TCP and text; none may be taken for another.

python -m tests.campaigns.fuzz_wire [COUNT] [SEED] [--shard K/N]
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace

from tests.campaigns.asked import Asked, internal_error, ran_on
from tests.support.mutated_frames import KINDS, NEW_LINE_AFTER, FuzzedWire, Missed

COUNT = 2_000_000
SHOWN = 20
"""So many failures are told in full."""


def run(asked: Asked) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Outcomes of each kind of line, and every failure with the number that repeats it.

    A number is one line with ``NEW_LINE_AFTER`` damaged answers in a row.
    """
    outcomes: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    for number in replace(asked, count=-(-asked.count // NEW_LINE_AFTER)).numbers:
        source = asked.chance(number)
        wire = FuzzedWire(KINDS[number % len(KINDS)])
        for _ in range(min(NEW_LINE_AFTER, asked.count - number * NEW_LINE_AFTER)):
            try:
                outcomes[wire.kind, wire.damaged(source)] += 1
            except Missed as missed:
                failures.append(f"line {number} of seed {asked.seed}: WRONG: {missed}")
            except Exception as error:
                failures.append(f"line {number} of seed {asked.seed}: {internal_error(error)}")
    return outcomes, failures


def main() -> int:
    """Run the campaign and print the outcomes; returns 1 if anything failed."""
    asked = Asked.of(__doc__ or "", count=COUNT)
    outcomes, failures = run(asked)
    for (kind, outcome), number in sorted(outcomes.items()):
        print(f"{number:8}  {kind}: {outcome}")
    internal = sum("INTERNAL ERROR" in failure for failure in failures)
    print(
        f"{outcomes.total() + len(failures)} damaged answers: {internal} internal errors, "
        f"{len(failures) - internal} wrong values or lines that did not recover"
    )
    print(ran_on(asked))
    print("\n".join(failures[:SHOWN]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
