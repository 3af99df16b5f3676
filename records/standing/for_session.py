"""The standing data of a session before it begins: patient, table, and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from controller.errors import RequestRefused, UnitNotVerified
from controller.ports import PatientFlag, TractionUnit
from records.clinic.standing_used import StandingUsed, UsedRecord
from records.evidence.simulated import is_simulated
from records.order.order import Order
from records.standing.fit import (
    check_order_fits_patient,
    check_order_fits_table,
    told_of_patient,
)
from records.standing.flags import flags_told
from records.standing.kinds import ClinicRecord, PatientRecord, StandingRecord, UnitRecord
from records.standing.training import refuse_order_in_training
from records.standing.versions import StandingData, StandingVersion, record_json


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStanding:
    """What applies to one session; None and nothing where nothing is on file.

    ``told`` is what a person should read besides the lasting flags, but which refuses nothing.
    """

    held: StandingData
    clinic: StandingVersion[ClinicRecord] | None = None
    patient: StandingVersion[PatientRecord] | None = None
    unit: StandingVersion[UnitRecord] | None = None
    flags: tuple[PatientFlag, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def used(self) -> StandingUsed:
        """Returns the same, to be kept with the session by value and digest."""
        found = (self.clinic, self.patient, self.unit)
        return StandingUsed(
            records=tuple(_used(each) for each in found if each is not None),
            flags=tuple(flag.words for flag in self.flags),
        )

    def refuse_arming(self) -> None:
        """Raise RequestRefused where a lasting flag says "do not treat" of the order's region."""
        assert self.patient is not None or not self.flags, "flags are a patient's"
        for flag in self.flags:
            if flag.refuses and self.patient is not None:
                raise RequestRefused(
                    f"lasting flag {flag.number} of {self.patient.words}, refuses this treatment: "
                    f"{flag.words}. Treat another region, or have a named person end the flag with "
                    f"a reason (`traction patients end-flag {self.patient.name} {flag.number}`)"
                )

    def on(self, address: str, found: TractionUnit, order: Order) -> SessionStanding:
        """Returns the same on the unit that answers at an address.

        Raises UnitNotVerified where it is not the one that is configured there, PrescriptionInvalid
        where the order is not given on that table.
        """
        if self.held.is_training and not is_simulated(found.identity.raw_block.hex()):
            raise UnitNotVerified(
                f"the unit at {address} is no simulated one, and these records are for training; "
                "use the clinic's own records"
            )
        unit = unit_at(self.held, address, found)
        if unit is not None:
            check_order_fits_table(order.prescription, unit)
        return replace(self, unit=unit)

    def at_table(self, unit: StandingVersion[UnitRecord]) -> SessionStanding:
        """Returns the same at a configured table, before anything has answered there."""
        return replace(self, unit=unit)


def standing_for(held: StandingData, order: Order, day: date) -> SessionStanding:
    """Returns what applies to an order on the clinic's day.

    Raises PrescriptionInvalid above a cap.
    """
    refuse_order_in_training(held, order.patient_reference)
    patient = held.patient(order.patient_reference)
    if patient is None:
        return SessionStanding(held=held, clinic=held.clinic)
    check_order_fits_patient(order.prescription, patient)
    return SessionStanding(
        held=held,
        clinic=held.clinic,
        patient=patient,
        flags=tuple(flags_told(patient, order.prescription.region, day)),
        told=tuple(told_of_patient(patient, day)),
    )


def unit_called(held: StandingData, name: str) -> StandingVersion[UnitRecord] | None:
    """Returns the table of a name, which ``traction run`` accepts instead of an address."""
    return next((each for each in held.units if each.name == name), None)


def unit_at(
    held: StandingData, address: str, found: TractionUnit
) -> StandingVersion[UnitRecord] | None:
    """Returns the table that answers at an address; None for one that is not configured.

    Raises UnitNotVerified where another unit answers than the one that is configured there.
    """
    units, identity = list(held.units), found.identity
    here = next((each for each in units if each.record.address == address), None)
    known = next((each for each in units if each.record.unit_id == identity.unit_id), None)
    if here is None:
        return known
    for fault in _faults(here, known, found):
        raise UnitNotVerified(
            f"{fault}: another unit answers at {address}. Look which table it is; if it was "
            f"exchanged, commission it and change the unit's record (`traction units change`)"
        )
    return here


def unit_id_at(held: StandingData, address: str) -> str | None:
    """Returns the id of the unit that is configured at an address; None where none is on file."""
    return next(
        (each.record.unit_id for each in held.units if each.record.address == address), None
    )


def _faults(
    here: StandingVersion[UnitRecord],
    known: StandingVersion[UnitRecord] | None,
    found: TractionUnit,
) -> Iterator[str]:
    said, identity = here.record, found.identity
    if known is not None and known.name != here.name:
        yield f"{here.words}, is configured here, and unit {identity.unit_id} is {known.name}"
    for key, configured, told in (
        ("unit_id", said.unit_id, identity.unit_id),
        ("serial_number", said.serial_number, identity.serial_number),
        ("profile", said.profile, found.profile_name),
    ):
        if configured is not None and configured != told:
            yield f"{here.words}, says {key}={configured}, the unit says {told}"


def _used(version: StandingVersion[StandingRecord]) -> UsedRecord:
    return UsedRecord(
        kind=version.kind,
        name=version.name,
        version=version.number,
        digest=version.digest,
        by=version.by,
        at_utc_ms=version.at_utc_ms,
        record=record_json(version.record),
    )
