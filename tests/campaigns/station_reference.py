"""A process that does nothing but tick, with the rights of one that drives: what the machine owes.

``python -m tests.campaigns.station_reference`` ticks until its input ends, and prints its figures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from controller.ports import Clock
from controller.runtime.clock import SystemClock
from controller.runtime.ticker import Ticker
from tests.campaigns.station_lab import TICK_MS
from tests.support.real_time import ROOT
from workstation.session.realtime import take_realtime_rights


@contextmanager
def idle_reference(figures: dict[str, Any]) -> Iterator[None]:
    """One beside the block; ``figures`` gets its ticks and those that it missed."""
    command = [sys.executable, "-m", "tests.campaigns.station_reference"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield
            said, _ = process.communicate()
            figures.update(json.loads(said))
        finally:
            process.kill()


def ticked(ends: Event, clock: Clock) -> dict[str, int]:
    """Tick until the end; returns how many came and how many were missed."""
    ticker = Ticker(clock, TICK_MS / 1000)
    ticks = missed = 0
    while not ends.is_set():
        missed += int(ticker.wait() * 1000 / TICK_MS)
        ticks += 1
    return {"ticks": ticks, "missed": missed}


def main() -> None:
    """Tick until the input ends."""
    ends = Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ends.set()

    take_realtime_rights()
    Thread(target=wait_for_the_end, daemon=True).start()
    print(json.dumps(ticked(ends, SystemClock())))


if __name__ == "__main__":
    main()
