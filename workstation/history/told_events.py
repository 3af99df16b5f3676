"""The events of a session as people read them: on both axes of time, each as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Final

from controller.errors import JournalCorrupt
from controller.events import EventKind
from controller.order.force_unit import ForceUnit
from records.evidence.reader import SessionRecord
from records.note.delivered_dose import DeliveredDose
from records.note.device_fields import local_time
from records.note.event_texts import since_traction_text
from records.store.canonical import StoredEvent
from records.times_in_words import time_in_words
from workstation.texts.event_sentences import as_stored, event_sentence

STOP, PAUSE, ALARM, REQUEST = "stop", "pause", "alarm", "request"
MARKS: Final[Mapping[EventKind, str]] = MappingProxyType(
    {
        EventKind.PATIENT_STOP_PRESSED: STOP,
        EventKind.OPERATOR_ACTED: STOP,
        EventKind.PAUSED: PAUSE,
        EventKind.RESUMED: REQUEST,
        EventKind.FORCE_ADJUSTED: REQUEST,
        EventKind.CHECK_IN_RECORDED: REQUEST,
        EventKind.REMARK_RECORDED: REQUEST,
        EventKind.REQUEST_REFUSED: REQUEST,
        EventKind.ALARM_RAISED: ALARM,
    }
)
"""Events that a person looks for in a curve; the others occur in every session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEvent:
    """``at_ms`` is since the opening; ``mark`` is one of the marks, "" for none of them."""

    kind: EventKind
    at_ms: int
    of_day: str
    since_traction: str
    said: str
    mark: str


def told_events(
    record: SessionRecord, zone: tzinfo, dose: DeliveredDose, forces: ForceUnit
) -> Iterator[ToldEvent]:
    """Returns every event; the moments of ``dose`` are those of this session."""
    began_ms = dose.treatment_started_ms
    opened = local_time(record, 0, zone)
    stops = set() if record.observed else {stop.sequence for stop in dose.stops}
    for event in record.events:
        yield ToldEvent(
            kind=event.kind,
            at_ms=event.at_ms,
            of_day=time_in_words(local_time(record, event.at_ms, zone), opened),
            since_traction=since_traction_text(event.at_ms, began_ms),
            said=_sentence(event, forces),
            mark=STOP if event.sequence in stops else MARKS.get(event.kind, ""),
        )


def _sentence(event: StoredEvent, forces: ForceUnit) -> str:
    """Returns an event's sentence; the stored form where an altered record cannot be worded."""
    try:
        return event_sentence(event, forces)
    except JournalCorrupt:
        return as_stored(event)
