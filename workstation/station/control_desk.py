"""Connects people with the process that drives a unit: connections and messages arrive here.

Each connection has a thread that reads what comes. What concerns the unit is queued here, and the
thread that drives takes it at its tick; it never waits for a connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Final, assert_never

from controller.errors import MessageRefused, RequestRefused
from controller.ports import Attendance, Clock
from controller.requests import AskedRequest, SessionRequest
from controller.snapshot import Doing, SettledCheck, Snapshot
from workstation.station.asked_messages import AskedMessages
from workstation.station.audience import Audience, HeardOf
from workstation.station.channel import Peer
from workstation.station.idle_alarms import IdleAlarms
from workstation.station.messages import (
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
    ToControl,
    TraceOn,
    Welcome,
    to_control,
)
from workstation.station.remote_operator import Became, RemoteOperator
from workstation.station.responsible import Preparing

HELLO_S: Final = 1.0
"""Time for the first message of a connection."""
BUSY_EVERY_S: Final = 0.25
"""How often busy is shown again, so that slow work is never silence."""
SESSION_OVER: Final = "the session is over"
PROGRAM: Final = "traction-session-controller"

MAY: Final = {
    PeerRole.CONSOLE: frozenset(
        {Heartbeat, Prepare, GivenAnswer, MadeRequest, OrderedStop, Announce, TraceOn}
    ),
    PeerRole.STATION: frozenset({Heartbeat, OrderedStop, Leave, Announce}),
    PeerRole.WATCH: frozenset({Heartbeat, OrderedStop}),
}
"""Which messages each role may send; everybody may stop."""


class ControlDesk:
    """One per process. ``time_of`` formats a time of day in the clinic's zone.

    ``begin_tracing`` captures the bytes of the line from now on, for the given person; it returns
    the file or raises RequestRefused.
    """

    def __init__(
        self,
        called: str,
        clock: Clock,
        time_of: Callable[[int], str],
        begin_tracing: Callable[[str], Path],
    ) -> None:
        self._called = called
        self._clock = clock
        self._time_of = time_of
        self._begin_tracing = begin_tracing
        self._lock = threading.RLock()
        self._audience = Audience(clock)
        self._heard = HeardOf(clock)
        self._asked = AskedMessages()
        self._idle_alarms = IdleAlarms(clock)
        self._preparing: Preparing | None = None
        self._operator: RemoteOperator | None = None
        self._idle_stop = False
        self._stopped: RequestOutcome | None = None
        self.unit_id = ""
        self.sounds: bool | None = None
        """Whether the station has a loudspeaker that answers; None without a station."""
        self.leaving = ""
        """Who wants the process to end; "" until somebody does."""

    # --- the thread that drives ---------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Show the present to everybody who is connected; of several in a row only the newest."""
        with self._lock:
            shown = self._idle_alarms.shown_in(snapshot)
            if self._preparing is not None:
                self._preparing = self._preparing.after(shown)
            self._audience.show(shown, sounds=self.sounds)

    def show_busy(self, text: str) -> None:
        """Report that slow work begins; ``repeat_busy`` repeats it until the next snapshot."""
        with self._lock:
            busy = Snapshot(
                number=0,
                utc_ms=self._clock.utc_ms(),
                doing=Doing.BUSY,
                busy_with=text,
                session_id=self.session_id,
                phase=Doing.BUSY.value,
            )
            self.show(busy if self._preparing is None else self._preparing.shown_in(busy))

    def tell(self, text: str) -> None:
        """Send a message that stays readable to everybody who is connected."""
        with self._lock:
            self._audience.tell(text, self.session_id)

    def tell_check(self, check: SettledCheck) -> None:
        """Send how an item of the self-check was settled to everybody who is connected."""
        with self._lock:
            self._audience.tell_check(check, self.session_id)

    def asked_session(self) -> Prepare | None:
        """Returns the session that was requested and is not begun yet."""
        with self._lock:
            waits = self._preparing is not None and self._operator is None
            return self._preparing.asked if waits and self._preparing else None

    def begin(self, asked: Prepare) -> RemoteOperator | None:
        """Begin the requested session; returns who answers in it, None where it is called off.

        A stop since the request has refused it already.
        """
        with self._lock:
            if self._preparing is None or self._preparing.asked != asked:
                return None
            self._operator = RemoteOperator(asked.session_id, asked.by, self)
            if self.leaving:
                self._operator.leave(self.leaving)
            self.settle(asked.id, Followed.FOLLOWED)
            if noted := self._idle_alarms.take_note(asked.by):
                self.tell(noted)
            return self._operator

    def end(self) -> None:
        """End the session, and with it everything that still waited for its next tick."""
        with self._lock:
            for request_id in self._asked.waiting:
                self.settle(request_id, Followed.REFUSED, SESSION_OVER)
            self._operator = self._preparing = self._stopped = None
            self._idle_stop = False

    def refuse(self, asked: Prepare, reason: str) -> None:
        """Refuse a session that was requested."""
        with self._lock:
            self.settle(asked.id, Followed.REFUSED, reason)
            self.end()

    def raise_alarm(self, session_id: str, code: str, noted: Callable[[str], None]) -> None:
        """Raise an alarm about an earlier session, until a named person acknowledges it.

        ``noted`` gets that person's name; it must not wait.
        """
        with self._lock:
            self._idle_alarms.raise_for(session_id, code, noted)

    def settle(self, request_id: str, result: Followed, reason: str = "") -> None:
        """Send the outcome of a message to everybody who sent it."""
        with self._lock:
            if not self._asked.is_open(request_id):
                return
            outcome = self._outcome(request_id, result, reason)
            if self._asked.is_stop(request_id) and result is Followed.FOLLOWED:
                self._stopped = outcome
            self._asked.settle(outcome)

    def take_idle_stop(self) -> bool:
        """Returns True once after a stop that came while no session was open."""
        with self._lock:
            taken, self._idle_stop = self._idle_stop, False
            return taken

    def leave(self, by: str) -> None:
        """End the process: a session is released first."""
        self.leaving = self.leaving or by
        operator = self._operator
        if operator is not None:
            operator.leave(by)

    def remind(self, text: str) -> None:
        """Do as ``tell``; for the keys of a terminal at which the process was started."""
        self.tell(text)

    @property
    def session_id(self) -> str:
        """Returns the session that begins or runs; "" without one."""
        preparing = self._preparing
        return "" if preparing is None else preparing.asked.session_id

    def attendance(self) -> Attendance:
        """Returns how long ago console, page and station were heard; None for one never heard."""
        return self._heard.attendance()

    # --- threads of connections ---------------------------------------------------------------

    def repeat_busy(self) -> None:
        """Show busy again where nothing was shown for a while; called in a thread of its own."""
        with self._lock:
            newest = self._audience.newest
            if newest is None or self._audience.quiet_s < BUSY_EVERY_S:
                return
            if newest.doing is Doing.BUSY:
                self.show(replace(newest, utc_ms=self._clock.utc_ms()))

    def serve(self, peer: Peer) -> None:
        """Serve one connection from its Hello to its end."""
        try:
            role = self._welcomed(peer)
            if role is not None:
                self._listen(peer, role)
        except EOFError:
            pass  # it has gone
        finally:
            with self._lock:
                self._audience.leave(peer)
                self._asked.forget(peer)

    def _welcomed(self, peer: Peer) -> PeerRole | None:
        """Returns who it is; None for a connection whose first message is missing or wrong."""
        try:
            content = peer.receive(HELLO_S)
            hello = None if content is None else to_control(content)
        except MessageRefused as error:
            peer.close(RefusedMessage(code=error.code, reason=error.message))
            return None
        if not isinstance(hello, Hello):
            return None
        with self._lock:
            peer.send(
                Welcome(
                    version=VERSION,
                    program=version(PROGRAM),
                    unit=self._called,
                    unit_id=self.unit_id,
                    session_id=self.session_id,
                )
            )
            self._audience.join(peer)
            self._heard.welcome(hello.role)
        return hello.role

    def _listen(self, peer: Peer, role: PeerRole) -> None:
        while True:
            try:
                content = peer.receive()
                if content is None:
                    continue
                message = to_control(content)
                if type(message) not in MAY[role]:
                    raise MessageRefused(
                        f"a connection of kind {role.value} may not send "
                        f"{type(message).__name__}; connect in a role that may"
                    )
            except MessageRefused as error:
                peer.send(RefusedMessage(code=error.code, reason=error.message))
                continue
            with self._lock:
                self._heard.hear(role)
                self._take(peer, message)

    def _take(self, peer: Peer, message: ToControl) -> None:
        match message:
            case Heartbeat():
                if message.live_pages:
                    self._heard.see_page()
                if message.sounds is not None:
                    self.sounds = message.sounds
            case Announce():
                self.tell(message.text)
            case Prepare() | GivenAnswer() | MadeRequest() | OrderedStop() | Leave() | TraceOn():
                self._take_once(peer, message)
            case Hello():
                peer.send(RefusedMessage(code=MessageRefused.code, reason="Hello was already sent"))
            case _:
                assert_never(message)

    def _take_once(self, peer: Peer, message: _WithId) -> None:
        """Do what a message asks for, unless its id was used before."""
        if not self._asked.is_new(message.id, peer, is_stop=isinstance(message, OrderedStop)):
            return
        became = self._done(message)
        if became is None:
            self._asked.wait(message.id)
        else:
            self.settle(message.id, *became)

    def _done(self, message: _WithId) -> Became | None:
        """Returns the outcome; None where it is not known yet."""
        match message:
            case Prepare():
                return self._prepare(message)
            case OrderedStop():
                return self._stop(message)
            case Leave():
                self.leave(message.by)
                return Followed.FOLLOWED, ""
            case TraceOn():
                threading.Thread(target=self._begin_trace, args=(message,), daemon=True).start()
                return None  # it may wait for the disk, which must delay nobody else
        operator = self._operator
        if isinstance(message, MadeRequest) and self._idle_alarms.concern(message.session_id):
            return self._noted(message.request)
        if operator is None or message.session_id != operator.session_id:
            return Followed.REFUSED, f"session {message.session_id} is not open on {self._called}"
        if isinstance(message, GivenAnswer):
            return operator.give(message)
        return operator.put(AskedRequest(id=message.id, request=message.request))

    def _noted(self, request: SessionRequest) -> Became:
        settled = self._idle_alarms.follow(request)
        self.tell(settled.text)
        return Followed.FOLLOWED if settled.followed else Followed.REFUSED, settled.text

    def _begin_trace(self, message: TraceOn) -> None:
        try:
            file = self._begin_tracing(message.by)
        except RequestRefused as refusal:
            self.settle(message.id, Followed.REFUSED, refusal.message)
        else:
            self.settle(message.id, Followed.FOLLOWED, f"the bytes of the line are kept in {file}")

    def _prepare(self, asked: Prepare) -> Became | None:
        if self.leaving:
            return Followed.REFUSED, f"the program of {self._called} is ending"
        first = self._preparing
        if first is not None:
            return Followed.REFUSED, first.words(self._called, self._time_of)
        self._preparing = Preparing.by_who_asks(asked, self._clock.utc_ms())
        return None

    def _stop(self, message: OrderedStop) -> Became:
        if self._operator is not None:
            return self._operator.stop(message.by, fast=message.fast), ""
        if self._preparing is not None:
            asked = self._preparing.asked
            self.refuse(asked, f"stopped by {message.by} before it began")
        self._idle_stop = True
        return Followed.NOTHING_OPEN, ""

    def _outcome(self, request_id: str, result: Followed, reason: str) -> RequestOutcome:
        """Returns the outcome with the newest fresh force; for a stop with the first one's."""
        first = self._stopped
        if result is Followed.ALREADY and first is not None:
            return replace(first, id=request_id, result=result)
        return RequestOutcome(
            id=request_id,
            result=result,
            reason=reason,
            utc_ms=self._clock.utc_ms(),
            force_n=self._audience.fresh_force_n,
        )


_WithId = Prepare | GivenAnswer | MadeRequest | OrderedStop | Leave | TraceOn
