"""The vocabulary of the journal: samples and session events, past tense, versioned, no floats.

Times are milliseconds on the session's monotonic axis (0 = the session was opened), forces are
tenths of a newton. The kind's number is what the canonical form of an event stores (u16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, StrEnum
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | str | list[JsonValue] | dict[str, JsonValue] | None"


class EventKind(IntEnum):
    """Every kind of event that a journal can hold."""

    SESSION_STARTED = 1
    QUESTION_ASKED = 2
    QUESTION_ANSWERED = 3
    PRESS_TEST_SEEN = 4
    PRESS_TEST_NOT_SEEN = 5
    UNIT_ACKNOWLEDGED = 6
    UNIT_ARMED = 7
    PHASE_CHANGED = 8
    UNIT_EVENT_SEEN = 9
    PATIENT_STOP_PRESSED = 10
    SAFETY_ACTED = 11
    OPERATOR_ACTED = 12
    RELEASE_ORDERED = 13
    RELEASE_OBSERVED = 14
    RELEASE_NOT_OBSERVED = 15
    UNIT_DISARMED = 16
    LINK_TROUBLED = 17
    OUTCOME_UNCERTAIN = 18
    UNIT_OBSERVED = 19
    SESSION_ENDED = 20
    UNIT_EVENTS_LOST = 21
    FORCE_ADJUSTED = 22
    PAUSED = 23
    RESUMED = 24
    CHECK_IN_RECORDED = 25
    REMARK_RECORDED = 26
    SELF_CHECK_RECORDED = 27
    ALARM_RAISED = 28
    ALARM_ACKNOWLEDGED = 29
    ALARM_SOUND_PAUSED = 30
    REQUEST_REFUSED = 31
    PAUSE_REGRESSED = 32
    SAFETY_CLEARED = 33
    GAP_BEGAN = 34
    GAP_ENDED = 35
    RESPONSIBILITY_TAKEN = 36


class Outcome(StrEnum):
    """How a session ended: the values of ``outcome`` in SESSION_ENDED."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    REFUSED = "refused"
    LINK_LOST = "link lost"
    INTERRUPTED = "interrupted"


class StopCause(StrEnum):
    """Causes of a stop or an end that the program recognises; the value is stored.

    Other reasons (who ended a session, a link's error) stay free text.
    """

    TREATMENT_OVER = "treatment time reached"
    HOLD_RAN_OUT = "a hold ran out"
    LINK_SILENT = "link silent"
    UNIT_STOPPED = "unit stopped"
    UNIT_RESTARTED = "unit restarted"
    PATIENT_SWITCH_PRESSED = "patient switch pressed"
    PATIENT_SWITCH_ABSENT = "patient switch absent"
    PATIENT_SWITCH_UNPLUGGED = "patient switch unplugged"
    EMERGENCY_STOP = "emergency stop"
    EMERGENCY_STOP_OPEN = "emergency stop open"
    UNIT_WATCHDOG = "unit watchdog expired"
    OVER_FORCE = "over-force"
    OVER_RATE = "over-rate"
    CORD_BREAK = "cord break"
    SLACK_CORD = "slack cord"
    END_OF_STROKE = "end of stroke"
    CHANNELS_DISAGREE = "force channels disagree"
    LOAD_CELL_OPEN = "load cell open"
    LOAD_CELL_STUCK = "load cell stuck"


def cause_of(text: str) -> StopCause | str:
    """Returns the known cause of a stored text, else the text itself."""
    return StopCause(text) if text in _CAUSE_TEXTS else text


_CAUSE_TEXTS = frozenset(cause.value for cause in StopCause)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """An event of the session. ``detail`` holds only JSON without floats."""

    kind: EventKind
    at_ms: int
    detail: Mapping[str, JsonValue] = field(default_factory=dict)
    version: int = 1


class SampleFlag(IntFlag):
    """Flags of a sample (u16)."""

    NONE = 0
    NO_READING = 1 << 0
    SAME_SAMPLE_NUMBER = 1 << 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One tick, from arming to the end of the release.

    ``taken_at_ms`` is the reading's time (the tick's time when there was no reading); forces in
    tenths of a newton, None where there is none.
    """

    taken_at_ms: int
    target_dn: int
    force_1_dn: int | None
    force_2_dn: int | None
    phase: int
    flags: SampleFlag
