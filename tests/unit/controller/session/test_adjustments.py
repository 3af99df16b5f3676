"""The rules of a live change: each limit one step below, at it and above it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from controller.errors import RequestRefused
from controller.order.planner import OrderedForces, ordered_forces
from controller.order.prescription import Prescription
from controller.requests import AdjustedForce, AdjustForce
from controller.session.adjustments import applied, changes_for, largest_increase_n
from tests.unit.controller.builders import prescription
from tests.unit.controller.session.machine_bench import STATIC

REST = AdjustedForce.REST


def adjusted(
    order: Prescription, change_n: float, force: AdjustedForce = AdjustedForce.HOLD, **more: Any
) -> OrderedForces:
    request = AdjustForce(by="P. Jones", change_n=change_n, reason="tried", force=force)
    forces = more.pop("forces", ordered_forces(order))
    return applied(forces, changes_for(order, forces, request, **more))


@pytest.mark.parametrize(
    ("hold_n", "allowed_n", "refused_n"),
    [(60.0, 6.0, 6.1), (100.0, 10.0, 10.1), (150.0, 10.0, 10.1)],
)
def test_an_increase_is_at_most_the_smaller_of_10_percent_and_10_n(
    hold_n: float, allowed_n: float, refused_n: float
) -> None:
    order = prescription(hold_force_n=hold_n, rest_force_n=20.0, maximum_force_n=200.0)
    assert adjusted(order, allowed_n).hold_n == hold_n + allowed_n
    with pytest.raises(RequestRefused, match=f"exceeds {allowed_n:.1f} N"):
        adjusted(order, refused_n)


def test_increases_are_2_s_apart() -> None:
    order = prescription(maximum_force_n=150.0)
    assert adjusted(order, 1.0, since_increase_s=2.0).hold_n == 103.0
    with pytest.raises(RequestRefused, match=r"1\.9 s ago; wait 2 s"):
        adjusted(order, 1.0, since_increase_s=1.94)
    assert adjusted(order, -1.0, since_increase_s=0.0).hold_n == 101.0


def test_the_order_s_maximum_is_the_end() -> None:
    order = prescription(maximum_force_n=105.0)
    assert adjusted(order, 3.0).hold_n == 105.0
    with pytest.raises(RequestRefused, match=r"105\.1 N exceeds maximum_force=105 N"):
        adjusted(order, 3.1)
    with pytest.raises(RequestRefused, match="the order has no maximum_force"):
        adjusted(prescription(), 0.1)


def test_an_increase_needs_a_reason_and_a_decrease_does_not() -> None:
    order = prescription(maximum_force_n=120.0)
    request = AdjustForce(by="P. Jones", change_n=1.0, reason=" ")
    with pytest.raises(RequestRefused, match="needs a reason"):
        changes_for(order, ordered_forces(order), request)
    less = AdjustForce(by="P. Jones", change_n=-1.0)
    assert changes_for(order, ordered_forces(order), less)[0].new_n == 101.0


def test_a_decrease_is_cut_at_the_least_force_and_takes_the_rest_force_with_it() -> None:
    order = prescription()
    assert adjusted(order, -40.0) == OrderedForces(hold_n=62.0, rest_n=51.0)
    assert adjusted(order, -45.0) == OrderedForces(hold_n=57.0, rest_n=47.0)
    assert adjusted(order, -500.0) == OrderedForces(hold_n=10.0, rest_n=0.0)
    with pytest.raises(RequestRefused, match="end the session"):
        adjusted(order, -1.0, forces=OrderedForces(hold_n=10.0, rest_n=0.0))


def test_the_rest_force_stays_below_the_hold_force() -> None:
    order = prescription(rest_force_n=88.0, hold_s=60.0)
    assert adjusted(order, 3.8, REST).rest_n == 91.8
    with pytest.raises(RequestRefused, match=r"exceeds 91\.8 N"):
        adjusted(order, 3.9, REST)
    assert adjusted(order, -100.0, REST).rest_n == 0.0


def test_a_rest_force_that_is_far_enough_below_stays_where_it_is() -> None:
    order = prescription(hold_force_n=100.0, rest_force_n=80.0, hold_s=60.0)
    assert adjusted(order, -10.0) == OrderedForces(hold_n=90.0, rest_n=80.0)
    request = AdjustForce(by="P. Jones", change_n=-10.1)
    hold, rest = changes_for(order, ordered_forces(order), request)
    assert (hold.new_n, rest.old_n, rest.new_n) == (89.9, 80.0, 79.9)
    assert rest.reason == "follows the hold force of 89.9 N"


def test_a_rest_force_of_exactly_what_is_allowed_is_no_further_change() -> None:
    order = prescription(hold_force_n=100.0, rest_force_n=80.0, hold_s=60.0)
    request = AdjustForce(by="P. Jones", change_n=-10.0)
    assert len(changes_for(order, ordered_forces(order), request)) == 1


def test_the_rest_force_follows_in_tenths_whatever_binary_makes_of_the_difference() -> None:
    # 10.2 - 10 is 0.1999... in binary.
    order = prescription(
        hold_force_n=12.0, rest_force_n=2.0, pretension_force_n=0.0, maximum_force_n=20.0
    )
    assert adjusted(order, -1.8) == OrderedForces(hold_n=10.2, rest_n=0.2)
    order = prescription(hold_force_n=12.1, rest_force_n=2.0, pretension_force_n=0.0)
    assert adjusted(order, 0.1, REST).rest_n == 2.1


def test_limits_that_come_from_pounds_may_miss_by_a_rounding_error() -> None:
    order = prescription(maximum_force_n=105.0 - 5e-7)
    assert adjusted(order, 3.0).hold_n == 105.0
    order = prescription(hold_force_n=150.0, maximum_force_n=170.0)
    assert adjusted(order, 10.0 + 5e-7).hold_n == 160.0


def test_forces_change_by_tenths_of_a_newton() -> None:
    order = prescription(maximum_force_n=120.0)
    assert adjusted(order, 1.26).hold_n == 103.3
    assert adjusted(order, -1.26).hold_n == 100.7
    with pytest.raises(RequestRefused, match="stays at 102 N"):
        adjusted(order, -0.04)


def test_a_change_of_nothing_needs_no_reason_to_be_refused() -> None:
    order = prescription(maximum_force_n=120.0)
    request = AdjustForce(by="P. Jones", change_n=0.0)
    with pytest.raises(RequestRefused, match="stays at 102 N"):
        changes_for(order, ordered_forces(order), request)


def test_a_static_treatment_is_increased_without_regard_to_a_cycle() -> None:
    order = prescription(**STATIC, maximum_force_n=110.0)
    assert adjusted(order, 8.0).hold_n == 110.0


def test_a_static_treatment_has_no_rest_force_to_change() -> None:
    with pytest.raises(RequestRefused, match="static treatment has no rest force"):
        adjusted(prescription(**STATIC), -1.0, REST)


def test_an_increase_whose_ramp_does_not_fit_any_more_is_refused() -> None:
    order = prescription(hold_s=9.0, rest_s=9.0, rest_force_n=12.0, maximum_force_n=120.0)
    with pytest.raises(RequestRefused, match=r"ramp up would take 9\.5 s"):
        adjusted(order, 5.0)


def test_a_ramp_that_takes_all_of_its_part_still_fits() -> None:
    order = prescription(
        hold_force_n=98.0, rest_force_n=11.0, hold_s=9.0, rest_s=9.0, maximum_force_n=120.0
    )
    assert adjusted(order, 3.0).hold_n == 101.0
    with pytest.raises(RequestRefused, match="ramp up would take"):
        adjusted(order, 3.1)
    assert adjusted(order, 1.0, REST).rest_n == 12.0


def test_a_ramp_that_fits_but_for_a_rounding_error_fits() -> None:
    # 61.2 N at 6 N/s take 10.200000000000001 s in binary.
    order = prescription(
        hold_force_n=90.0,
        rest_force_n=30.0,
        hold_s=10.2,
        rest_s=10.2,
        ramp_up_n_per_s=6.0,
        ramp_down_n_per_s=6.0,
        maximum_force_n=120.0,
    )
    assert adjusted(order, 1.2).hold_n == 91.2
    with pytest.raises(RequestRefused, match="ramp up would take"):
        adjusted(order, 1.3)


def test_a_static_order_has_no_rest_force_that_could_follow() -> None:
    forces = OrderedForces(hold_n=100.0, rest_n=60.0)
    request = AdjustForce(by="P. Jones", change_n=-80.0, reason="", force=AdjustedForce.HOLD)
    changes = changes_for(prescription(**STATIC), forces, request)
    assert [change.force for change in changes] == [AdjustedForce.HOLD]


@pytest.mark.parametrize(
    "order",
    [
        prescription(),
        prescription(maximum_force_n=104.56),
        prescription(maximum_force_n=150.0),
        prescription(hold_force_n=60.0, rest_force_n=20.0, maximum_force_n=200.0),
        prescription(hold_s=4.0, ramp_up_n_per_s=13.1, maximum_force_n=150.0),
        prescription(**STATIC, maximum_force_n=150.0),
    ],
)
def test_the_largest_increase_is_followed_and_a_tenth_more_is_refused(order: Prescription) -> None:
    forces = ordered_forces(order)
    most_n = largest_increase_n(order, forces, since_increase_s=2.0)
    if most_n:
        assert adjusted(order, most_n, since_increase_s=2.0).hold_n == forces.hold_n + most_n
    with pytest.raises(RequestRefused):
        adjusted(order, round(most_n + 0.1, 1), since_increase_s=2.0)


def test_no_increase_is_possible_within_2_s_of_the_last() -> None:
    order = prescription(maximum_force_n=150.0)
    forces = ordered_forces(order)
    assert largest_increase_n(order, forces, since_increase_s=1.94) == 0.0
    assert largest_increase_n(order, forces, since_increase_s=2.0) == 10.0


@pytest.mark.parametrize("change_n", [math.nan, math.inf, -math.inf])
def test_a_change_that_is_no_force_cannot_be_asked_for(change_n: float) -> None:
    with pytest.raises(RequestRefused, match="is not a force"):
        AdjustForce(by="P. Jones", change_n=change_n)
