"""`make bench-loop`: how late the control tick comes.

Idle, beside a busy console and beside a display that blocks (``tools.bench.display``).

One FC23 on a pseudo-terminal per tick of 20 ms, in a process of its own with whatever real-time
rights the system grants, beside `cyclictest` in the same run where it is installed. The console is
played by processes that do what a web console does to a processor: large JSON, all the time. The
server in the unit's place is not slowed by it, where the system allows that: a unit has a processor
of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

from controller.errors import LinkError
from controller.runtime.clock import SystemClock
from controller.runtime.ticker import Ticker
from firmware_bridge.line.line import Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.timing import serial_times
from firmware_bridge.line.uri import SerialAddress
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from tools.bench.display import (
    BLOCKED,
    NONE,
    PAIR_TICKS,
    BlockedDisplay,
    measured_pairs,
    p99_of,
    pairs_table,
    pairs_verdict,
)
from tools.bench.wire import running_server
from tools.bench.wire_clients import BAUDRATE, READ, WRITE
from workstation.session.realtime import take_realtime_rights

LOADED = "beside a busy console"
TICK_S = 0.020
TICKS = 1500
WARM_UP_TICKS = 50
CYCLICTEST_SHARE = 3.0
"""Goal: p99 at most three times that of cyclictest, with real-time rights."""


def main() -> None:
    """Print the tables; with ``ticks`` as an argument, run the measured process instead."""
    if sys.argv[1:2] == ["ticks"]:
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]), sys.argv[4])))
        return
    if sys.argv[1:2] == ["console"]:
        keep_busy()
    console = Console()
    results: dict[str, dict[str, list[float]]] = {}
    answers = {}
    for load, consoles in (("idle", 0), (LOADED, os.cpu_count() or 1)):
        with busy_consoles(consoles):
            answers[load] = ticking_process()
            results[load] = {"our loop": answers[load]["late_us"]}
            if shutil.which("cyclictest"):
                results[load]["cyclictest"] = cyclictest_us()
    console.print(table(results))
    for load, answer in answers.items():
        console.print(f"{load}: {answer['unanswered']} answers came late; {answer['rights']}")
    console.print(verdict(results[LOADED], rights_granted=answers[LOADED]["granted"]))
    pairs = measured_pairs(lambda display: p99_of(ticking_process(PAIR_TICKS, display)))
    console.print(pairs_table(pairs))
    console.print(pairs_verdict(pairs))


def measured(port: str, ticks: int, display: str) -> dict[str, Any]:
    """Tick with one exchange each, with or without a display; returns lateness in microseconds."""
    clock = SystemClock()
    transport = SerialPort(
        SerialAddress(port=port, unit=1, baudrate=BAUDRATE),
        SerialSettings(baudrate=BAUDRATE, parity="N", stopbits=1),
    )
    line = Line(transport, clock, serial_times(BAUDRATE))
    link = ModbusLink(line, RtuFraming(), unit=1, functions=FUNCTIONS, timeout_s=0.8 * TICK_S)
    rights = take_realtime_rights()
    ticker = Ticker(clock, TICK_S)
    shown = BlockedDisplay(clock.now_s) if display == BLOCKED else None
    late_us, unanswered = [], 0
    for _ in range(WARM_UP_TICKS + ticks):
        late_us.append(ticker.wait() * 1e6)
        try:
            link.read_write_registers(*READ, *WRITE)
        except LinkError:
            unanswered += 1
        if shown is not None:
            shown.tick()
    took_nothing = shown.took_nothing if shown else None
    if shown is not None:
        shown.close()
    return {
        "late_us": late_us[WARM_UP_TICKS:],
        "unanswered": unanswered,
        "rights": str(rights),
        "granted": rights.granted,
        "display_took_nothing": took_nothing,
    }


def ticking_process(ticks: int = TICKS, display: str = NONE) -> dict[str, Any]:
    """Run ``measured`` in a process of its own, against a server of its own."""
    with running_server("rtu", first=True) as port:
        command = [sys.executable, "-m", "tools.bench.loop", "ticks", port, str(ticks), display]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def cyclictest_us() -> list[float]:
    """Cyclictest's own latencies: the same number of cycles of 20 ms, FIFO, locked memory."""
    command = [
        "cyclictest",
        "--quiet",
        "--mlockall",
        "--priority=50",
        "--interval=20000",
        f"--loops={TICKS}",
        "--histofall=20000",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    latencies: list[float] = []
    for line in done.stdout.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0].isdigit() and words[1].isdigit():
            latencies += [float(words[0])] * int(words[1])
    return latencies


@contextmanager
def busy_consoles(count: int) -> Iterator[None]:
    """Run ``count`` ordinary processes that never rest."""
    command = [sys.executable, "-m", "tools.bench.loop", "console"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def keep_busy() -> None:
    """Dump large JSON forever."""
    page = {str(number): list(range(100)) for number in range(2000)}
    while True:
        json.dumps(page)


def table(results: dict[str, dict[str, list[float]]]) -> Table:
    """Percentiles of every row, in microseconds."""
    shown = Table(title=f"tick lateness, us ({TICKS} ticks of {TICK_S * 1000:.0f} ms)")
    for column in ("load", "who", "n", "p50", "p99", "p99.9", "max", "missed"):
        shown.add_column(column, justify="left" if column in ("load", "who") else "right")
    for load, rows in results.items():
        for who, late_us in rows.items():
            if late_us:
                cut = statistics.quantiles(late_us, n=1000)
                missed = sum(late >= TICK_S * 1e6 for late in late_us)
                shown.add_row(
                    load,
                    who,
                    str(len(late_us)),
                    f"{cut[499]:.0f}",
                    f"{cut[989]:.0f}",
                    f"{cut[998]:.0f}",
                    f"{max(late_us):.0f}",
                    str(missed),
                )
    return shown


def verdict(rows: dict[str, list[float]], *, rights_granted: bool) -> str:
    """Returns whether the goal was reached; "not measured here" without rights or cyclictest."""
    goal = f"goal (p99 at most {CYCLICTEST_SHARE:g} x cyclictest, {LOADED})"
    if not rights_granted:
        return f"{goal}: not measured here, the system grants no real-time scheduling"
    if not rows.get("cyclictest"):
        return f"{goal}: not measured here, cyclictest is not installed or was refused"
    ours, theirs = (
        statistics.quantiles(rows[who], n=100)[98] for who in ("our loop", "cyclictest")
    )
    return f"{goal}: {ours / theirs:.1f} x"


if __name__ == "__main__":
    main()
