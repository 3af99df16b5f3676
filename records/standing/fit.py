"""Whether an order fits the patient and the table that the clinic knows: it narrows or refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Prescription
from records.standing.kinds import PatientRecord, PresetRecord, UnitRecord
from records.standing.versions import StandingVersion

TOLERANCE_N = 1e-9
"""Forces are rounded to 0.1 N when they are read."""


def check_order_fits_patient(order: Prescription, patient: StandingVersion[PatientRecord]) -> None:
    """Refuse an order above the patient's own cap; raises PrescriptionInvalid."""
    caps = patient.record.force_cap
    cap_n = caps.limit_n(order.region) if caps else None
    if cap_n is not None:
        _refuse_above(order, cap_n, f"the {order.region.value} cap of {patient.words}")


def check_order_fits_table(order: Prescription, unit: StandingVersion[UnitRecord]) -> None:
    """Refuse an order that the clinic does not give on a table; raises PrescriptionInvalid."""
    record = unit.record
    if not record.treats(order.region.value):
        raise PrescriptionInvalid(
            f"region={order.region.value} is not treated on {record.name} "
            f"({', '.join(record.regions)}, by {unit.words}); choose another table"
        )
    if record.force_limit_n is not None:
        _refuse_above(order, record.force_limit_n, f"the force_limit of {unit.words}")


def check_preset_fits_table(preset: PresetRecord, unit: StandingVersion[UnitRecord]) -> None:
    """Refuse a preset above the table's limits; raises PrescriptionInvalid.

    Shares of the body weight are judged with the order that is made of the preset.
    """
    if not preset.orders_shares:
        with _named(preset):
            check_order_fits_table(preset.order().prescription, unit)


def check_preset_fits_patient(
    preset: PresetRecord, patient: StandingVersion[PatientRecord]
) -> None:
    """Refuse a preset above the patient's cap; raises PrescriptionInvalid."""
    if not preset.orders_shares:
        with _named(preset):
            check_order_fits_patient(preset.order().prescription, patient)


@contextmanager
def _named(preset: PresetRecord) -> Iterator[None]:
    try:
        yield
    except PrescriptionInvalid as error:
        raise PrescriptionInvalid(f"preset {preset.name}: {error.message}") from error


def plan_ran_out(patient: PatientRecord, day: date) -> str:
    """Returns that the plan of care has expired, in words; "" while it has not or is unknown."""
    through = patient.plan.cert_through if patient.plan else None
    if through is None or day <= through:
        return ""
    return (
        f"the plan of care of patient {patient.reference} ran out on {through}: have it "
        "certified again, or the payer will refuse the claim"
    )


def told_of_patient(patient: StandingVersion[PatientRecord], day: date) -> Iterator[str]:
    """Returns what is shown of a patient besides the lasting flags."""
    if not patient.record.in_use:
        yield f"{patient.words}, says that the patient is no longer treated here"
    if text := plan_ran_out(patient.record, day):
        yield text


def _refuse_above(order: Prescription, most_n: float, limit: str) -> None:
    for key, ordered_n in (
        ("hold_force", order.hold_force_n),
        ("maximum_force", order.force_limit_n),
    ):
        if ordered_n > most_n + TOLERANCE_N:
            raise PrescriptionInvalid(
                f"{key}={ordered_n:g} N exceeds {most_n:g} N, {limit}; lower it"
            )
