"""What was ordered, and what of it explains a set-point or a force now."""

from __future__ import annotations

import pytest

from controller.safety.limits import SafetyLimits
from controller.safety.order_memory import (
    ORDER_MEMORY_S,
    RELEASE_LAG_S,
    RISE_WINDOW_S,
    OrderMemory,
)
from controller.telemetry import CommandKind, ForceCommand

LIMITS = SafetyLimits().narrowed(force_n=300.0)


def made() -> OrderMemory:
    return OrderMemory(LIMITS, 100.0, release_rate_n_per_s=20.0)


def follow(force_n: float, ceiling_n: float = 300.0) -> ForceCommand:
    return ForceCommand(kind=CommandKind.FOLLOW, force_n=force_n, ceiling_n=ceiling_n)


@pytest.mark.parametrize("low_counts", [True, False])
def test_before_the_first_order_no_set_point_is_far_from_the_orders(low_counts: bool) -> None:
    assert made().distance_n(50.0, low_counts=low_counts) == 0.0


def test_before_the_first_order_nothing_was_ordered_for_any_time() -> None:
    orders = made()
    assert (orders.rise_n, orders.recent_highest_n) == (0.0, 0.0)
    assert (orders.dwell_s, orders.unchanged_s, orders.fast_for_s) == (0.0, 0.0, 0.0)
    assert orders.may_be_left_n(101.0) is None


@pytest.mark.parametrize(
    ("set_point_n", "low_counts", "distance_n"),
    [
        (49.0, True, 1.0),
        (49.0, False, 0.0),
        (50.0, True, 0.0),
        (60.0, True, 0.0),
        (70.0, True, 0.0),
        (70.5, True, 0.5),
        (70.5, False, 0.5),
    ],
)
def test_a_set_point_is_near_where_it_is_between_the_orders(
    set_point_n: float, low_counts: bool, distance_n: float
) -> None:
    orders = made()
    orders.take(follow(50.0), 100.05, 49.0)
    orders.take(follow(70.0), 100.1, 50.0)
    assert orders.distance_n(set_point_n, low_counts=low_counts) == distance_n


HOLD, RELEASE = CommandKind.HOLD, CommandKind.RELEASE
FAST, CUT, OBSERVE = CommandKind.RELEASE_FAST, CommandKind.CUT_POWER, CommandKind.OBSERVE


def test_a_hold_orders_its_force_as_a_pull_does_and_nothing_else_orders_any() -> None:
    for kind in (CommandKind.FOLLOW, HOLD):
        orders = made()
        assert orders.take(ForceCommand(kind=kind, force_n=60.0, ceiling_n=90.0), 100.05, 0.0)
        assert (orders.force_n, orders.ceiling_n) == (60.0, 90.0)
        assert orders.follows is (kind is CommandKind.FOLLOW)
        assert orders.take(ForceCommand(kind=OBSERVE), 100.1, 60.0)
        assert (orders.force_n, orders.ceiling_n, orders.follows) == (0.0, 90.0, False)


@pytest.mark.parametrize(
    ("kind", "ceiling_n", "kept_n"),
    [
        (CommandKind.FOLLOW, 0.0, 300.0),
        (CommandKind.FOLLOW, 0.5, 0.5),
        (HOLD, 301.0, 300.0),
        (CommandKind.FOLLOW, 120.0, 120.0),
        (RELEASE, 120.0, 300.0),
        (OBSERVE, 120.0, 300.0),
    ],
)
def test_a_pull_sets_the_ceiling_within_the_limit(
    kind: CommandKind, ceiling_n: float, kept_n: float
) -> None:
    orders = made()
    orders.take(ForceCommand(kind=kind, force_n=50.0, ceiling_n=ceiling_n), 100.05, 0.0)
    assert orders.ceiling_n == kept_n


def test_the_same_order_again_is_no_change_and_another_one_is() -> None:
    orders = made()
    assert orders.take(follow(50.0), 100.05, 0.0)
    assert not orders.take(follow(50.0, 200.0), 100.1, 0.0)
    assert orders.unchanged_s == 0.05
    assert not orders.take(ForceCommand(kind=HOLD, force_n=50.0), 100.2, 0.0)
    assert (orders.unchanged_s, orders.dwell_s) == (0.0, 0.0), "to hold is another order"
    assert not orders.take(follow(50.0), 100.4, 0.0)
    assert (orders.unchanged_s, orders.dwell_s) == (0.0, 0.0)
    assert orders.take(follow(50.1), 100.5, 0.0)
    assert not orders.take(follow(50.1), 100.75, 0.0)
    assert (orders.unchanged_s, orders.dwell_s) == (0.25, 0.25)


@pytest.mark.parametrize(
    ("command", "dwells"),
    [
        (follow(0.5), True),
        (follow(0.0), False),
        (ForceCommand(kind=HOLD), True),
        (ForceCommand(kind=OBSERVE), False),
        (ForceCommand(kind=RELEASE), False),
    ],
)
def test_only_a_pull_and_a_held_position_dwell(command: ForceCommand, dwells: bool) -> None:
    orders = made()
    orders.take(command, 100.0, 0.0)
    orders.take(command, 100.5, 0.0)
    assert orders.unchanged_s == 0.5
    assert orders.dwell_s == (0.5 if dwells else 0.0)


