"""Random claim contexts: what the rules call ready is written, and what is refused they said first.

The long form of the law in tests/unit/records/exports/test_ready.py, over the same contexts: whole
claims of one and two payers with parts taken out and texts of every kind. The PDF inside of
messages, which is refused in no case, is not drawn here.

python -m tests.campaigns.contexts [count] [seed]
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings

from records.claim.context import ClaimContext
from records.exports import formats
from tests.support.random_contexts import contexts, law_of

COUNT = 10_000


@dataclass(slots=True, kw_only=True)
class Tally:
    """How many contexts ended in which way."""

    ended: Counter[str] = field(default_factory=Counter)
    two_payers: int = 0

    def look(self, context: ClaimContext | None) -> None:
        """The law over one context; raises AssertionError where it does not hold."""
        if context is None:
            self.ended["no claim can hold it"] += 1
            return
        self.two_payers += context.other_payer is not None
        self.ended["refused, and said first" if law_of(context) else "written"] += 1


def main(count: int = COUNT, start: int = 1) -> int:
    """Look at ``count`` contexts; returns the exit status."""
    tally = Tally()
    chosen = settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    law = seed(start)(chosen(given(contexts())(tally.look)))
    with patch.object(formats, "_pdf", lambda visit, choices: b"%PDF-1.7"):
        try:
            law()
        except AssertionError as error:
            print(f"the law does not hold: {error}")
            return 1
    parts = ", ".join(f"{number} {name}" for name, number in tally.ended.most_common())
    print(f"{tally.ended.total()} contexts, {tally.two_payers} of two payers: {parts}; 0 faults")
    return 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:3])))
