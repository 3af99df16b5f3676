"""What a session costs under a station, against ``traction run``: lateness, processor, memory.

``python -m tests.campaigns.station_pairs`` prints it for ``make bench``: about five minutes.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from records.evidence.reader import read_session
from records.store.record_folder import RecordFolder
from tests.campaigns.station_lab import (
    CLOCK,
    STATIC,
    TICK_MS,
    Station,
    a_unit,
    connections,
    load,
    peak_mb,
    station,
)
from tests.campaigns.station_reference import idle_reference
from tests.support.real_time import Program, processor_s, program
from tests.support.station_console import TABLE, is_holding, is_idle

BENCH_PAIRS = 2
SETTLED_S = 2.0
"""After the hold was seen; the processor is measured from then on."""
MEASURED_S = 40.0
MISSED_MS = 1.5 * TICK_MS
"""Two samples that lie further apart have a missed tick between them."""
ALONE_MIN = 5
NOBODY: Final = nullcontext()


def measure_pairs(count: int, minutes: int = 1) -> dict[str, Any]:
    """``count`` pairs, one session after the other, in alternating order."""
    order = STATIC.format(minutes=minutes)
    pairs: list[dict[str, Any]] = []
    with TemporaryDirectory() as name, a_unit() as own, station(Path(name) / "data") as kept:
        place = Path(name) / "run"
        place.mkdir()
        (place / "order.toml").write_text(order, encoding="utf-8")
        with kept.watched():
            for number in range(count):
                begun = load()
                pair: dict[str, Any] = {}
                for half in ("run", "control")[:: 1 if number % 2 == 0 else -1]:
                    pair[half] = _by_run(own, place) if half == "run" else by_control(kept, order)
                pairs.append({**pair, "load": begun})
                print(f"pair {number + 1}: {json.dumps(pairs[-1])}", flush=True)
    return {"pairs": pairs}


def _by_run(uri: str, place: Path) -> dict[str, float]:
    """One session with ``traction run``."""
    command = ("run", uri, "--order", str(place / "order.toml"), "--yes", "--json")
    with program(*command, "--data", str(place / "data")) as running:
        running.wait_for("holding")
        CLOCK.sleep_until(CLOCK.now_s() + SETTLED_S)
        taken_s = _taken_s(running)
        status = running.end()
    said = running.output
    found, _ = json.JSONDecoder().raw_decode(said[said.index("\n{") + 1 :])
    assert status == 0, running.output
    late = found["tick_lateness"]
    return {
        "p50_ms": late["p50_ms"],
        "p99_ms": late["p99_ms"],
        "max_ms": late["max_ms"],
        "missed": missed_ticks(RecordFolder(place / "data"), found["session_id"]),
        **taken_s,
    }


def _taken_s(running: Program) -> dict[str, float]:
    before_s = processor_s(running.process_id)
    CLOCK.sleep_until(CLOCK.now_s() + MEASURED_S)
    return {
        "processor_s": processor_s(running.process_id) - before_s,
        "peak_mb": peak_mb(running.process_id),
    }


def by_control(
    kept: Station,
    order: str,
    table: str = TABLE,
    beside: AbstractContextManager[object] = NOBODY,
) -> dict[str, float]:
    """One session with the program that keeps a table, a console and watchers.

    ``beside`` is entered while it is measured.
    """
    console = kept.console(table, order)
    console.prepare()
    console.until(is_holding, "the hold")
    console.look_on(SETTLED_S)
    control = kept.control(table)
    before_s = processor_s(control)
    with beside:
        console.look_on(MEASURED_S)
        open_n = connections(kept, table)
    taken_s = processor_s(control) - before_s
    while not (console.newest and is_idle(console.newest)):
        console.look_on(1.0)
    assert console.filed is not None
    late = kept.lateness(console.filed.session_id, table)
    console.peer.close()
    return {
        "p50_ms": late.p50_ms,
        "p99_ms": late.p99_ms,
        "max_ms": late.max_ms,
        "missed": missed_ticks(kept.records, console.filed.session_id),
        "processor_s": taken_s,
        "peak_mb": peak_mb(control),
        "connections": open_n,
    }


def missed_ticks(records: RecordFolder, session_id: str) -> int:
    """Ticks of a session without a sample."""
    times = read_session(records, session_id).samples["taken_at_ms"].astype(int)
    return int(((times[1:] - times[:-1] + TICK_MS // 2) // TICK_MS - 1).clip(0).sum())


def measure_beside(minutes: int, units: int = 4) -> dict[str, Any]:
    """One session alone, then as many in parallel as there are units, then one alone again.

    The ones alone give the lateness to which the others are compared: a few minutes are enough.
    """
    rows: list[dict[str, Any]] = []
    for count in (1, units, 1):
        order = STATIC.format(minutes=minutes if count == units else min(minutes, ALONE_MIN))
        with TemporaryDirectory() as name, station(Path(name) / "data", units=count) as kept:
            begun, reference = load(), dict[str, Any]()
            with idle_reference(reference), ThreadPoolExecutor(count) as pool:
                halves = [
                    pool.submit(by_control, kept, order, f"Table {number}")
                    for number in range(1, count + 1)
                ]
                sessions = [half.result() for half in halves]
            rows.append({"sessions": sessions, "load": begun, "reference": reference})
            print(f"{count} beside each other: {json.dumps(rows[-1])}", flush=True)
    return {"runs": rows, "minutes": minutes}


def pairs_table(found: dict[str, Any]) -> Table:
    """Both sessions of each pair, with the ratio of the lateness to that of ``run``."""
    table = Table(title="a session with everything running, over traction run")
    for name in ("pair", "load", "program", "p99 ms", "at most ms", "missed", "x run", "cpu s"):
        table.add_column(name)
    for number, pair in enumerate(found["pairs"], 1):
        for program_, one in ((name, pair[name]) for name in ("run", "control")):
            row = (one["p99_ms"], one["max_ms"], one["missed"])
            ratio = one["p99_ms"] / pair["run"]["p99_ms"]
            shown = (f"{value:g}" for value in row)
            table.add_row(
                str(number),
                pair["load"],
                program_,
                *shown,
                f"{ratio:.2f}",
                f"{one['processor_s']:.2f}",
            )
    return table


if __name__ == "__main__":
    Console().print(pairs_table(measure_pairs(BENCH_PAIRS)))