def test_the_rise_and_the_highest_order_are_those_of_half_a_second() -> None:
    orders = made()
    for tick, force_n in enumerate([40.0, 50.0, 45.0]):
        orders.take(follow(force_n), 100.0 + 0.2 * tick, 0.0)
    assert (orders.rise_n, orders.recent_highest_n) == (5.0, 50.0)
    orders.take(follow(45.0), 100.71, 0.0)
    assert (orders.rise_n, orders.recent_highest_n) == (0.0, 50.0)
    orders.take(follow(45.0), 100.91, 0.0)
    assert orders.recent_highest_n == 45.0


def test_orders_explain_a_set_point_for_5_s() -> None:
    orders = made()
    orders.take(follow(80.0), 100.0, 0.0)
    orders.take(follow(40.0), 100.05, 0.0)
    orders.take(follow(40.0), 105.0, 0.0)
    assert orders.distance_n(80.0, low_counts=True) == 0.0
    orders.take(follow(40.0), 105.06, 0.0)
    assert orders.distance_n(80.0, low_counts=True) == 40.0


# --- the release ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_n", "trip_n"),
    [(None, 330.0), (-8.0, 10.0), (0.0, 10.0), (0.5, 10.5), (50.0, 60.0), (200.0, 220.0)],
)
def test_a_release_trips_above_what_it_began_with(from_n: float | None, trip_n: float) -> None:
    orders = made()
    orders.take(ForceCommand(kind=RELEASE), 100.05, from_n)
    assert orders.release_trip_n == pytest.approx(trip_n)


@pytest.mark.parametrize(
    ("since_s", "left_n"),
    [
        (0.0, 210.0),
        (1.0, 210.0),
        (1.05, 209.0),
        (2.0, 190.0),
        (5.5, 120.0),
        (10.0, 30.0),
        (10.5, 20.0),
        (11.0, 20.0),
        (60.0, 20.0),
    ],
)
def test_a_release_at_20_n_per_s_may_lag_by_a_second_and_10_n(
    since_s: float, left_n: float
) -> None:
    orders = made()
    orders.take(ForceCommand(kind=RELEASE), 100.0, 200.0)
    assert orders.may_be_left_n(100.0 + since_s) == pytest.approx(left_n)


def test_of_a_high_force_a_twentieth_more_may_be_left() -> None:
    orders = made()
    orders.take(ForceCommand(kind=RELEASE), 100.0, 300.0)
    assert orders.may_be_left_n(101.0) == 315.0


@pytest.mark.parametrize(("kind", "from_n"), [(RELEASE, None), (FAST, 100.0), (CUT, 100.0)])
def test_where_no_ramp_was_ordered_or_begun_nothing_is_owed(
    kind: CommandKind, from_n: float | None
) -> None:
    orders = made()
    orders.take(ForceCommand(kind=kind), 100.0, from_n)
    assert orders.may_be_left_n(101.0) is None


def test_a_release_can_only_become_stronger_and_begins_where_the_first_one_did() -> None:
    orders = made()
    orders.take(ForceCommand(kind=RELEASE), 100.0, 100.0)
    orders.take(ForceCommand(kind=RELEASE), 101.0, 90.0)
    assert (orders.released, orders.fast_for_s) == (RELEASE, 0.0)
    assert orders.release_trip_n == 110.0
    orders.take(ForceCommand(kind=FAST), 102.0, 80.0)
    orders.take(ForceCommand(kind=FAST), 102.5, 70.0)
    assert (orders.released, orders.fast_for_s, orders.release_trip_n) == (FAST, 0.5, 110.0)
    orders.take(ForceCommand(kind=RELEASE), 103.0, 60.0)
    assert (orders.released, orders.fast_for_s) == (FAST, 1.0)
    orders.take(ForceCommand(kind=CUT), 103.5, 50.0)
    orders.take(ForceCommand(kind=FAST), 103.75, 40.0)
    assert (orders.released, orders.fast_for_s) == (CUT, 0.25)


def test_how_long_orders_count_and_a_release_may_lag() -> None:
    assert (ORDER_MEMORY_S, RISE_WINDOW_S, RELEASE_LAG_S) == (5.0, 0.5, 1.0)


@pytest.mark.parametrize("kind", [OBSERVE, RELEASE, FAST, CUT])
def test_a_force_beside_a_command_that_does_not_pull_is_no_order(kind: CommandKind) -> None:
    orders = made()
    orders.take(follow(50.0), 100.0, 0.0)
    orders.take(ForceCommand(kind=kind, force_n=50.0, ceiling_n=60.0), 100.05, 0.0)
    assert (orders.force_n, orders.ceiling_n, orders.dwell_s) == (0.0, 300.0, 0.0)


def test_without_a_release_none_has_been_fast_for_any_time() -> None:
    orders = made()
    orders.take(follow(50.0), 105.0, 0.0)
    assert orders.fast_for_s == 0.0


def test_behind_the_ramp_nothing_but_the_margin_may_be_left() -> None:
    """Seen with a smaller free force than the session's, whose 20 N count beside the margin."""
    limits = LIMITS.narrowed(free_n=5.0)
    orders = OrderMemory(limits, 100.0, release_rate_n_per_s=20.0)
    orders.take(ForceCommand(kind=RELEASE), 100.0, 200.0)
    assert orders.may_be_left_n(111.0) == limits.slow_release_n
    assert orders.may_be_left_n(160.0) == limits.slow_release_n
