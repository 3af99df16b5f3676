"""`make bench`: a stop and its answer over a station's channel, beside a bare Unix socket in turns.

Both talk with a process of their own on the other side. Ours is the desk of a unit with nothing
open: the message is encoded, framed, checked, taken once and answered. Bare, the same bytes go over
and as many as the answer has come back.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from rich.console import Console
from rich.table import Table

from controller.runtime.clock import SystemClock
from workstation.station.channel import ChannelListener, Peer, connect_to
from workstation.station.control_desk import ControlDesk
from workstation.station.messages import (
    VERSION,
    Followed,
    Hello,
    OrderedStop,
    PeerRole,
    RequestOutcome,
    encoded,
    from_control,
)
from workstation.station.place import ChannelPlace, station_folder

ROUNDS, TRIPS, WARM = 20, 200, 20
GOAL = 6.0
"""Times the bare round trip, by the median."""
BARE, OURS = "bare Unix socket", "station's channel"
READY = b"ready\n"
BACKLOG = 1

Trip = Callable[[int], None]


def messages_table(rounds: int = ROUNDS, trips: int = TRIPS) -> Table:
    """The benchmark as ``make bench`` prints it."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        with serving(BARE, folder), serving(OURS, folder):
            return _table(measure(folder, rounds, trips))


def measure(folder: Path, rounds: int, trips: int) -> Mapping[str, Sequence[float]]:
    """Seconds of every round trip, both kinds in turns; both servers run in ``folder``."""
    clock, numbers = SystemClock(), count(1)
    taken_s: dict[str, list[float]] = {BARE: [], OURS: []}
    peer = connect_to(_place(folder), encode=encoded)
    peer.send(Hello(version=VERSION, role=PeerRole.WATCH))
    peer.receive(5.0)
    with socket.socket(socket.AF_UNIX) as bare:
        bare.connect(str(_bare_path(folder)))
        ways: dict[str, Trip] = {
            BARE: lambda number: _bare_trip(bare, number),
            OURS: lambda number: _our_trip(peer, number),
        }
        for _ in range(rounds):
            for name, trip in ways.items():
                taken_s[name] += _timed(clock, trip, [next(numbers) for _ in range(WARM + trips)])
    peer.close()
    return taken_s


def _timed(clock: SystemClock, trip: Trip, numbers: Sequence[int]) -> list[float]:
    """Seconds of each trip behind the first few."""
    taken_s = []
    for number in numbers:
        begun_s = clock.now_s()
        trip(number)
        taken_s.append(clock.now_s() - begun_s)
    return taken_s[WARM:]


def _stop(number: int) -> OrderedStop:
    return OrderedStop(id=f"stop-{number:08d}", by="STOP from 127.0.0.1, page of the station")


ANSWER = encoded(
    RequestOutcome(
        id="stop-00000000",
        result=Followed.NOTHING_OPEN,
        reason="",
        utc_ms=1_795_000_000_000,
        force_n=None,
    )
)
QUESTION_BYTES = len(encoded(_stop(0)))


def _bare_trip(line: socket.socket, number: int) -> None:
    line.sendall(bytes(QUESTION_BYTES))
    _whole(line, len(ANSWER))


def _our_trip(peer: Peer, number: int) -> None:
    peer.send(_stop(number))
    content = peer.receive(5.0)
    assert content is not None
    answer = from_control(content)
    assert isinstance(answer, RequestOutcome)
    assert answer.result is Followed.NOTHING_OPEN


def _whole(line: socket.socket, size: int) -> bool:
    """Read so many bytes; False at the end of the connection."""
    while size:
        piece = line.recv(size)
        if not piece:
            return False
        size -= len(piece)
    return True


def _place(folder: Path) -> ChannelPlace:
    return ChannelPlace(folder=station_folder(folder), called="bench")


def _bare_path(folder: Path) -> Path:
    return folder / "bare.socket"


@contextmanager
def serving(which: str, folder: Path) -> Iterator[None]:
    """A process that answers until the block ends."""
    command = [sys.executable, "-m", "tools.bench.messages", which, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == READY
            yield
        finally:
            process.kill()


def serve(which: str, folder: Path) -> None:
    """Answer until the process is killed."""
    (_serve_ours if which == OURS else _serve_bare)(folder)


def _serve_ours(folder: Path) -> None:
    clock = SystemClock()
    desk = ControlDesk("bench", clock, str, Path)
    ChannelListener(_place(folder), desk.serve, encode=encoded, clock=clock, report=print)
    _say_ready()
    Event().wait()


def _serve_bare(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(_bare_path(folder)))
        listener.listen(BACKLOG)
        _say_ready()
        line, _ = listener.accept()
        with line:
            while _whole(line, QUESTION_BYTES):
                line.sendall(ANSWER)


def _say_ready() -> None:
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()


def _table(taken_s: Mapping[str, Sequence[float]]) -> Table:
    """Medians, 99th percentiles and the ratio of the medians."""
    table = Table(title=f"a stop and its answer, n = {len(taken_s[OURS])} each, microseconds")
    for name in ("way", "median", "p99", "x bare"):
        table.add_column(name)
    bare_s = statistics.median(taken_s[BARE])
    for name, seconds in taken_s.items():
        median_s = statistics.median(seconds)
        p99_s = statistics.quantiles(seconds, n=100)[98]
        ratio = median_s / bare_s
        verdict = "" if name == BARE else f" (goal {GOAL:g})"
        table.add_row(name, f"{median_s * 1e6:.0f}", f"{p99_s * 1e6:.0f}", f"{ratio:.2f}{verdict}")
    return table


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1], Path(sys.argv[2]))
    else:
        Console().print(messages_table())
