"""What is recorded of the end of a session: the release, and what was seen of the unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from controller.event_details.codec import Stored
from controller.events import EventKind, Outcome, StopCause


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrdered:
    """A release was begun or made stronger; the reason is a known cause or words of the moment."""

    KIND: ClassVar = EventKind.RELEASE_ORDERED
    kind: str
    reason: StopCause | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseObserved:
    """The unit was seen free; ``unit_state`` is not stored where the program's last resort saw it.

    It reads no state.
    """

    KIND: ClassVar = EventKind.RELEASE_OBSERVED
    force_dn: int | None
    unit_state: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNotObserved:
    """It was not seen; the force is the last one read."""

    KIND: ClassVar = EventKind.RELEASE_NOT_OBSERVED
    force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDisarmed:
    """The unit was seen idle: motor off, clutch open."""

    KIND: ClassVar = EventKind.UNIT_DISARMED


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSeen:
    """What a recovery saw of the unit, and whether it had to be released."""

    unit_state: int
    force_dn: int | None
    released: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitObserved:
    """Recovery looked at the unit after an interruption; ``seen`` is None where none answered."""

    KIND: ClassVar = EventKind.UNIT_OBSERVED
    observed: bool
    seen: Annotated[UnitSeen | None, Stored.IN_PARTS] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedRows:
    """What somebody added to an interrupted session, and the recovery did not keep."""

    dropped_links: int
    dropped_events: int
    dropped_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """The end; ``reached_holding`` is None only in older records.

    An outcome or a cause that this program does not know stays the text that it is.
    """

    KIND: ClassVar = EventKind.SESSION_ENDED
    outcome: Outcome | str
    reason: StopCause | str
    reached_holding: Annotated[bool | None, Stored.UNLESS_NONE] = None
    dropped: Annotated[DroppedRows | None, Stored.IN_PARTS] = None
