"""Records of findings, stops, line troubles, alarms and gaps."""

# No string annotations: the codec would compile each of them in every process.
from dataclasses import dataclass
from typing import ClassVar

from controller.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyActed:
    """The supervisor found a hazard; measured value and limit are in ``unit``."""

    KIND: ClassVar = EventKind.SAFETY_ACTED
    hazard: int
    code: str
    action: str
    measured: int | None
    limit: int | None
    unit: str
    clears: str
    force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCleared:
    """A finding has ended."""

    KIND: ClassVar = EventKind.SAFETY_CLEARED
    hazard: int
    code: str
    first_seen_ms: int
    last_seen_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientStopPressed:
    """The switch was seen pressed while armed; hold 0 is outside the treatment."""

    KIND: ClassVar = EventKind.PATIENT_STOP_PRESSED
    force_dn: int | None
    hold_number: int
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed:
    """Somebody at the workstation ended the session: ``stop``, ``stop_fast``, ``end_early``."""

    KIND: ClassVar = EventKind.OPERATOR_ACTED
    action: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTroubled:
    """The first of a run of failed exchanges; ``raw`` is what came, in hex."""

    KIND: ClassVar = EventKind.LINK_TROUBLED
    code: int
    message: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyRecorded:
    """An arming or a disarming whose answer was lost."""

    KIND: ClassVar = EventKind.OUTCOME_UNCERTAIN
    what: str
    code: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    """An alarm began; priority ``low``, ``medium`` or ``high``."""

    KIND: ClassVar = EventKind.ALARM_RAISED
    code: str
    priority: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmAcknowledged:
    """Alarms ended: somebody acknowledged them."""

    KIND: ClassVar = EventKind.ALARM_ACKNOWLEDGED
    codes: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSoundPaused:
    """Tones were silenced."""

    KIND: ClassVar = EventKind.ALARM_SOUND_PAUSED
    by: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapBegan:
    """An observed force can no longer be read; ``force_dn`` is the last one, None before any."""

    KIND: ClassVar = EventKind.GAP_BEGAN
    force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEnded:
    """The force is read again; ``gap_ms`` is the time between the readings around the gap."""

    KIND: ClassVar = EventKind.GAP_ENDED
    gap_ms: int
    force_dn: int | None
