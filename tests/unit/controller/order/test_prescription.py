"""What an order may say."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Mode, Region, Table
from tests.unit.controller.builders import prescription

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"hold_force_n": 200.1}, "hold_force", "200"),
    ({"hold_force_n": 9.9, "rest_force_n": 0.0, "pretension_force_n": 0.0}, "hold_force", "10"),
    ({"rest_force_n": 91.9}, "rest_force", "91.8"),
    ({"hold_force_n": 50.0, "rest_force_n": 40.1}, "rest_force", "40"),
    ({"maximum_force_n": 101.9}, "maximum_force", "102"),
    ({"maximum_force_n": 200.1}, "maximum_force", "200"),
    ({"pretension_force_n": 50.1}, "pretension_force", "50"),
    ({"ramp_up_n_per_s": 20.1}, "ramp_up", "20"),
    ({"ramp_up_n_per_s": 1.9, "ramp_down_n_per_s": 2.0}, "ramp_up", "2"),
    ({"ramp_down_n_per_s": 20.1}, "ramp_down", "20"),
    ({"hold_s": 99.1}, "hold_time", "99"),
    ({"rest_s": 99.1}, "rest_time", "99"),
    ({"hold_s": 5.0}, "hold_time", "5.1"),
    ({"rest_s": 2.5}, "rest_time", "2.5"),
    ({"treatment_s": 59.9}, "treatment_time", "60"),
    ({"treatment_s": 5940.1}, "treatment_time", "5940"),
    ({"body_mass_kg": 1.0}, "body_mass", "2"),
    ({"mode": Mode.STATIC}, "rest_force", "intermittent"),
]


@pytest.mark.parametrize(("changes", "key", "limit"), REFUSED)
def test_refusal_names_key_and_limit(changes: dict[str, Any], key: str, limit: str) -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        prescription(**changes)
    assert key in refused.value.message
    assert limit in refused.value.message


@pytest.mark.parametrize(
    "changes",
    [
        {"hold_force_n": 200.0, "hold_s": 99.0},
        {"rest_force_n": 91.8},
        {"maximum_force_n": 200.0},
        {"ramp_down_n_per_s": 2.0, "rest_s": 99.0},
        {"treatment_s": 60.0},
        {"treatment_s": 5940.0},
    ],
)
def test_values_on_the_limit_are_accepted(changes: dict[str, Any]) -> None:
    order = prescription(**changes)
    assert all(getattr(order, name) == value for name, value in changes.items())


def test_soft_limit_follows_body_weight_in_the_lumbar_region() -> None:
    lumbar = {
        "region": Region.LUMBAR,
        "hold_force_n": 200.0,
        "rest_force_n": 100.0,
        "ramp_up_n_per_s": 30.0,
        "ramp_down_n_per_s": 60.0,
    }
    split = lumbar | {"table": Table.SPLIT}
    assert prescription(**split).soft_limit_n == 294.0
    assert prescription(**split, body_mass_kg=70.0).soft_limit_n == pytest.approx(411.88, abs=0.01)
    assert prescription(table=Table.SLIDING).soft_limit_n == 176.5
    # A friction table, and one of which the order says nothing (row 44).
    for table in (None, Table.ONE_PIECE):
        light, heavy = (
            prescription(**lumbar, table=table, body_mass_kg=mass) for mass in (25.0, 70.0)
        )
        assert heavy.soft_limit_n == prescription(**lumbar, table=table).soft_limit_n == 200.0
        assert light.soft_limit_n == pytest.approx(147.1, abs=0.01)
    for table in (None, Table.FLAT):
        assert prescription(table=table).soft_limit_n == 102.3


LUMBAR = {
    "region": Region.LUMBAR,
    "rest_force_n": 100.0,
    "ramp_up_n_per_s": 30.0,
    "ramp_down_n_per_s": 60.0,
}


@pytest.mark.parametrize(
    ("most_n", "dose"),
    [
        (176.5, {"table": Table.FLAT}),
        (294.0, LUMBAR | {"table": Table.ONE_PIECE}),
        (294.0, LUMBAR | {"table": Table.ONE_PIECE, "body_mass_kg": 100.0}),
    ],
)
def test_a_friction_table_has_a_lower_hard_limit_that_nobody_can_confirm(
    most_n: float, dose: dict[str, Any]
) -> None:
    assert prescription(hold_force_n=most_n, **dose).force_limit_n == most_n
    for changes in ({"hold_force_n": most_n + 0.1}, {"maximum_force_n": most_n + 0.1}):
        with pytest.raises(PrescriptionInvalid, match=f"{most_n:g} N .*, friction table"):
            prescription(**{"hold_force_n": most_n} | changes, **dose)


def test_an_order_without_a_table_stays_valid_and_is_asked_about_above_that_limit() -> None:
    """Orders from before the key say nothing; 400 N on a split table is what they may mean."""
    assert prescription(hold_force_n=294.0, **LUMBAR).table_is_asked is False
    assert prescription(hold_force_n=294.0, maximum_force_n=294.1, **LUMBAR).table_is_asked
    assert prescription(table=Table.SLIDING).table_is_asked
    assert not prescription(table=Table.FLAT).table_is_asked
    assert prescription(hold_force_n=400.0, **LUMBAR).friction_table


TABLES = [
    (None, "friction table (the order does not say which)"),
    (Table.FLAT, "friction table (flat)"),
    (Table.SLIDING, "sliding table"),
]


@pytest.mark.parametrize(("table", "words"), TABLES)
def test_a_table_that_does_not_move_is_called_a_friction_table(
    table: Table | None, words: str
) -> None:
    assert prescription(table=table).table_text == words


def test_a_table_belongs_to_its_region() -> None:
    with pytest.raises(PrescriptionInvalid, match=r'table="split".*"sliding", "flat"'):
        prescription(table=Table.SPLIT)


def test_force_limit_is_the_hold_force_unless_the_order_allows_more() -> None:
    assert prescription().force_limit_n == 102.0
    assert prescription(maximum_force_n=120.0).force_limit_n == 120.0
