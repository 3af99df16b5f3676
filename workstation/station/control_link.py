"""The station's connection to the process that drives a unit: kept open, and reopened.

It reports that the station is there, receives the unit's state, and carries people's requests. A
press during a short gap is sent when the connection is back.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable
from typing import Final

from controller.errors import MessageRefused, StationUnreachable
from controller.ports import Clock
from controller.session.free_cord import FREE_FORCE_N
from controller.snapshot import Doing, Said, Snapshot
from controller.telemetry import UnitState
from controller.words import TEXT_CHARACTERS
from workstation.station.channel import Peer, connect_to
from workstation.station.messages import (
    FRESH_S,
    LAST_CHECKS,
    LAST_SAID,
    VERSION,
    Announce,
    Followed,
    GivenAnswer,
    Heartbeat,
    Hello,
    Leave,
    MadeRequest,
    OrderedStop,
    PeerRole,
    Prepare,
    RefusedMessage,
    RequestOutcome,
    TraceOn,
    encoded,
    from_control,
)
from workstation.station.place import ChannelPlace
from workstation.station.sparing_log import SparingLog
from workstation.station.stop_target import SeenForce, StopAnswer, StopResult

HEARTBEAT_S: Final = 1.0
RETRY_S: Final = 0.2
SENT_AGAIN_S: Final = 5.0
"""An unanswered message younger than this is sent again on a new connection, with its id."""
KEPT_MESSAGES: Final = 64
_FREE_STATES = frozenset({UnitState.ARMED, UnitState.IDLE, UnitState.SAFE_LATCHED, UnitState.FAULT})
"""States in which nothing pulls, once the force is low (``controller.session.release``)."""
_RESULTS = {
    Followed.FOLLOWED: StopResult.ORDERED,
    Followed.ALREADY: StopResult.ALREADY_ORDERED,
    Followed.NOTHING_OPEN: StopResult.NOTHING_OPEN,
}


Asked = Prepare | GivenAnswer | MadeRequest | OrderedStop | TraceOn
"""Messages whose outcome is reported by their id."""


class SentMessage:
    """A message with an id that was sent; the link's thread sets its outcome."""

    def __init__(self, message: Asked, at_s: float) -> None:
        self.message = message
        self.at_s = at_s
        self.outcome: RequestOutcome | None = None


class LinkedPress:
    """A press of a stop that was sent."""

    def __init__(self, sent: SentMessage) -> None:
        self._sent = sent

    def answer(self) -> StopAnswer | None:
        """Returns the outcome; None until there is an answer."""
        outcome = self._sent.outcome
        if outcome is None:
            return None
        return StopAnswer(
            result=_RESULTS[outcome.result], utc_ms=outcome.utc_ms, force_n=outcome.force_n
        )


def _nobody_looks() -> Heartbeat:
    """Returns the state of a connection that has no page and no loudspeaker."""
    return Heartbeat(live_pages=0)


