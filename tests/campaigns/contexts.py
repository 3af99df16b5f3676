"""Random claim contexts: what the rules call ready is written, and what is refused they said first.

The long form of the law in tests/unit/records/exports/test_ready.py, over the same contexts: whole
claims of one and two payers with parts taken out and texts of every kind. The PDF inside of
messages, which is refused in no case, is not drawn here.

python -m tests.campaigns.contexts [count] [first seed]
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random
from unittest.mock import patch

from records.exports import formats
from tests.support.random_contexts import law_of, random_context

COUNT = 10_000
REFUSED, WRITTEN, NO_CLAIM = "refused, and said first", "written", "that no claim can hold"
ENDS = {(NO_CLAIM, 0), (REFUSED, 1), (REFUSED, 2), (WRITTEN, 1), (WRITTEN, 2)}
"""Each way in which a context ends, with the number of payers."""


def main(count: int = COUNT, first_seed: int = 0) -> int:
    """Check ``count`` contexts, each of its own seed; returns the exit status."""
    ended: Counter[tuple[str, int]] = Counter()
    faults = []
    with patch.object(formats, "_pdf", lambda visit, choices: b"%PDF-1.7"):
        for seed in range(first_seed, first_seed + count):
            try:
                ended[how_it_ends(seed)] += 1
            except AssertionError as error:
                faults.append(f"seed {seed}: {error}")
    for (how, payers), number in sorted(ended.items()):
        print(f"{number:>6} {how}" + (f", {payers} payers" if payers == 2 else ""))
    print(f"{count} contexts, {len(faults)} faults")
    print("\n".join(faults[:20]))
    return 1 if faults else 0


def how_it_ends(seed: int) -> tuple[str, int]:
    """How a context ended, and how many payers it names; raises if the law does not hold."""
    context = random_context(Random(seed))
    if context is None:
        return NO_CLAIM, 0
    return REFUSED if law_of(context) else WRITTEN, 2 if context.other_payer else 1


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:3])))
