"""The stop door: an HTTP server of its own whose only act is to stop.

One thread serves all connections and waits for none of them. A press counts at the moment at which
the head of its request is complete. Incomplete, slow or a thousand simultaneous requests lose their
places again: the oldest one without a complete head makes room for the next.
"""

from __future__ import annotations

import errno
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from controller.errors import RequestRefused, StationBusy
from controller.ports import Clock
from workstation.station.sockets import listening_at
from workstation.station.sparing_log import SparingLog
from workstation.station.stop_desk import Pending, StopDesk
from workstation.station.stop_request import MOST_HEAD_BYTES, whole_head

MOST_CONNECTIONS: Final = 200
HEAD_S: Final = 5.0
"""Time for the head of a request. A browser opens connections before it needs them."""
LINGER_S: Final = 0.5
"""Time for the rest of a body, so that an unread one does not cut off the answer."""
TURN_S: Final = 0.02
"""Interval of checks for the outcome of a press."""
IDLE_S: Final = 0.5
PIECE: Final = 16_384
ACCEPTED_AT_ONCE: Final = 128
WAITING_CONNECTIONS: Final = 1024
"""With a smaller backlog the system may answer a connection a second late, too late for a press."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorAddress:
    """Where the door listens; with ``tls`` connections begin with a TLS handshake."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


@dataclass(eq=False, slots=True, kw_only=True)
class _Caller:
    """A connection: first its head is read, then an answer is sent, then the rest is dropped."""

    connected: socket.socket
    source: str
    due_s: float
    received: bytearray = field(default_factory=bytearray)
    pending: Pending | None = None
    answer: memoryview | None = None
    shakes_hands: bool = False
    lingers: bool = False


