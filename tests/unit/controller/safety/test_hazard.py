"""What a check returns and what a finding is made of."""

from __future__ import annotations

import math

import pytest

from controller.safety.hazard import ACKNOWLEDGE, UNTIL_FREE, Exceeded, above, hazard, known, seen
from controller.safety.limits import SafetyLimits
from controller.safety.situation import Situation, SupervisedStage
from controller.safety.verdict import Action


@pytest.mark.parametrize(
    ("measured", "exceeded"),
    [(None, None), (1.0, None), (1.1, (1.1, 1.0)), (0.0, None), (-5.0, None)],
)
def test_only_what_is_known_and_above_its_limit_exceeds_it(
    measured: float | None, exceeded: Exceeded
) -> None:
    assert above(measured, 1.0) == exceeded


def test_what_is_no_number_exceeds_every_limit() -> None:
    exceeded = above(math.nan, 1.0)
    assert exceeded is not None
    assert math.isnan(exceeded[0])


def test_a_measure_without_a_number_is_no_finding() -> None:
    assert known(3.0, 2.0) == (3.0, 2.0)
    assert known(0.0, 0.0) == (0.0, 0.0)
    assert known(None, 2.0) is None
    assert known(3.0, None) is None


def test_a_state_is_there_or_not() -> None:
    assert seen(True) == (1.0, 0.0)
    assert seen(False) is None


@pytest.mark.parametrize("action", Action)
def test_a_finding_is_made_of_its_row_and_only_a_warning_clears_by_itself(action: Action) -> None:
    @hazard(7, action, "N", "look")
    def too_much(now: Situation, limits: SafetyLimits) -> Exceeded:
        return None

    assert (too_much.code, too_much.row, too_much.action) == ("too_much", 7, action)
    assert too_much.stages == UNTIL_FREE == {SupervisedStage.PULLING, SupervisedStage.RELEASING}
    finding = too_much.finding(3.0, 2.0)
    assert (finding.hazard, finding.code, finding.action) == (7, "too_much", action)
    assert (finding.measured, finding.limit, finding.unit) == (3.0, 2.0, "N")
    assert finding.clears == ("look" if action is Action.ALLOW else "look" + ACKNOWLEDGE)
