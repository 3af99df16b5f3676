"""What the checks ask of the supervisor's memory."""

from __future__ import annotations

import pytest

from controller.safety.situation import Situation
from tests.unit.controller.builders import reading
from tests.unit.controller.safety.bench import CERVICAL_LIMITS


@pytest.mark.parametrize(
    ("first_n", "second_n", "largest_n"),
    [
        (None, None, None),
        (40.0, None, 40.0),
        (None, 41.0, 41.0),
        (40.0, 41.0, 41.0),
        (42.0, 41.0, 42.0),
        (-3.0, -2.0, -2.0),
        (0.0, None, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_the_largest_force_is_that_of_the_channels_that_can_be_believed(
    first_n: float | None, second_n: float | None, largest_n: float | None
) -> None:
    seen = reading(force_n=first_n, second_force_n=second_n)
    assert Situation(CERVICAL_LIMITS, seen, 100.0).largest_force_n == largest_n
