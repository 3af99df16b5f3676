"""The one table of kinds and classes, and the way from the journal's JSON to a class and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from controller.event_details.codec import decode_fields, encode_fields
from controller.event_details.happened import (
    AlarmAcknowledged,
    AlarmRaised,
    AlarmSoundPaused,
    AnswerRecorded,
    CheckInRecorded,
    ForceAdjusted,
    GapBegan,
    GapEnded,
    LinkTroubled,
    OperatorActed,
    PatientStopPressed,
    Paused,
    PauseRegressed,
    PhaseChanged,
    PressTestNotSeen,
    PressTestSeen,
    QuestionAsked,
    RefusalRecorded,
    ReleaseNotObserved,
    ReleaseObserved,
    ReleaseOrdered,
    RemarkRecorded,
    ResponsibilityTaken,
    Resumed,
    SafetyActed,
    SafetyCleared,
    SelfCheckRecorded,
    SessionEnded,
    UncertaintyRecorded,
    UnitAcknowledged,
    UnitArmed,
    UnitDisarmed,
    UnitEventSeen,
    UnitEventsLost,
    UnitObserved,
)
from controller.event_details.opening import SessionStarted
from controller.events import EventKind, JsonValue, SessionEvent

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
    {
        EventKind.SESSION_STARTED: SessionStarted,
        EventKind.QUESTION_ASKED: QuestionAsked,
        EventKind.QUESTION_ANSWERED: AnswerRecorded,
        EventKind.PRESS_TEST_SEEN: PressTestSeen,
        EventKind.PRESS_TEST_NOT_SEEN: PressTestNotSeen,
        EventKind.UNIT_ACKNOWLEDGED: UnitAcknowledged,
        EventKind.UNIT_ARMED: UnitArmed,
        EventKind.PHASE_CHANGED: PhaseChanged,
        EventKind.UNIT_EVENT_SEEN: UnitEventSeen,
        EventKind.PATIENT_STOP_PRESSED: PatientStopPressed,
        EventKind.SAFETY_ACTED: SafetyActed,
        EventKind.OPERATOR_ACTED: OperatorActed,
        EventKind.RELEASE_ORDERED: ReleaseOrdered,
        EventKind.RELEASE_OBSERVED: ReleaseObserved,
        EventKind.RELEASE_NOT_OBSERVED: ReleaseNotObserved,
        EventKind.UNIT_DISARMED: UnitDisarmed,
        EventKind.LINK_TROUBLED: LinkTroubled,
        EventKind.OUTCOME_UNCERTAIN: UncertaintyRecorded,
        EventKind.UNIT_OBSERVED: UnitObserved,
        EventKind.SESSION_ENDED: SessionEnded,
        EventKind.UNIT_EVENTS_LOST: UnitEventsLost,
        EventKind.FORCE_ADJUSTED: ForceAdjusted,
        EventKind.PAUSED: Paused,
        EventKind.RESUMED: Resumed,
        EventKind.CHECK_IN_RECORDED: CheckInRecorded,
        EventKind.REMARK_RECORDED: RemarkRecorded,
        EventKind.SELF_CHECK_RECORDED: SelfCheckRecorded,
        EventKind.ALARM_RAISED: AlarmRaised,
        EventKind.ALARM_ACKNOWLEDGED: AlarmAcknowledged,
        EventKind.ALARM_SOUND_PAUSED: AlarmSoundPaused,
        EventKind.REQUEST_REFUSED: RefusalRecorded,
        EventKind.PAUSE_REGRESSED: PauseRegressed,
        EventKind.SAFETY_CLEARED: SafetyCleared,
        EventKind.GAP_BEGAN: GapBegan,
        EventKind.GAP_ENDED: GapEnded,
        EventKind.RESPONSIBILITY_TAKEN: ResponsibilityTaken,
    }
)
VERSION: Final = 1
"""Of every detail that this program writes."""
_KINDS = {as_class: kind for kind, as_class in CLASSES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownDetail:
    """A kind or a version that this program does not know, as it is stored."""

    kind: int
    version: int
    stored: Mapping[str, object]


def kind_of(said: EventDetail) -> EventKind:
    """The kind that a class stands for."""
    return _KINDS[type(said)]


def encode(said: EventDetail) -> dict[str, JsonValue]:
    """The detail as the journal keeps it."""
    return encode_fields(said)


def decode(kind: int, version: int, stored: Mapping[str, object]) -> EventDetail | UnknownDetail:
    """What a stored detail says.

    A kind or version from another program stays as it is stored. Raises DetailUnreadable for a
    detail of a known kind that lacks a key or holds another type under it.
    """
    if version != VERSION or kind not in CLASSES:
        return UnknownDetail(kind=kind, version=version, stored=stored)
    return decode_fields(CLASSES[EventKind(kind)], stored)


def session_event(said: EventDetail, *, at_ms: int) -> SessionEvent:
    """The event for the journal, ``at_ms`` on the session's axis."""
    return SessionEvent(kind=kind_of(said), at_ms=at_ms, detail=encode(said), version=VERSION)
