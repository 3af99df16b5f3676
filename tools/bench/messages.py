"""`make bench`: a stop and its answer over a station's channel, beside a bare Unix socket in turns.

Both talk with a process of their own on the other side. Ours is the desk of a unit with nothing
open: the message is encoded, framed, checked, taken once and answered. Bare, the same bytes are
sent, and as many as the answer has come back.

Waking a process on another processor takes longer than a whole bare round trip on one. By default
the system puts one pair on one processor and the other pair on two, and the ratio shows how it
chose. So both sides are put on one processor, then on one each, and only then left to the system.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from rich.console import Console
from rich.table import Table

from controller.runtime.clock import SystemClock
from tools.bench.processors import on_processor
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
PLACES = {"one processor": 0, "one each": -1, "left alone": None}
"""The other side's processor, as an index of those of this process, which runs on the first."""
READY = b"ready\n"
BACKLOG = 1

Trip = Callable[[int], None]


def messages_table(rounds: int = ROUNDS, trips: int = TRIPS) -> Table:
    """The benchmark as ``make bench`` prints it."""
    title = f"a stop and its answer, n = {rounds * trips} each, microseconds"
    table = Table("processors", "way", "median", "p99", f"x bare (goal {GOAL:g})", title=title)
    for place, processor in PLACES.items():
        for way in _ways(measured_on(processor, rounds, trips)):
            table.add_row(place, *way)
    return table


def measured_on(processor: int | None, rounds: int, trips: int) -> Mapping[str, Sequence[float]]:
    """Seconds of every round trip, with the other side on a processor; None: left to the system."""
    with TemporaryDirectory() as made, ExitStack() as servers:
        folder = Path(made)
        with _placed(processor):
            servers.enter_context(serving(BARE, folder))
            servers.enter_context(serving(OURS, folder))
        with _placed(None if processor is None else 0):
            return measure(folder, rounds, trips)


def _placed(processor: int | None) -> AbstractContextManager[None]:
    return nullcontext() if processor is None else on_processor(processor)


def measure(folder: Path, rounds: int, trips: int) -> Mapping[str, Sequence[float]]:
    """Seconds of every round trip, both kinds alternately; both servers run in ``folder``."""
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
    """Returns the seconds of each trip after the first few."""
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
    """Read exactly so many bytes; False at the end of the connection."""
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
    """A process that answers until the end of the block."""
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


def _ways(taken_s: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, str, str, str]]:
    """Returns each way's median, its 99th percentile and the ratio of the medians."""
    bare_s = statistics.median(taken_s[BARE])
    for name, seconds in taken_s.items():
        median_s = statistics.median(seconds)
        p99_s = statistics.quantiles(seconds, n=100)[98]
        yield name, f"{median_s * 1e6:.0f}", f"{p99_s * 1e6:.0f}", f"{median_s / bare_s:.2f}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1], Path(sys.argv[2]))
    else:
        Console().print(messages_table())
