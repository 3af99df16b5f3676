"""A unit's program at its end: what is waited for, and how long; a real process, virtual time."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from controller.runtime.clock import VirtualClock
from tests.support.real_time import wait_until
from workstation.station.control_link import ControlLink
from workstation.station.place import ChannelPlace, station_folder
from workstation.station.unit_process import SILENT_S, UnitProcess

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")
IGNORES_SIGTERM = (
    "import os, pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"
)


@dataclass
class Link:
    """What is known of a program, and what it was told."""

    is_answering: bool = True
    in_session: bool = False
    told: list[str] = field(default_factory=list)

    def order_stop(self, by: str) -> None:
        self.told.append(f"stop {by}")

    def leave(self, by: str) -> None:
        self.told.append(f"leave {by}")


class Bench:
    """A process that does not end by itself or by SIGTERM."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.link = VirtualClock(), Link()
        self.reported: list[str] = []
        self._ready = folder / "ready"
        self.process = UnitProcess(
            cast(ControlLink, self.link),
            ChannelPlace(folder=station_folder(folder), called="Table 1"),
            (sys.executable, "-c", IGNORES_SIGTERM, str(self._ready)),
            clock=self.clock,
            report=self.reported.append,
        )

    def start(self) -> None:
        self.process.keep_up()
        wait_until(lambda: self._ready.exists() and self._ready.read_text() != "", "the program")

    def wait(self, for_s: float) -> bool:
        """Let time pass, and ask whether it has ended."""
        self.clock.sleep_until(self.clock.now_s() + for_s)
        return self.process.has_ended()

    def close(self) -> None:
        if not self.process.has_ended():
            os.kill(int(self._ready.read_text()), signal.SIGKILL)
            assert self.has_died()

    def has_died(self) -> bool:
        wait_until(self.process.has_ended, "the end of what was killed")
        return True


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.start()
    yield made
    made.close()


def test_a_program_that_says_nothing_at_the_end_is_killed(bench: Bench) -> None:
    """Its unit has let go by its watchdog long before."""
    bench.link.is_answering = False
    bench.process.end("SIGTERM")
    assert bench.link.told == ["stop SIGTERM", "leave SIGTERM"]
    assert not bench.wait(SILENT_S)
    assert "Table 1: its program did not respond and was killed" not in bench.reported
    bench.wait(0.1)
    assert bench.has_died()
    assert bench.reported[-2:] == [
        "Table 1: its program did not respond and was killed",
        "Table 1: its program ended (status -9)",
    ]


def test_a_session_is_waited_for_as_long_as_its_program_answers(bench: Bench) -> None:
    bench.link.in_session = True
    bench.process.end("SIGTERM")
    for _ in range(100):
        assert not bench.wait(SILENT_S - 0.1)
    assert len(bench.reported) == 2, bench.reported
    bench.link.is_answering = False
    assert not bench.wait(SILENT_S - 0.1)
    bench.wait(0.2)
    assert bench.has_died()
