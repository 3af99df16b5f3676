"""The charge line of a session: what the device knows of a 97012 claim, and what is left open.

One unit whatever the minutes: 97012 is a supervised modality without a time rule. Modifiers stay
empty until a named person accepts them; an unknown value is an empty cell and is listed by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from controller.errors import RequestRefused
from records.order import Order
from records.reader import SessionRecord
from records.treatment_note import TreatmentNote, local_time, record_zone

CPT = "97012"
UNITS = 1
DIAGNOSES_ON_A_LINE = 4
COLUMNS = (
    "session_id", "mrn", "dos", "cpt", "mod1", "mod2", "mod3", "mod4", "units", "charge", "pos",
    "dx1", "dx2", "dx3", "dx4", "pointers", "rendering_npi", "referring_npi", "auth_no", "start",
    "stop", "minutes", "note_file", "checkpoint",
)  # fmt: skip
_FURTHER_DIAGNOSES = frozenset({"dx2", "dx3", "dx4"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """One row; every column of ``COLUMNS``, unknown ones empty."""

    values: Mapping[str, str]

    @property
    def open_fields(self) -> list[str]:
        """Columns that somebody must still fill or decide on, in the order of the row."""
        return [c for c in COLUMNS if not self.values[c] and c not in _FURTHER_DIAGNOSES]


def charge_line(
    record: SessionRecord,
    order: Order,
    note: TreatmentNote,
    *,
    note_file: str,
    zone: tzinfo | None = None,
) -> ChargeLine:
    """The row of a session; raises RequestRefused when no treatment was given."""
    dose = note.dose
    started_ms, ended_ms = dose.treatment_started_ms, dose.treatment_ended_ms
    if not record.reached_holding or started_ms is None or ended_ms is None:
        raise RequestRefused(
            f"session {record.head.session_id} ({note.outcome}) never reached its hold force; "
            "there is nothing to charge: export the note or the JSON instead"
        )
    zone = zone or record_zone(record)
    start = local_time(record, started_ms, zone)
    known = {
        "session_id": record.head.session_id,
        "mrn": order.patient_reference,
        "dos": start.date().isoformat(),
        "cpt": CPT,
        "units": str(UNITS),
        "start": start.isoformat(),
        "stop": local_time(record, ended_ms, zone).isoformat(),
        "minutes": str(dose.delivered_minutes),
        "note_file": note_file,
        "checkpoint": note.checkpoint,
        **_diagnoses(order),
    }
    return ChargeLine(values={column: known.get(column, "") for column in COLUMNS})


def _diagnoses(order: Order) -> dict[str, str]:
    codes = order.diagnosis[:DIAGNOSES_ON_A_LINE]
    columns = {f"dx{number}": code for number, code in enumerate(codes, start=1)}
    return {**columns, "pointers": "".join(str(n + 1) for n in range(len(codes)))}
