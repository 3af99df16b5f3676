"""Stands in a unit's line and says when a release went over it.

    python -m tests.support.wire_tap PORT

listens at a port that it prints, passes everything on to 127.0.0.1:PORT, and prints for each order
of a release the time of the monotonic clock at which it came by, seconds (Modbus TCP).
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from controller.runtime.clock import SystemClock
from controller.telemetry import RELEASING_KINDS
from firmware_bridge.units.commands import MODES
from tests.support.real_time import ROOT, run_first, wait_until

CLOCK = SystemClock()
RELEASES = frozenset(MODES[kind] for kind in RELEASING_KINDS)
COMMAND = 0x200
MODE_AT = 6
"""Bytes of token and sequence before the mode (reference map, B.4)."""
HEAD = 7
"""Length of a Modbus TCP frame's header, before the function."""
BLOCK_AT = {0x10: (1, 6), 0x17: (5, 10)}
"""Offset of the address in a function that writes, and the offset of what it writes."""


def releases(frame: bytes) -> bool:
    """True if a whole request orders a release."""
    pdu = frame[HEAD:]
    if pdu[0] not in BLOCK_AT:
        return False
    address_at, values_at = BLOCK_AT[pdu[0]]
    if int.from_bytes(pdu[address_at : address_at + 2]) != COMMAND:
        return False
    mode = pdu[values_at + MODE_AT : values_at + MODE_AT + 2]
    return int.from_bytes(mode) in RELEASES


def frames(received: bytearray) -> Iterator[bytes]:
    """The whole requests in ``received``, from which they are removed."""
    while len(received) >= HEAD:
        length = 6 + int.from_bytes(received[4:6])
        if len(received) < length:
            return
        yield bytes(received[:length])
        del received[:length]


def _pass_on(here: socket.socket, there: socket.socket, *, listens: bool) -> None:
    received = bytearray()
    with suppress(OSError):
        while piece := here.recv(65_536):
            came_at_s = CLOCK.now_s()
            there.sendall(piece)
            if listens:
                received += piece
                for frame in frames(received):
                    if releases(frame):
                        print(f"{came_at_s:.6f}", flush=True)
    for one in (here, there):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


class Tap:
    """A running tap, seen from a campaign."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.wire_tap", str(port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._collect)
        self._reader.start()
        wait_until(lambda: bool(self._lines), "the tap's port")
        run_first(self._process.pid)

    @property
    def uri(self) -> str:
        """The unit's address behind the tap."""
        return f"modbus-tcp://127.0.0.1:{int(self._lines[0])}?unit=1"

    def first_release_s(self, since_s: float) -> float | None:
        """The first time after ``since_s`` at which a release passed."""
        times = (float(line) for line in self._lines[1:])
        return next((at_s for at_s in times if at_s >= since_s), None)

    def end(self) -> None:
        """Stop passing anything on."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(iter(self._process.stdout.readline, ""))


@contextmanager
def tap(uri: str) -> Iterator[Tap]:
    """A tap in front of a simulated unit."""
    made = Tap(int(uri.partition("?")[0].rpartition(":")[2]))
    try:
        yield made
    finally:
        made.end()


def main(port: int) -> None:
    """Pass on until killed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            here, _ = listening.accept()
            there = socket.create_connection(("127.0.0.1", port))
            for one in (here, there):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pair, listens in (((here, there), True), ((there, here), False)):
                threading.Thread(
                    target=_pass_on, args=pair, kwargs={"listens": listens}, daemon=True
                ).start()


if __name__ == "__main__":
    main(int(sys.argv[1]))
