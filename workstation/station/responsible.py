"""Who prepares a unit or is responsible for its session, as its program knows it and in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from controller.order.phases import Phase
from controller.snapshot import Doing, Snapshot
from workstation.station.messages import Prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """Who has asked for the session that begins or runs, and who is responsible since when.

    Times are wall-clock times. ``is_treated`` once the preparation is over.
    """

    asked: Prepare
    responsible: str
    since_utc_ms: int
    is_treated: bool = False

    @classmethod
    def by_who_asks(cls, asked: Prepare, utc_ms: int) -> Preparing:
        """Returns a session that somebody has just requested."""
        return cls(asked=asked, responsible=asked.by, since_utc_ms=utc_ms)

    def after(self, shown: Snapshot) -> Preparing:
        """Returns the same once the session has shown this, including who took over."""
        if shown.doing is not Doing.SESSION or shown.session_id != self.asked.session_id:
            return self
        is_treated = self.is_treated or shown.phase != Phase.CHECKING.label
        since_ms = shown.responsible_since_ms
        if shown.responsible in ("", self.responsible) or since_ms is None:
            return replace(self, is_treated=is_treated) if is_treated != self.is_treated else self
        return replace(
            self,
            responsible=shown.responsible,
            since_utc_ms=since_ms,
            is_treated=is_treated,
        )

    def shown_in(self, busy: Snapshot) -> Snapshot:
        """Returns a snapshot with who prepares: slow work before a treatment is preparation."""
        if self.is_treated:
            return busy
        return replace(busy, responsible=self.responsible, responsible_since_ms=self.since_utc_ms)

    def words(self, called: str, time_of: Callable[[int], str]) -> str:
        """Returns who it is, for somebody who wants the same unit."""
        since = time_of(self.since_utc_ms)
        return _sentence(self.responsible, called, since, prepares=not self.is_treated)


def responsible_words(shown: Snapshot, called: str, time_of: Callable[[int], str]) -> str:
    """Returns who is responsible at a table at this moment, and since when; "" where nobody is."""
    since_ms = shown.responsible_since_ms
    if not shown.responsible or since_ms is None:
        return ""
    prepares = shown.doing is Doing.BUSY or shown.phase == Phase.CHECKING.label
    return _sentence(shown.responsible, called, time_of(since_ms), prepares=prepares)


def _sentence(by: str, called: str, since: str, *, prepares: bool) -> str:
    doing = "has been preparing" if prepares else "has been responsible at"
    return f"{by} {doing} {called} since {since}."
