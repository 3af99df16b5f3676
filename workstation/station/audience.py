"""Everybody who is connected to the program of a unit: what they are shown and sent."""

from __future__ import annotations

from collections import deque

from controller.ports import Attendance, Clock
from controller.snapshot import Said, SettledCheck, Snapshot
from workstation.station.channel import Peer
from workstation.station.messages import (
    FRESH_S,
    LAST_CHECKS,
    LAST_SAID,
    NumberedSnapshot,
    PeerRole,
)


class Audience:
    """Shows a new connection the newest snapshot and messages. Callers hold the desk's lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._peers: list[Peer] = []
        self._said: deque[Said] = deque(maxlen=LAST_SAID)
        self._checks: deque[Said] = deque(maxlen=LAST_CHECKS)
        self._said_count = self._number = 0
        self._shown_at_s = clock.now_s()
        self._frame: NumberedSnapshot | None = None
        self.newest: Snapshot | None = None
        """The last snapshot."""

    def join(self, peer: Peer) -> None:
        """Add a connection that has identified itself."""
        for said in sorted([*self._said, *self._checks], key=lambda each: each.number):
            peer.send(said)
        if self._frame is not None:
            peer.show(self._frame)
        self._peers.append(peer)

    def leave(self, peer: Peer) -> None:
        """Remove a closed connection, whether it had joined or not."""
        if peer in self._peers:
            self._peers.remove(peer)

    def show(self, snapshot: Snapshot, *, sounds: bool | None) -> None:
        """Show the present snapshot, and whether alarms sound.

        It is numbered here: sessions and the watch between them form one sequence.
        """
        self._number += 1
        self.newest = snapshot
        self._frame = NumberedSnapshot(snapshot, self._number, sounds)
        self._shown_at_s = self._clock.now_s()
        for peer in self._peers:
            peer.show(self._frame)

    def tell(self, text: str, session_id: str) -> None:
        """Send a message that stays readable."""
        self._said.append(self._say(text, session_id, None))

    def tell_check(self, check: SettledCheck, session_id: str) -> None:
        """Send how an item of the self-check was settled."""
        self._checks.append(self._say(check.told, session_id, check))

    @property
    def quiet_s(self) -> float:
        """Returns for how long nothing was shown."""
        return self._clock.now_s() - self._shown_at_s

    @property
    def fresh_force_n(self) -> float | None:
        """Returns the force that was shown last; None where its reading is no longer fresh."""
        shown = self.newest
        if shown is None or shown.reading_age_s is None:
            return None
        return shown.force_n if shown.reading_age_s + self.quiet_s <= FRESH_S else None

    def _say(self, text: str, session_id: str, check: SettledCheck | None) -> Said:
        self._said_count += 1
        said = Said(
            number=self._said_count,
            utc_ms=self._clock.utc_ms(),
            text=text,
            session_id=session_id,
            check=check,
        )
        for peer in self._peers:
            peer.send(said)
        return said


class HeardOf:
    """When the console, page and station of a session were last heard."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._console_s: float | None = None
        self._station_s: float | None = None
        self._pages_s: float | None = None

    def welcome(self, role: PeerRole) -> None:
        """Note a new connection; once a console has connected, its page is expected."""
        self.hear(role)
        if role is PeerRole.CONSOLE and self._pages_s is None:
            self.see_page()

    def hear(self, role: PeerRole) -> None:
        """Note a message; a viewer is not expected to send any."""
        if role is PeerRole.CONSOLE:
            self._console_s = self._clock.now_s()
        elif role is PeerRole.STATION:
            self._station_s = self._clock.now_s()

    def see_page(self) -> None:
        """Note that a visible page has shown a frame."""
        self._pages_s = self._clock.now_s()

    def attendance(self) -> Attendance:
        """Returns how long ago console, page and station were heard; None for one never heard."""
        console_s, pages_s, station_s = self._console_s, self._pages_s, self._station_s
        now_s = self._clock.now_s()
        return Attendance(
            console_age_s=None if console_s is None else now_s - console_s,
            page_age_s=None if pages_s is None else now_s - pages_s,
            station_age_s=None if station_s is None else now_s - station_s,
        )
