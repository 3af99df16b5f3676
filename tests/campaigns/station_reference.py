"""A process that does nothing but tick, with the rights of one that drives: what the machine owes.

``python -m tests.campaigns.station_reference`` ticks until its input ends, and prints its figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from controller.ports import Clock
from controller.runtime.clock import SystemClock
from controller.runtime.ticker import Ticker
from tests.campaigns.process_beside import beside, end_of_input
from tests.campaigns.station_lab import TICK_MS
from workstation.session.realtime import take_realtime_rights


@contextmanager
def idle_reference(figures: dict[str, Any]) -> Iterator[None]:
    """Run one beside the block; ``figures`` gets its ticks and those that it missed."""
    with beside("tests.campaigns.station_reference") as said:
        yield
    figures.update(said)


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
    take_realtime_rights()
    print(json.dumps(ticked(end_of_input(), SystemClock())))


if __name__ == "__main__":
    main()
