"""What the checks ask of the supervisor's memory."""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety.situation import Situation, Stage
from controller.telemetry import CommandKind, ForceCommand, Telemetry
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
    assert made(seen).largest_force_n == largest_n


def made(first: Telemetry) -> Situation:
    return Situation(CERVICAL_LIMITS, first, 100.0, release_rate_n_per_s=20.0)


def situation(**seen: Any) -> Situation:
    return made(reading(**seen))


def test_what_is_not_measured_is_never_a_number() -> None:
    for one_channel in ({"second_force_n": None}, {"force_n": None, "second_force_n": 40.0}):
        assert situation(**one_channel).apart_n is None
    assert situation(force_n=None).may_be_apart_n == CERVICAL_LIMITS.disagree_n
    unknown = situation(force_n=None, extension_mm=None, setpoint_in_effect_n=None)
    assert unknown.pull_mm is None
    assert unknown.fallen_from_n is None
    assert unknown.unexplained_fall_n is None
    assert unknown.unordered_rise_n is None
    assert unknown.slipped_mm_per_s is None
    assert unknown.above_set_point_n is None
    assert unknown.below_set_point_n is None
    assert unknown.may_stray_n == CERVICAL_LIMITS.track_n
    assert unknown.force_is_on


def test_before_the_first_tick_nothing_is_ordered_and_nothing_was_missed() -> None:
    now = situation(force_n=2.0)
    assert (now.orders.force_n, now.orders.ceiling_n) == (0.0, CERVICAL_LIMITS.force_n)
    assert now.orders.released is None
    assert not (now.orders.follows or now.missed or now.was_taut or now.free)
    assert now.taking_up_slack
    assert now.link.sent_before_reading == 0
    assert now.stage is Stage.PULLING


@pytest.mark.parametrize("first_n", [80.0, 120.0])
def test_the_first_excursion_from_an_order_is_no_change_of_sides(first_n: float) -> None:
    now = situation(force_n=100.0)
    for tick, force_n in enumerate((first_n, 200.0 - first_n), start=1):
        now.take(
            reading(force_n=force_n),
            sent=ForceCommand(kind=CommandKind.FOLLOW, force_n=100.0, ceiling_n=150.0),
            health=health(),
            now_s=100.0 + 0.05 * tick,
        )
        assert now.swings.count(now.now_s) == tick - 1
