"""What the checks ask of the supervisor's memory."""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety.situation import Situation
from tests.unit.controller.builders import health, reading
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


def situation(**seen: Any) -> Situation:
    return Situation(CERVICAL_LIMITS, reading(**seen), 100.0)


def test_what_is_not_measured_is_no_difference_no_speed_and_no_share() -> None:
    for one_channel in ({"second_force_n": None}, {"force_n": None, "second_force_n": 40.0}):
        assert situation(**one_channel).apart_n == 0.0
    assert situation(force_n=None).may_be_apart_n == CERVICAL_LIMITS.disagree_n
    assert situation(speed_mm_per_s=None).speed_mm_per_s == 0.0


def test_before_the_first_tick_nothing_is_ordered_and_nothing_was_missed() -> None:
    now = situation()
    assert (now.wanted_n, now.ceiling_n) == (0.0, 0.0)
    assert not (now.following or now.taking_up_slack or now.missed or now.was_taut)
    assert (now.sent_before_reading, now.missed_in_a_row) == (0, 0)


@pytest.mark.parametrize("first_n", [80.0, 120.0])
def test_the_first_excursion_from_an_order_is_no_change_of_sides(first_n: float) -> None:
    now = situation(force_n=100.0)
    for tick, force_n in enumerate((first_n, 200.0 - first_n), start=1):
        now.take(
            reading(force_n=force_n),
            wanted_force_n=100.0,
            ceiling_n=150.0,
            following=True,
            taking_up_slack=False,
            health=health(),
            now_s=100.0 + 0.05 * tick,
        )
        assert now.swings.count(now.now_s) == tick - 1
