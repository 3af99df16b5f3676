"""A simulated 15-minute treatment: how much faster than real time, and where the time goes.

Physics at 500 Hz, the unit's cycles at 100 Hz, both codecs, loop and supervisor at 20 Hz, journal
with a real database file and one durable commit per simulated second. Over a direct line
everything is one process without ports; over a pseudo-terminal real bytes and a server are added.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from rich.console import Console
from rich.table import Table

from controller.ports import Clock, TractionUnit
from controller.runtime.clock import VirtualClock
from firmware_bridge.connect import connect_unit
from records.keys.signing import NoKeyStore, load_or_create_key
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from simulator.line.direct_line import DirectClock
from simulator.table.patient import PressTestPatient
from simulator.units import simulated_firmware, virtual_unit
from workstation.demo import demo_order
from workstation.session.direct import direct_connection
from workstation.session.operators import SessionOperator
from workstation.session.treat import treat
from workstation.session.workplace import Recording, Workplace
from workstation.settings import Settings

GOAL = 300
ROUNDS = 3
SAMPLE_S = 0.001
BODY = "cervical_sliding"
MEMORY = Path("/dev/shm")
PARTS = (
    ("physics", ("simulator/table/plant.py",)),
    ("unit", ("simulator/",)),
    ("codec", ("firmware_bridge/",)),
    ("loop and supervisor", ("controller/",)),
)
"""A part is known by the path of its code; the first match counts."""
JOURNAL, OTHER = "journal", "other"

Connect = Callable[[str, Clock], TractionUnit]
Stage = Callable[[], AbstractContextManager[tuple[str, VirtualClock, Connect]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One treatment; seconds."""

    treated_s: float
    wall_s: float
    processor_s: float


@contextmanager
def direct_stage() -> Iterator[tuple[str, VirtualClock, Connect]]:
    """A unit on a direct line."""
    clock = DirectClock()
    firmware = simulated_firmware(BODY, PressTestPatient(), seed=1, powered_on_at_s=clock.now_s())
    yield "direct line", clock, direct_connection(firmware)


@contextmanager
def terminal_stage() -> Iterator[tuple[str, VirtualClock, Connect]]:
    """A unit behind a pseudo-terminal."""
    clock = VirtualClock()
    with virtual_unit(clock, BODY, PressTestPatient(), seed=1) as unit:
        unit.serve_rtu(38400)
        yield unit.uri, clock, connect_unit


def treatment(stage: Stage, base: Path | None = None) -> Run:
    """Run a treatment with the records below ``base`` (default: the folder for temporary files)."""
    order = PlannedOrder.of(demo_order("cervical"))
    with TemporaryDirectory(dir=base) as made, stage() as (uri, clock, connect):
        folder = RecordFolder(Path(made))
        key = load_or_create_key(folder, store=NoKeyStore())
        began_s, wall_s, processor_s = clock.now_s(), time.perf_counter(), time.process_time()
        treat(
            uri,
            order,
            workplace=Workplace(folder=folder, settings=Settings(), clock=clock),
            operator=SessionOperator(scripted=True, show=lambda snapshot: None),
            connect=connect,
            recording=Recording(key=key, commit_interval_s=1.0),
        )
        return Run(
            treated_s=clock.now_s() - began_s,
            wall_s=time.perf_counter() - wall_s,
            processor_s=time.process_time() - processor_s,
        )


def treatment_table(rounds: int = ROUNDS) -> Table:
    """Ratios to real time, best of ``rounds``, with the journal on the disk and in memory."""
    table = Table(title=f"simulated 15-minute treatment, goal over a direct line: {GOAL} x")
    for column in ("line", "journal", "n", "x real time", "x processor time"):
        table.add_column(column, justify="left" if column in ("line", "journal") else "right")
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    runs: dict[tuple[str, str], list[Run]] = {}
    for _ in range(rounds):
        runs.setdefault(("direct line", "disk"), []).append(treatment(direct_stage))
        if memory is not None:
            in_memory = treatment(direct_stage, memory)
            runs.setdefault(("direct line", "memory"), []).append(in_memory)
    runs["pseudo-terminal", "disk"] = [treatment(terminal_stage)]
    for (line, journal), group in runs.items():
        fast = max(run.treated_s / run.wall_s for run in group)
        lean = max(run.treated_s / run.processor_s for run in group)
        table.add_row(line, journal, str(len(group)), f"{fast:.0f}", f"{lean:.0f}")
    if memory is not None:
        table.caption = _disk_share(runs)
    return table


def _disk_share(runs: dict[tuple[str, str], list[Run]]) -> str:
    disk_s, memory_s = (
        min(run.wall_s for run in runs["direct line", where]) for where in ("disk", "memory")
    )
    return f"the disk's share over a direct line: {max(0.0, 1 - memory_s / disk_s):.0%}"


def shares_line() -> str:
    """Returns the shares of processor time over a direct line, by sampling every millisecond."""
    seen: Counter[str] = Counter()

    def look(_number: int, frame: FrameType | None) -> None:
        seen[part_of(frame)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
    try:
        treatment(direct_stage)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
    total = seen.total()
    shares = ", ".join(f"{part} {count / total:.0%}" for part, count in seen.most_common())
    return f"where the time goes ({total} samples): {shares}"


def part_of(frame: FrameType | None) -> str:
    """Returns the part: the journal's with all that it calls, else that of the innermost code."""
    innermost = ""
    while frame is not None:
        path = frame.f_code.co_filename.replace("\\", "/")
        if "/records/" in path:
            return JOURNAL
        for part, places in PARTS:
            if not innermost and any(f"/{place}" in path for place in places):
                innermost = part
        frame = frame.f_back
    return innermost or OTHER


if __name__ == "__main__":
    Console().print(treatment_table(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
