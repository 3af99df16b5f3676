"""Moments in the form of notes signed while they counted from the opening of the session."""

from __future__ import annotations

from controller.event_details.treatment import CheckInRecorded, RemarkRecorded
from controller.events import EventKind
from records.evidence.reader import SessionRecord
from records.note.delivered_dose import DeliveredDose
from records.note.event_texts import adjustment_text, clock_text, pause_text, stop_text
from records.note.events import adjustments, pauses
from records.note.observed import gaps_text
from records.store.canonical import StoredEvent


def moments_as_signed(record: SessionRecord, dose: DeliveredDose) -> dict[str, str]:
    """Returns texts by the names of their fields; only of events that happened."""
    one = len(dose.stops) == 1
    stops = {
        "stop" if one else f"stop_{number}": stop_text(stop, _of_the_session)
        for number, stop in enumerate(dose.stops, start=1)
    }
    told = {
        "adjustments": [adjustment_text(each, clock_text) for each in adjustments(record)],
        "pauses": [pause_text(each, clock_text) for each in pauses(record)],
        "check_ins": [_check_in(each) for each in record.of_kind(EventKind.CHECK_IN_RECORDED)],
        "remarks": [_remark(each) for each in record.of_kind(EventKind.REMARK_RECORDED)],
    }
    gaps = {}
    if record.observed and record.course.gaps:
        gaps["gaps"] = gaps_text(record.course.gaps, clock_text)
    return stops | gaps | {name: "; ".join(texts) for name, texts in told.items() if texts}


def _of_the_session(at_ms: int) -> str:
    return f"{clock_text(at_ms)} of the session"


def _check_in(event: StoredEvent) -> str:
    return f"{clock_text(event.at_ms)} {event.said(CheckInRecorded).by}"


def _remark(event: StoredEvent) -> str:
    remark = event.said(RemarkRecorded)
    said = f": {remark.text}" if remark.text else ""
    return f"{clock_text(event.at_ms)} {remark.by}{said}"
