"""All kinds and their classes, and the conversion of a class to the journal's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias, get_args

from controller.event_details.before_treatment import (
    AnswerRecorded,
    QuestionAsked,
    SelfCheckRecorded,
)
from controller.event_details.codec import VERSION, encode_fields
from controller.event_details.ending import ReleaseOrdered, SessionEnded
from controller.event_details.findings_and_alarms import (
    AlarmAcknowledged,
    AlarmRaised,
    AlarmSoundPaused,
    GapBegan,
    GapEnded,
    LinkTroubled,
    OperatorActed,
    PatientStopPressed,
    SafetyActed,
    SafetyCleared,
    UncertaintyRecorded,
)
from controller.event_details.opening import SessionStarted
from controller.event_details.seen_of_unit import (
    PressTestNotSeen,
    PressTestSeen,
    ReleaseNotObserved,
    ReleaseObserved,
    UnitAcknowledged,
    UnitArmed,
    UnitDisarmed,
    UnitObserved,
)
from controller.event_details.treatment import (
    CheckInRecorded,
    ForceAdjusted,
    Paused,
    PauseRegressed,
    PhaseChanged,
    RefusalRecorded,
    RemarkRecorded,
    ResponsibilityTaken,
    Resumed,
    UnitEventSeen,
    UnitEventsLost,
)
from controller.events import EventKind, SessionEvent

EventDetail: TypeAlias = (
    SessionStarted
    | QuestionAsked
    | AnswerRecorded
    | PressTestSeen
    | PressTestNotSeen
    | UnitAcknowledged
    | UnitArmed
    | PhaseChanged
    | UnitEventSeen
    | PatientStopPressed
    | SafetyActed
    | OperatorActed
    | ReleaseOrdered
    | ReleaseObserved
    | ReleaseNotObserved
    | UnitDisarmed
    | LinkTroubled
    | UncertaintyRecorded
    | UnitObserved
    | SessionEnded
    | UnitEventsLost
    | ForceAdjusted
    | Paused
    | Resumed
    | CheckInRecorded
    | RemarkRecorded
    | SelfCheckRecorded
    | AlarmRaised
    | AlarmAcknowledged
    | AlarmSoundPaused
    | RefusalRecorded
    | PauseRegressed
    | SafetyCleared
    | GapBegan
    | GapEnded
    | ResponsibilityTaken
)

CLASSES: Final[Mapping[EventKind, type[EventDetail]]] = MappingProxyType(
    {as_class.KIND: as_class for as_class in get_args(EventDetail)}
)


def session_event(said: EventDetail, *, at_ms: int) -> SessionEvent:
    """Returns the event for the journal, ``at_ms`` on the session's axis."""
    return SessionEvent(kind=said.KIND, at_ms=at_ms, detail=encode_fields(said), version=VERSION)