class StopDoor:
    """Listens from its creation until ``close``."""

    def __init__(
        self,
        addresses: Sequence[DoorAddress],
        desk: StopDesk,
        *,
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        """Take the ports; raises StationBusy for one in use."""
        self._desk = desk
        self._clock = clock
        self._log = SparingLog(clock, report)
        self._selector = selectors.DefaultSelector()
        self._callers: dict[object, _Caller] = {}
        self._closed = False
        self._listening: list[tuple[socket.socket, ssl.SSLContext | None]] = []
        try:
            for one in addresses:
                self._listening.append((listening(one), one.tls))
                self._selector.register(self._listening[-1][0], selectors.EVENT_READ)
        except BaseException:
            self._give_back()
            raise
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Returns True while it serves."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop serving."""
        self._closed = True
        self._thread.join()
        for caller in list(self._callers.values()):
            self._drop(caller)
        self._give_back()

    def _give_back(self) -> None:
        for listener, _ in self._listening:
            listener.close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._closed:
            waits = any(one.pending is not None for one in self._callers.values())
            ready = self._selector.select(TURN_S if waits else IDLE_S)
            for key, _ in ready:
                if caller := self._callers.get(key.fileobj):
                    self._guarded(caller, self._go_on)
            # Moved to the end of the queue: one without a complete head may lose its place to a new
            # one.
            for listener, tls in self._listening:
                self._accept(listener, tls)
            for caller in list(self._callers.values()):
                self._guarded(caller, self._look_at_time)

    def _guarded(self, caller: _Caller, work: Callable[[_Caller], None]) -> None:
        """Guard the other connections, whatever goes wrong with this one."""
        try:
            work(caller)
        except (OSError, EOFError):
            self._drop(caller)
        except Exception as error:
            self._log.say("failed", f"the stop door failed with {caller.source}: {error!r}")
            self._drop(caller)

    def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connected, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._log.say(
                    "accept", f"the stop door could not accept a connection ({error.strerror})"
                )
                self._make_room()
                return
            try:
                self._enter(connected, str(address[0]), tls)
            except OSError:
                connected.close()  # closed before it sent anything

    def _enter(self, connected: socket.socket, source: str, tls: ssl.SSLContext | None) -> None:
        if len(self._callers) >= MOST_CONNECTIONS:
            self._log.say("full", f"more than {MOST_CONNECTIONS} connections to the stop door")
            self._make_room()
        connected.setblocking(False)
        if tls is not None:
            connected = tls.wrap_socket(connected, server_side=True, do_handshake_on_connect=False)
        caller = _Caller(
            connected=connected,
            source=source,
            due_s=self._clock.now_s() + HEAD_S,
            shakes_hands=tls is not None,
        )
        self._callers[connected] = caller
        self._selector.register(connected, selectors.EVENT_READ)

    def _make_room(self) -> None:
        """Drop the oldest that is not waiting for our answer; presses are never dropped."""
        for caller in self._callers.values():
            if caller.pending is None and caller.answer is None:
                self._drop(caller)
                return

    def _go_on(self, caller: _Caller) -> None:
        """Do what a ready connection allows."""
        try:
            if caller.shakes_hands:
                self._shake_hands(caller)
            elif caller.answer is not None:
                self._send(caller)
            else:
                self._read(caller)
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except ssl.SSLWantWriteError:
            self._selector.modify(caller.connected, selectors.EVENT_WRITE)

    def _shake_hands(self, caller: _Caller) -> None:
        assert isinstance(caller.connected, ssl.SSLSocket)
        caller.connected.do_handshake()
        caller.shakes_hands = False
        self._selector.modify(caller.connected, selectors.EVENT_READ)
        self._read(caller)

    def _read(self, caller: _Caller) -> None:
        piece = caller.connected.recv(PIECE)
        if not piece:
            if caller.pending is None:
                raise EOFError
            self._selector.unregister(caller.connected)  # it may still read the answer
            return
        if caller.lingers or caller.pending is not None:
            return
        caller.received += piece
        head = whole_head(caller.received)
        if head is not None and len(head) <= MOST_HEAD_BYTES:
            caller.pending = self._desk.handle(head, caller.source)
            self._look_at_time(caller)
        elif len(caller.received) > MOST_HEAD_BYTES:
            self._answer(caller, self._desk.too_long().as_bytes())

    def _look_at_time(self, caller: _Caller) -> None:
        """Send an answer that is ready, and drop connections that are too late."""
        now_s = self._clock.now_s()
        if caller.pending is not None:
            if caller.pending.is_ready(now_s):
                content, caller.pending = caller.pending.content().as_bytes(), None
                self._answer(caller, content)
        elif now_s >= caller.due_s:
            raise EOFError

    def _answer(self, caller: _Caller, content: bytes) -> None:
        caller.answer = memoryview(content)
        caller.due_s = self._clock.now_s() + HEAD_S
        with suppress(KeyError):
            self._selector.unregister(caller.connected)
        self._selector.register(caller.connected, selectors.EVENT_WRITE)
        with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._send(caller)

    def _send(self, caller: _Caller) -> None:
        assert caller.answer is not None
        caller.answer = caller.answer[caller.connected.send(caller.answer) :]
        if caller.answer:
            return
        caller.answer = None
        caller.lingers = True
        caller.due_s = self._clock.now_s() + LINGER_S
        self._selector.modify(caller.connected, selectors.EVENT_READ)
        caller.connected.shutdown(socket.SHUT_WR)

    def _drop(self, caller: _Caller) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(caller.connected)
        self._callers.pop(caller.connected, None)
        caller.connected.close()


def listening(address: DoorAddress) -> socket.socket:
    """Returns a socket that listens at an address.

    Raises StationBusy when the port is in use, RequestRefused for another machine's address.
    """
    try:
        return listening_at(address.host, address.port, WAITING_CONNECTIONS)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StationBusy(
                f"the port {address.port} of {address.host} is in use; end the program that "
                "uses it, or choose another one with the setting stop_port"
            ) from error
        raise RequestRefused(
            f"the stop door cannot listen at {address.host}, port {address.port} "
            f"({error.strerror}); correct the setting console_addresses, stop_addresses or "
            "stop_port"
        ) from error
