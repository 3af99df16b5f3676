"""Records of a treatment's course, and of people's requests during it."""

# No string annotations: the codec would compile each of them in every process.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from controller.event_details.codec import Stored, StoredAs
from controller.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged:
    """The session entered another phase, which leads to ``target_dn``."""

    KIND: ClassVar = EventKind.PHASE_CHANGED
    from_phase: Annotated[str, StoredAs("from")]
    to_phase: Annotated[str, StoredAs("to")]
    target_dn: int | None
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEventSeen:
    """An entry of the unit's event ring; ``unit_at_ms`` is on the session's axis."""

    KIND: ClassVar = EventKind.UNIT_EVENT_SEEN
    sequence: int
    code: int
    uptime_ms: int
    unit_at_ms: int
    value_1: int
    value_2: int
    boot: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEventsLost:
    """The unit's ring overflowed before it was read."""

    KIND: ClassVar = EventKind.UNIT_EVENTS_LOST
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceAdjusted:
    """An ordered force was changed: ``hold`` or ``rest``."""

    KIND: ClassVar = EventKind.FORCE_ADJUSTED
    by: str
    reason: str
    force: str
    old_force_dn: int | None
    new_force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The treatment was paused; ``treatment_ms`` is the time of the treatment clock."""

    KIND: ClassVar = EventKind.PAUSED
    by: str
    reason: str
    target_dn: int | None
    treatment_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRegressed:
    """A pause lasted 60 s: the force goes back to the pretension."""

    KIND: ClassVar = EventKind.PAUSE_REGRESSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The return from a pause began; ``confirmed_by`` is empty if the force does not rise."""

    KIND: ClassVar = EventKind.RESUMED
    by: str
    confirmed_by: str
    from_dn: int | None
    to_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInRecorded:
    """Somebody checked on the patient."""

    KIND: ClassVar = EventKind.CHECK_IN_RECORDED
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkRecorded:
    """A remark for the record."""

    KIND: ClassVar = EventKind.REMARK_RECORDED
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityTaken:
    """Another person is responsible for the patient from now on; ``from_by`` was before."""

    KIND: ClassVar = EventKind.RESPONSIBILITY_TAKEN
    from_by: Annotated[str, StoredAs("from")]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRecorded:
    """A request was received and refused."""

    KIND: ClassVar = EventKind.REQUEST_REFUSED
    request: str
    by: str
    reason: str
