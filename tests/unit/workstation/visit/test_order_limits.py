"""The limits beside the fields of an order are those that the order itself is held to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controller.errors import PrescriptionInvalid
from controller.order.force_unit import ForceUnit
from controller.order.prescription import Mode, Prescription, Region, Table
from records.standing.kinds import PatientRecord, UnitRecord
from tests.support.standing import example, patient
from workstation.visit.order_limits import limits_in_words, most_force_n


def limits(region: Region, lies_on: str = "", hold_n: float | None = 60.0) -> dict[str, str]:
    most = most_force_n(region, lies_on, None, nobody())
    return limits_in_words(region, most, hold_n, ForceUnit.NEWTON)


def nobody(**said: Any) -> PatientRecord:
    return patient(**said)


def bounds(text: str) -> tuple[float, float]:
    low, _, rest = text.partition(" to ")
    return float(low), float(rest.split()[0])


def prescription(region: Region, **said: Any) -> Prescription:
    usual: dict[str, Any] = {
        "region": region,
        "mode": Mode.INTERMITTENT,
        "hold_force_n": 60.0,
        "treatment_s": 600.0,
        "ramp_up_n_per_s": 10.0,
        "ramp_down_n_per_s": 20.0,
        "hold_s": 60.0,
        "rest_s": 30.0,
        "pretension_force_n": 10.0,
    }
    return Prescription(**{**usual, **said})


def fields() -> Iterator[Any]:
    """Region, table, field of the page, key of the prescription, how much of it is one."""
    for region, table in (
        (Region.CERVICAL, None),
        (Region.CERVICAL, Table.FLAT),
        (Region.CERVICAL, Table.SLIDING),
        (Region.LUMBAR, None),
        (Region.LUMBAR, Table.ONE_PIECE),
    ):
        for field, key, size in (
            ("maximum_force", "maximum_force_n", 1.0),
            ("rest_force", "rest_force_n", 1.0),
            ("pretension_force", "pretension_force_n", 1.0),
            ("ramp_up", "ramp_up_n_per_s", 1.0),
            ("treatment_time", "treatment_s", 60.0),
            ("hold_time", "hold_s", 1.0),
            ("rest_time", "rest_s", 1.0),
            ("pretension_time", "pretension_s", 1.0),
            ("body_mass", "body_mass_kg", 1.0),
        ):
            name = f"{region.value}-{table.value if table else 'none'}-{field}"
            yield pytest.param(region, table, (field, key, size), id=name)


@pytest.mark.parametrize(("region", "table", "named"), [*fields()])
def test_what_stands_beside_a_field_is_its_limit(
    region: Region, table: Table | None, named: tuple[str, str, float]
) -> None:
    field, key, size = named
    low, high = bounds(limits(region, table.value if table else "")[field])
    outside = [value for value in (low - 0.1, high + 0.1) if value >= 0.0]
    for value in outside:
        with pytest.raises(PrescriptionInvalid) as refused:
            prescription(region, table=table, **{key: value * size})
        assert field in {fault.key for fault in refused.value.faults}
    for value in (low, high):
        try:
            prescription(region, table=table, **{key: value * size})
        except PrescriptionInvalid as error:
            own = [each for each in error.faults if each.key == field and each.bounds]
            assert own == [], "a value at its limit is within"


def test_a_hold_force_at_its_limit_is_ordered_and_above_it_is_not() -> None:
    for region, table in ((Region.CERVICAL, Table.FLAT), (Region.LUMBAR, None)):
        low, high = bounds(limits(region, table.value if table else "")["hold_force"])
        for value in (low, high):
            prescription(
                region,
                mode=Mode.STATIC,
                hold_s=0.0,
                rest_s=0.0,
                table=table,
                hold_force_n=value,
            )
        for value in (low - 0.1, high + 0.1):
            with pytest.raises(PrescriptionInvalid):
                prescription(region, table=table, hold_force_n=value)


def test_the_clinic_s_own_limits_narrow_and_are_named() -> None:
    table = example("unit", force_limit="90 N")
    assert isinstance(table, UnitRecord)
    assert most_force_n(Region.CERVICAL, "", table, nobody()) == (90.0, "limit of Table 1")
    capped = nobody(force_cap={"cervical": "70 N"})
    assert most_force_n(Region.CERVICAL, "", table, capped) == (70.0, "the patient's own limit")
    assert most_force_n(Region.LUMBAR, "", None, capped)[0] == 981.0
