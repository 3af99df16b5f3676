"""The channel of a unit: one process listens; consoles and the stop door connect to it.

A client proves that it can read the listener's key file, and the listener proves the same: each
answers the other's random bytes with their HMAC. That happens in a thread of the connection and
within a second, so that a silent client delays nobody. Connections beyond the limit are refused at
once; existing ones are not affected.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

from controller.errors import MessageRefused, StationUnreachable
from controller.ports import Clock
from records.store.private_files import write_private
from workstation.station.frames import FrameSender
from workstation.station.line import Accepting, MessageLine, connect, listen
from workstation.station.outbox import Outbox
from workstation.station.place import ChannelPlace, Held
from workstation.station.sparing_log import SparingLog

HANDSHAKE_S: Final = 1.0
MOST_CONNECTIONS: Final = 24
"""Of one unit: the door, the console, one spare, and viewers."""
BREATH_S: Final = 0.1
"""Pause after an accept that failed, for instance because no descriptor was left."""
REFUSED_S: Final = 0.002
"""Pause after a refused connection: a client that opens them endlessly waits for the listener, and
the thread that drives waits for nobody.
"""
LAST_WORDS_S: Final = 1.0
"""Time for the last message of a connection that is closed."""
_KEY_BYTES = _RANDOM_BYTES = _PROOF_BYTES = 32
_CHALLENGE = b"traction channel 1 "
_FULL = b"full"
_CLIENT, _LISTENER = b"client", b"listener"

Encode = Callable[[object], bytes]


class Peer:
    """The other side of a connection, which has authenticated itself.

    One thread receives. Any thread may ``send`` and ``show``, which never wait: what the other side
    does not take at once is left to a thread that does nothing else. ``frames`` sends what is
    shown; without it nothing may be shown.
    """

    def __init__(
        self, line: MessageLine, encode: Encode, frames: FrameSender | None = None
    ) -> None:
        self._line = line
        self._encode = encode
        self._frames = frames
        self._outbox = Outbox()
        self._writer = _thread(self._write)

    def send(self, message: object) -> None:
        """Send it after the waiting messages."""
        if not self._sent_at_once(message):
            self._outbox.put(message)

    def show(self, frame: object) -> None:
        """Send it unless a newer one replaces it first."""
        assert self._frames is not None
        self._frames.show(self, frame)

    def pass_on(self, frame: object) -> None:
        """Send a frame whose turn has come, or keep it for the writer as the newest."""
        if not self._sent_at_once(frame):
            self._outbox.show(frame)

    def _sent_at_once(self, message: object) -> bool:
        if not self._outbox.is_idle:
            return False
        try:
            return self._line.offer(self._encode(message))
        except EOFError:
            self.cut()
            return True

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        """Receive as ``MessageLine.receive`` does."""
        return self._line.receive(timeout_s)

    def cut(self) -> None:
        """End the connection from any thread: ``receive`` raises EOFError."""
        self._outbox.drop()
        self._line.cut()

    def close(self, last: object | None = None) -> None:
        """End it by the thread that receives, with a last message unless that is None."""
        if last is None:
            self._outbox.drop()
            self._line.cut()
        else:
            self._outbox.put(last)
            self._outbox.end()
            self._writer.join(LAST_WORDS_S)
            self._line.cut()
        self._writer.join()
        self._line.close()

    def _write(self) -> None:
        try:
            while (message := self._outbox.next()) is not None:
                self._line.send(self._encode(message))
        except EOFError:
            pass
        finally:
            self._outbox.drop()
            self._line.cut()


class ChannelListener:
    """Listens at a place while it exists. ``serve`` gets each peer in a thread of its own."""

    def __init__(
        self,
        place: ChannelPlace,
        serve: Callable[[Peer], None],
        *,
        encode: Encode,
        clock: Clock,
        report: Callable[[str], None],
        beside_loop: Callable[[threading.Thread], None] | None = None,
    ) -> None:
        """Take the place; raises StationBusy when another process has it, OSError.

        ``beside_loop`` is told the thread that sends the frames.
        """
        self._place = place
        self._serve = serve
        self._encode = encoded_once(encode)
        self._clock = clock
        self._frames = FrameSender(clock, beside_loop)
        self._log = SparingLog(clock, report)
        self._held = Held(
            place.lock, f"another program of this workstation keeps {place.called}; use that one"
        )
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._lock = threading.Lock()
        self._lines: set[MessageLine] = set()
        self._closed = self._has_refused = False
        try:
            write_private(place.key, self._key, secret=True)
            self._accepting: Accepting = listen(place)
        except BaseException:
            self._held.release()
            raise
        self._thread = _thread(self._accept)

    @property
    def connections(self) -> int:
        """Returns the present number, including those that have not authenticated yet."""
        with self._lock:
            return len(self._lines)

    def close(self) -> None:
        """Accept no more, end the existing ones, and leave the place."""
        with self._lock:
            self._closed = True
            lines = list(self._lines)
        for line in lines:
            line.cut()
        self._accepting.close()
        self._frames.close()
        self._thread.join()
        self._place.socket.unlink(missing_ok=True)
        self._place.key.unlink(missing_ok=True)
        self._held.release()

    def _accept(self) -> None:
        while not self._closed:
            if self._has_refused:
                self._has_refused = False
                self._clock.sleep_until(self._clock.now_s() + REFUSED_S)
            try:
                line = self._accepting.accept()
            except OSError as error:
                if not self._closed:
                    self._say("accept", f"a connection could not be accepted ({error.strerror})")
                    self._clock.sleep_until(self._clock.now_s() + BREATH_S)
                continue
            if self._enter(line):
                _thread(partial(self._talk, line))
            else:
                self._refuse(line)

    def _enter(self, line: MessageLine) -> bool:
        with self._lock:
            if self._closed or len(self._lines) >= MOST_CONNECTIONS:
                return False
            self._lines.add(line)
            return True

    def _refuse(self, line: MessageLine) -> None:
        self._has_refused = True
        self._say(_FULL.decode(), f"a connection beyond {MOST_CONNECTIONS} was refused")
        with suppress(EOFError):
            line.send(_FULL)
        line.close()

    def _talk(self, line: MessageLine) -> None:
        try:
            with _cut_in_time(line):
                _ask_for_proof(line, self._key)
        except (EOFError, MessageRefused):
            self._has_refused = True
            self._say("proof", "a connection without the key was refused")
            line.close()
        else:
            self._serve_until_end(Peer(line, self._encode, self._frames))
        finally:
            with self._lock:
                self._lines.discard(line)

    def _serve_until_end(self, peer: Peer) -> None:
        try:
            self._serve(peer)
        finally:
            peer.close()

    def _say(self, kind: str, text: str) -> None:
        self._log.say(kind, f"{self._place.called}: {text}")


def encoded_once(encode: Encode) -> Encode:
    """Returns the encoder with a cache: what goes to several connections in a row is encoded once.

    Two threads at the same time may both encode, with the same result.
    """
    newest: tuple[object, bytes] = (None, b"")

    def once(message: object) -> bytes:
        nonlocal newest
        known, content = newest
        if known is not message:
            content = encode(message)
            newest = (message, content)
        return content

    return once


def connect_to(place: ChannelPlace, *, encode: Encode) -> Peer:
    """Connect to the process that listens at ``place``; raises StationUnreachable saying why."""
    try:
        key = place.key.read_bytes()
        line = connect(place)
    except OSError as error:
        raise StationUnreachable(
            f"no program answers for {place.called} ({error.strerror or 'it takes too long'})"
        ) from error
    try:
        with _cut_in_time(line):
            _prove(line, key, place.called)
    except (EOFError, MessageRefused) as error:
        line.close()
        raise StationUnreachable(
            f"the program of {place.called} did not authenticate itself within {HANDSHAKE_S:g} s"
        ) from error
    except StationUnreachable:
        line.close()
        raise
    return Peer(line, encode)


def _ask_for_proof(line: MessageLine, key: bytes) -> None:
    """Ask for the proof, as the listener; raises MessageRefused or EOFError."""
    challenge = secrets.token_bytes(_RANDOM_BYTES)
    line.send(_CHALLENGE + challenge)
    answer = line.receive() or b""
    proof, theirs = answer[:_PROOF_BYTES], answer[_PROOF_BYTES:]
    if len(theirs) != _RANDOM_BYTES or not hmac.compare_digest(
        proof, _proof(key, _CLIENT, challenge)
    ):
        raise MessageRefused("the other side does not have the key")
    line.send(_proof(key, _LISTENER, theirs))


def _prove(line: MessageLine, key: bytes, called: str) -> None:
    """Prove, as the client; raises MessageRefused, EOFError or StationUnreachable."""
    said = line.receive() or b""
    if said == _FULL:
        raise StationUnreachable(
            f"{called} has {MOST_CONNECTIONS} connections and accepts no more; close a page "
            "or a terminal that watches it"
        )
    challenge = said.removeprefix(_CHALLENGE)
    if len(said) != len(_CHALLENGE) + _RANDOM_BYTES or len(challenge) != _RANDOM_BYTES:
        raise MessageRefused("the other side uses another protocol")
    mine = secrets.token_bytes(_RANDOM_BYTES)
    line.send(_proof(key, _CLIENT, challenge) + mine)
    if not hmac.compare_digest(line.receive() or b"", _proof(key, _LISTENER, mine)):
        raise MessageRefused("the other side does not have the key")


def _proof(key: bytes, role: bytes, challenge: bytes) -> bytes:
    return hmac.digest(key, _CHALLENGE + role + challenge, "sha256")


@contextmanager
def _cut_in_time(line: MessageLine) -> Iterator[None]:
    """Cut the line when the block takes longer than a handshake may."""
    timer = threading.Timer(HANDSHAKE_S, line.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
