"""What an ending says where nothing else was said."""

from __future__ import annotations

from controller.events import Outcome
from controller.session.inputs_and_effects import Ending


def test_an_ending_claims_neither_a_hold_nor_a_release_by_itself() -> None:
    ending = Ending(outcome=Outcome.REFUSED, reason="nothing was armed")
    assert (ending.reached_holding, ending.release_seen) == (False, False)
