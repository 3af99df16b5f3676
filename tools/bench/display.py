"""Measures how late the control tick is with a display that blocks; part of `make bench-loop`.

The same ticks with exchanges, in pairs of processes that take turns: one shows every tick on a
display whose pipe is full and never read, the other has no display.
"""

from __future__ import annotations

import io
import os
import statistics
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from controller.snapshot import Snapshot
from workstation.terminal.display import Display, writer
from workstation.terminal.status_area import StatusArea

PAIRS = 10
PAIR_TICKS = 500
RATIO, DIFFERENCE_US = 1.2, 500.0
"""Goal: the median ratio of the two p99 at most this, or their median difference below this."""
TELL_EVERY = 20
"""Ticks between two texts beside the frame of every tick."""
STUCK_S = 0.5
"""A display that has written nothing for so long when the ticks are over is stuck."""
BLOCKED, NONE = "blocked", "none"


@dataclass(frozen=True, slots=True)
class Pair:
    """Lateness p99 of the two processes of a turn, microseconds."""

    blocked_us: float
    none_us: float

    @property
    def ratio(self) -> float:
        """How much later with the blocked display."""
        return self.blocked_us / self.none_us


class BlockedDisplay:
    """The display of ``traction run`` on a pipe that is full and that nobody reads."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._reading, writing = os.pipe()
        fill(writing)
        self._stream = io.TextIOWrapper(io.FileIO(writing, "w"), encoding="utf-8")
        size = os.terminal_size((80, 24))
        page = StatusArea(lambda: size, lambda: datetime.fromtimestamp(now_s(), UTC), colours=True)
        self._display = Display(page, writer(self._stream), now_s)
        self._ticks = 0

    def tick(self) -> None:
        """Show a frame that differs from the previous one, and at intervals a message."""
        self._ticks += 1
        self._display.show(frame(self._ticks))
        if self._ticks % TELL_EVERY == 0:
            self._display.tell(f"self-check of item {self._ticks} passed")

    @property
    def took_nothing(self) -> bool:
        """True while the display's thread is blocked in a write, as intended."""
        return not self._display.drain(STUCK_S)

    def close(self) -> None:
        """Release the blocked thread: its reader has closed the pipe."""
        os.close(self._reading)
        self._display.close(STUCK_S)
        self._stream.close()


def fill(descriptor: int) -> None:
    """Write until the pipe accepts no more bytes."""
    os.set_blocking(descriptor, False)
    for size in (512, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(descriptor, b"." * size)
    os.set_blocking(descriptor, True)


def frame(tick: int) -> Snapshot:
    """Returns a frame as a loop shows it in a tick."""
    return Snapshot(
        number=1,
        utc_ms=0,
        phase="holding",
        elapsed_s=tick * 0.02,
        planned_s=900.0,
        target_n=102.0,
        force_n=101.0 + tick % 20 / 10,
    )


def measured_pairs(p99_us: Callable[[str], float]) -> list[Pair]:
    """Run both kinds in alternating order; ``p99_us`` runs one process."""
    pairs = []
    for number in range(PAIRS):
        order = (BLOCKED, NONE) if number % 2 else (NONE, BLOCKED)
        found = {display: p99_us(display) for display in order}
        pairs.append(Pair(found[BLOCKED], found[NONE]))
    return pairs


def p99_of(answer: dict[str, Any]) -> float:
    """The p99 in a process's answer; its display must have behaved as required."""
    assert answer["display_took_nothing"] is not False, "the blocked display accepted data"
    late_us: list[float] = answer["late_us"]
    return statistics.quantiles(late_us, n=100)[98]


def pairs_table(pairs: list[Pair]) -> Table:
    """Every pair, microseconds."""
    shown = Table(title=f"lateness p99 beside a display that blocks, us ({PAIR_TICKS} ticks each)")
    for column in ("pair", "blocked", "none", "ratio"):
        shown.add_column(column, justify="right")
    for number, pair in enumerate(pairs, start=1):
        shown.add_row(
            str(number), f"{pair.blocked_us:.0f}", f"{pair.none_us:.0f}", f"{pair.ratio:.2f}"
        )
    return shown


def pairs_verdict(pairs: list[Pair]) -> str:
    """Returns whether the goal was reached, with the two medians."""
    ratio = statistics.median(pair.ratio for pair in pairs)
    difference_us = statistics.median(pair.blocked_us - pair.none_us for pair in pairs)
    held = ratio <= RATIO or difference_us < DIFFERENCE_US
    return (
        f"beside a display that blocks: median ratio of {len(pairs)} pairs {ratio:.2f} "
        f"(goal {RATIO:g}), "
        f"median difference {difference_us / 1000:.2f} ms (goal {DIFFERENCE_US / 1000:g} ms): "
        f"{'held' if held else 'missed'}"
    )