class ControlLink:
    """One unit as the station or a viewer sees it. Its calls wait for nothing.

    ``heartbeat`` makes the message that is sent once a second: that somebody is there, and who
    looks; None sends nothing.
    """

    def __init__(
        self,
        place: ChannelPlace,
        clock: Clock,
        report: Callable[[str], None],
        *,
        manual_release: str = "",
        role: PeerRole = PeerRole.STATION,
        heartbeat: Callable[[], Heartbeat | None] = _nobody_looks,
    ) -> None:
        self.manual_release = manual_release
        self.said: deque[Said] = deque(maxlen=LAST_SAID)
        """The last messages; a new connection sends them again."""
        self.checks: deque[Said] = deque(maxlen=LAST_CHECKS)
        """Messages that settled items of the self-check, which go further back."""
        self.said_count = 0
        self._role = role
        self._heartbeat = heartbeat
        self._place = place
        self._clock = clock
        self._log = SparingLog(clock, report)
        self._peer: Peer | None = None
        self._snapshot: Snapshot | None = None
        self._heard_s = clock.now_s() - FRESH_S
        self._released: SeenForce | None = None
        self._awaits_release = False
        self._sent: deque[SentMessage] = deque(maxlen=KEPT_MESSAGES)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    # --- what the door asks -------------------------------------------------------------------

    @property
    def called(self) -> str:
        """Returns the unit's name."""
        return self._place.called

    def order_stop(self, source: str, press: str = "") -> LinkedPress:
        """Order the release; repeated presses with the same id are one."""
        return LinkedPress(self.ask(OrderedStop(id=press or uuid.uuid4().hex, by=source)))

    def ask(self, message: Asked) -> SentMessage:
        """Send a message whose outcome will be reported; a new connection sends it again."""
        sent = SentMessage(message, self._clock.now_s())
        self._sent.append(sent)
        self._send(message)
        return sent

    def tell(self, text: str) -> None:
        """Send a message to everybody who watches the unit."""
        self._send(Announce(text=text[:TEXT_CHARACTERS]))

    def force(self) -> SeenForce:
        """Returns the present force."""
        snapshot = self._snapshot
        if snapshot is None or not self.is_answering or not _is_fresh(snapshot):
            return SeenForce(utc_ms=self._clock.utc_ms(), force_n=None)
        return SeenForce(utc_ms=snapshot.utc_ms, force_n=snapshot.force_n)

    def released(self) -> SeenForce | None:
        """Returns where the release was seen after the newest stop."""
        return self._released

    # --- what the station asks ----------------------------------------------------------------

    @property
    def silent_s(self) -> float:
        """Returns for how long nothing was received."""
        return self._clock.now_s() - self._heard_s

    @property
    def is_answering(self) -> bool:
        """Returns True while the process keeps sending."""
        return self._peer is not None and self._clock.now_s() - self._heard_s <= FRESH_S

    @property
    def in_session(self) -> bool:
        """Returns True when a session was open, by the last snapshot."""
        return self._snapshot is not None and self._snapshot.doing is Doing.SESSION

    @property
    def snapshot(self) -> Snapshot | None:
        """Returns the last snapshot."""
        return self._snapshot

    @property
    def is_free(self) -> bool:
        """Returns True while a fresh reading shows that nothing pulls."""
        snapshot = self._snapshot
        return snapshot is not None and self.is_answering and _is_free(snapshot)

    def leave(self, by: str) -> None:
        """Ask the process to release the patient and to end."""
        self._send(Leave(id=uuid.uuid4().hex, by=by))

    def close(self) -> None:
        """End the connection; the process continues."""
        self._closed.set()
        if peer := self._peer:
            peer.cut()
        self._thread.join()

    def _send(self, message: object) -> None:
        if peer := self._peer:
            peer.send(message)

    # --- the thread ---------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._closed.is_set():
            try:
                self._talk(connect_to(self._place, encode=encoded))
            except StationUnreachable:
                pass
            except Exception as error:
                self._log.say("failed", f"{self.called}: its connection failed: {error!r}")
            self._closed.wait(RETRY_S)

    def _talk(self, peer: Peer) -> None:
        """Talk until the connection ends, from either side."""
        try:
            peer.send(Hello(version=VERSION, role=self._role))
            self._peer = peer
            self._send_again(peer)
            self._hear(peer)
        except EOFError:
            pass
        except MessageRefused as refused:
            self._log.say("refused", f"{self.called}: {refused.message}")
        finally:
            self._peer = None
            peer.close()

    def _send_again(self, peer: Peer) -> None:
        for sent in list(self._sent):
            if sent.outcome is None and self._clock.now_s() - sent.at_s <= SENT_AGAIN_S:
                peer.send(sent.message)

    def _hear(self, peer: Peer) -> None:
        next_beat_s = self._clock.now_s()
        while not self._closed.is_set():
            now_s = self._clock.now_s()
            if now_s >= next_beat_s:
                if beat := self._heartbeat():
                    peer.send(beat)
                next_beat_s = now_s + HEARTBEAT_S
            content = peer.receive(max(0.0, next_beat_s - now_s))
            if content is not None:
                self._heard(from_control(content))

    def _heard(self, message: object) -> None:
        self._heard_s = self._clock.now_s()
        if isinstance(message, Snapshot):
            self._snapshot = message
            if self._awaits_release and _is_free(message):
                self._released = SeenForce(utc_ms=message.utc_ms, force_n=message.force_n)
                self._awaits_release = False
        elif isinstance(message, Said):
            self._keep_said(message)
        elif isinstance(message, RequestOutcome):
            self._answered(message)
        elif isinstance(message, RefusedMessage):
            self._log.say("refused", f"{self.called}: {message.reason}")

    def _keep_said(self, said: Said) -> None:
        """Keep new messages: a new process restarts the numbers, a new connection repeats some."""
        known = self.said if said.check is None else self.checks
        if said in known:
            return
        self.said.append(said)
        self.said_count += 1
        if said.check is not None:
            self.checks.append(said)

    def _answered(self, outcome: RequestOutcome) -> None:
        waiting = (one for one in self._sent if one.message.id == outcome.id and not one.outcome)
        sent = next(waiting, None)
        if sent is None:
            return
        if isinstance(sent.message, OrderedStop):
            if outcome.result not in _RESULTS:
                return
            self._await_release(_RESULTS[outcome.result])
        sent.outcome = outcome

    def _await_release(self, result: StopResult) -> None:
        if result is StopResult.ORDERED:
            self._released = None
        if result is not StopResult.NOTHING_OPEN:
            self._awaits_release = self._released is None


def _is_fresh(snapshot: Snapshot) -> bool:
    return snapshot.reading_age_s is not None and snapshot.reading_age_s <= FRESH_S


def _is_free(snapshot: Snapshot) -> bool:
    """Returns True when a fresh reading shows a unit that does not pull and a cord that is free."""
    forces = [one for one in (snapshot.force_n, snapshot.second_force_n) if one is not None]
    return (
        _is_fresh(snapshot)
        and snapshot.unit_state in _FREE_STATES
        and bool(forces)
        and max(forces) <= FREE_FORCE_N
    )
