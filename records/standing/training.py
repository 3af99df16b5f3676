"""Restricts a folder of training records to invented patients and simulated units.

The clinic's record says so, from its first version on and permanently: it is in the chain, so that
a copy of the folder says the same.
"""

from __future__ import annotations

import re
from typing import Final

from controller.errors import PrescriptionInvalid, RequestRefused
from records.standing.kinds import ClinicRecord, PatientRecord, StandingRecord, UnitRecord
from records.standing.versions import StandingData

INVENTED: Final = "TRAIN-"
"""Beginning of the reference of every invented patient."""
ON_THIS_MACHINE: Final = re.compile(r"[a-z0-9+-]+://127\.0\.0\.1:\d+")
"""Where a simulated unit is served, but never a real table."""


def refuse_in_training(held: StandingData, old: StandingRecord | None, new: StandingRecord) -> None:
    """Refuse what may not be in training, and a change between training and clinic.

    ``old`` is what the record replaces. Raises RequestRefused.
    """
    if isinstance(new, ClinicRecord):
        _refuse_turn(held, old, new)
    elif held.is_training and isinstance(new, PatientRecord):
        if fault := reference_fault(held, new.reference):
            raise RequestRefused(fault)
    elif held.is_training and isinstance(new, UnitRecord):
        _refuse_table(new)


def reference_fault(held: StandingData, reference: str) -> str:
    """Returns why a reference may not be in these records, in words; "" when it may."""
    if not held.is_training or not reference or reference.startswith(INVENTED):
        return ""
    return (
        f"reference {reference!r} may be a real patient's, and these records are for training: "
        f'invented patients are called "{INVENTED}" and a number, as in {INVENTED}1001'
    )


def refuse_order_in_training(held: StandingData, reference: str) -> None:
    """Do the same for an order, whose patient need not be on file; raises PrescriptionInvalid."""
    if fault := reference_fault(held, reference):
        raise PrescriptionInvalid(f"patient_{fault}")


def _refuse_turn(held: StandingData, old: StandingRecord | None, new: ClinicRecord) -> None:
    if isinstance(old, ClinicRecord) and old.training != new.training:
        raise RequestRefused(
            f"training={str(new.training).lower()}: records are for training from their first day "
            "or never; begin others in a folder of their own (`traction training`)"
        )
    if old is None and new.training and next(held.patients, None) is not None:
        raise RequestRefused(
            "training=true: patients are on file here already; begin records for training in a "
            "folder of their own (`traction training`)"
        )


def _refuse_table(unit: UnitRecord) -> None:
    if not ON_THIS_MACHINE.match(unit.address):
        raise RequestRefused(
            f"unit {unit.name}: address={unit.address} is not of this machine, and these records "
            "are for training, with simulated units alone; keep a table in the clinic's own records"
        )
