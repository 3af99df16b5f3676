"""A short run of `make campaign-fuzz-wire`: no damaged answer is taken for another."""

from __future__ import annotations

from tests.campaigns.asked import Asked
from tests.campaigns.fuzz_wire import run
from tests.support.mutated_frames import KINDS

COUNT = 20_000


def test_no_damaged_answer_is_taken_for_another() -> None:
    outcomes, failures = run(Asked(count=COUNT, seed=7))
    assert failures == []
    assert outcomes.total() == COUNT
    for kind in KINDS:
        taken = sum(number for key, number in outcomes.items() if key == (kind, "taken"))
        refused = sum(
            number for key, number in outcomes.items() if key[0] == kind and "refused" in key[1]
        )
        assert taken > 100, f"{kind}: sound answers behind all the damage"
        assert refused > 1000, f"{kind}: the damage is seen"
