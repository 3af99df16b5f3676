"""Records of the end of a session: a release that was ordered, and how it ended."""

# No string annotations: the codec would compile each of them in every process.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from controller.event_details.codec import Stored
from controller.events import EventKind, Outcome, StopCause


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrdered:
    """A release was started or made stronger; the reason is a known cause or free text."""

    KIND: ClassVar = EventKind.RELEASE_ORDERED
    kind: str
    reason: StopCause | str


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedRows:
    """Entries for an interrupted session that the recovery did not keep."""

    dropped_links: int
    dropped_events: int
    dropped_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """The end; ``reached_holding`` is None only in older records.

    An outcome or a cause unknown to this program stays text.
    """

    KIND: ClassVar = EventKind.SESSION_ENDED
    outcome: Outcome | str
    reason: StopCause | str
    reached_holding: Annotated[bool | None, Stored.UNLESS_NONE] = None
    dropped: Annotated[DroppedRows | None, Stored.IN_PARTS] = None
