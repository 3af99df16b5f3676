"""The order of the next treatment: the dose of the last one or of a preset, changed by a person.

Only the dose is taken from the last visit. Findings and judgements of a day are asked again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.errors import PrescriptionInvalid
from controller.event_details.findings_and_alarms import AlarmRaised
from controller.events import EventKind, StopCause
from records.checked_data import toml_document
from records.clinic.paper_sheets import sheets_on_file
from records.keeping.search import SessionQuery, find_sessions
from records.order.order import Order
from records.order.order_file import ORDER_KEYS, parse_entered_order
from records.order.planned_order import PlannedOrder
from records.order.quantities import force_n
from records.standing.kinds import PresetDose, PresetRecord
from records.standing.versions import StandingVersion
from records.store.record_folder import RecordFolder
from records.visit.load import Practice, load_visit
from records.visit.paper_visit import PaperVisit, load_paper
from records.visit.visit import Visit

DOSE_KEYS = ("region", *PresetDose.model_fields, "body_mass")
"""Keys of an order that the next one may begin with."""
NOT_TOLERATED = "not tolerated"
REMINDING = "low"
"""Priority of reminding alarms: the end of every treatment raises one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextOrder:
    """Keys of an order as they were written, and the source of its dose in words."""

    values: Mapping[str, Any]
    source: str

    def with_values(self, changes: Mapping[str, Any]) -> NextOrder:
        """Returns the same with other values; "" removes a key. Raises PrescriptionInvalid."""
        for key in changes:
            if key not in ORDER_KEYS:
                known = ", ".join(DOSE_KEYS)
                raise PrescriptionInvalid(f"key {key} is not an order key; known are {known}")
        changed = {**self.values, **changes}
        return replace(self, values={key: each for key, each in changed.items() if each != ""})

    @property
    def text(self) -> str:
        """Returns the order file."""
        return toml_document({key: self.values.get(key) for key in ORDER_KEYS})

    def planned(self) -> PlannedOrder:
        """Returns the order, checked like one that is read from a file.

        Raises PrescriptionInvalid.
        """
        return PlannedOrder.of(parse_entered_order(self.text, "of this visit"))


def order_like(visit: Visit) -> NextOrder:
    """Returns the dose of a visit's last session, as it was ordered then."""
    return NextOrder(
        values=_dose(tomllib.loads(_last(visit).source_text)),
        source=f"the order of session {visit.sessions[-1].session_id}",
    )


def order_of_preset(preset: StandingVersion[PresetRecord]) -> NextOrder:
    """Returns the dose of a preset of the clinic."""
    record = preset.record
    dose = record.dose.model_dump(exclude_none=True)
    return NextOrder(values={"region": record.region, **dose}, source=preset.words)


def visit_before(
    folder: RecordFolder, practice: Practice, reference: str, day_of: Any
) -> Visit | None:
    """Returns the newest visit of a patient in which a unit was armed; None: there was none yet."""
    for found in find_sessions(folder, SessionQuery(patient=reference), day_of):
        if found.sealed and found.outcome not in ("refused", "removed"):
            return load_visit(folder, found.head.session_id, practice)
    return None


def trouble_in(visit: Visit) -> Iterator[str]:
    """Returns why the next force must be entered anew: what went wrong in this treatment."""
    for session in visit.sessions:
        record = session.record
        ended = record.outcome
        if record.of_kind(EventKind.PATIENT_STOP_PRESSED) or any(
            stop.cause == StopCause.PATIENT_SWITCH_PRESSED for stop in visit.note.dose.stops
        ):
            yield "the patient pressed stop"
        elif ended in ("interrupted", "link lost"):
            yield f"the session ended as {ended}"
        for event in record.of_kind(EventKind.ALARM_RAISED):
            alarm = event.said(AlarmRaised)
            if alarm.priority != REMINDING:
                yield f"there was an alarm ({alarm.text})"
    if visit.note.field("tolerance").value == NOT_TOLERATED:
        yield "it was not tolerated"


def sheet_since(
    folder: RecordFolder, practice: Practice, reference: str, before: Visit | None
) -> PaperVisit | None:
    """Returns the newest downtime sheet of a patient that is newer than the last visit.

    None: none is.
    """
    sessions = before.sessions if before else ()
    last_ms = max((each.record.head.started_utc_ms for each in sessions), default=0)
    found = [
        kept.sheet
        for kept in sheets_on_file(folder)
        if kept.sheet.reference == reference and kept.sheet.began_utc_ms > last_ms
    ]
    return load_paper(folder, found[-1].sheet_id, practice) if found else None


def trouble_on_paper(visit: PaperVisit) -> Iterator[str]:
    """Returns the same for a visit that was entered from a downtime sheet."""
    if visit.note.was_stopped:
        yield "it was stopped (on paper)"
    if visit.note.field("tolerance").value == NOT_TOLERATED:
        yield "it was not tolerated (on paper)"


def delivered_on_paper_n(visit: PaperVisit) -> float:
    """Returns the hold force of a downtime sheet, N."""
    return force_n("delivered_hold_force", visit.kept.sheet.values["delivered_hold_force"], None)


def ordered_hold_n(visit: Visit) -> float:
    """Returns the hold force of a visit's last order, N."""
    return _last(visit).prescription.hold_force_n


def _last(visit: Visit) -> Order:
    return visit.sessions[-1].order


def _dose(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in DOSE_KEYS if key in values}
