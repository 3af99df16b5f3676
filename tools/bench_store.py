"""The store's part of `make bench`: sealed blocks beside rows, CSV, Parquet and a bare log.

One run, one disk, in turns. Only the ratios mean something elsewhere. The signal is the reference
signal of the tests: 30 minutes at 50 Hz for reading, its first half for bytes a sample.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from records.blocks import pack_block, unpack_block
from records.canonical import SAMPLE_SIZE, EventRow, samples_from_bytes
from records.database import open_for_writing
from records.session_rows import Tail, append_batch
from records.unit_file import UNIT_SCHEMA
from tests.support.reference_signal import reference_signal

MINUTES = 30.0
READS = 9
COMMITS = 200
COLUMNS = "taken_at_ms, target_dn, force_1_dn, force_2_dn, phase, flags"
READ_GOAL, SIZE_GOAL, COMMIT_GOAL = 0.05, 1.5, 2.5


def main() -> None:
    """Run everything and print it."""
    console = Console()
    signal = reference_signal(minutes=MINUTES)
    with TemporaryDirectory() as folder:
        console.print(storing(signal, Path(folder)))
        console.print(committing(Path(folder)))


def storing(signal: bytes, folder: Path) -> Table:
    """Bytes a sample, time to write once, time to read into numpy."""
    samples = samples_from_bytes(signal)
    rows = [(index, *row) for index, row in enumerate(samples.tolist())]
    columns = np.array([row[1:] for row in rows], dtype=np.int64)
    half = signal[: len(signal) // 2]
    block = pack_block(signal)
    (folder / "block").write_bytes(block)
    per_sample = len(pack_block(half)) / (len(half) // SAMPLE_SIZE)
    ways: dict[str, tuple[float, float, Callable[[], object]]] = {
        "rows": _rows(rows, folder / "rows.db"),
        "CSV": _csv(columns, folder / "x.csv"),
        "Parquet zstd": _parquet(columns, folder / "x.parquet"),
        "sealed block": (
            per_sample,
            _seconds(lambda: pack_block(signal)),
            lambda: samples_from_bytes(unpack_block((folder / "block").read_bytes())),
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(READS):
        for name, (_size, _write, read) in ways.items():
            times[name].append(_seconds(read))
    base = statistics.median(times["rows"])
    table = Table(
        title=f"30 min at 50 Hz, {len(samples)} samples; goals for the sealed block: at most "
        f"{SIZE_GOAL} bytes, read at most {READ_GOAL} x rows"
    )
    for column in ("layout", "bytes/sample", "write ms", "read ms", "x rows"):
        table.add_column(column, justify="left" if column == "layout" else "right")
    for name, (size, write, _) in ways.items():
        read_s = statistics.median(times[name])
        table.add_row(
            name, f"{size:.2f}", f"{write * 1e3:.0f}", f"{read_s * 1e3:.1f}",
            f"{read_s / base:.3f}",
        )  # fmt: skip
    return table


def committing(folder: Path) -> Table:
    """A durable commit of one event and two samples, beside a bare log with fdatasync."""
    db = open_for_writing(folder / "unit.db", UNIT_SCHEMA)
    db.execute("INSERT INTO session VALUES (1, 's', 'u', 0, 0)")
    log = os.open(folder / "log", os.O_RDWR | os.O_CREAT)
    os.posix_fallocate(log, 0, 1 << 20)
    tail = Tail(session=1, link=bytes(32))
    batch = bytes(2 * SAMPLE_SIZE)
    times: dict[str, list[float]] = {"bare log": [], "journal": []}
    for index in range(COMMITS):
        event = EventRow(
            sequence=index, at_ms=0, utc_ms=0, kind=12, version=1, detail_json='{"action":"x"}'
        )

        def append(event: EventRow = event, index: int = index) -> None:
            os.pwrite(log, event.canonical() + batch, 128 * index)
            os.fdatasync(log)

        times["bare log"].append(_seconds(append))
        started_s = time.perf_counter()
        tail = append_batch(db, tail, [event], batch)
        times["journal"].append(time.perf_counter() - started_s)
    os.close(log)
    db.close()
    base = statistics.median(times["bare log"])
    table = Table(title=f"durable commit, goal for the journal: at most {COMMIT_GOAL} x bare log")
    for column in ("way", "p50 us", "p90 us", "x bare log"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for name, values in times.items():
        p50, p90 = statistics.median(values), statistics.quantiles(values, n=10)[-1]
        table.add_row(name, f"{p50 * 1e6:.0f}", f"{p90 * 1e6:.0f}", f"{p50 / base:.2f}")
    return table


def _rows(rows: list[tuple[int, ...]], path: Path) -> tuple[float, float, Callable[[], object]]:
    db = sqlite3.connect(path)
    db.execute(
        "CREATE TABLE sample (number INTEGER PRIMARY KEY, taken_at_ms, target_dn, force_1_dn, "
        "force_2_dn, phase, flags)"
    )
    write_s = _seconds(lambda: db.executemany("INSERT INTO sample VALUES (?,?,?,?,?,?,?)", rows))
    db.commit()

    def read() -> object:
        stored = db.execute(f"SELECT {COLUMNS} FROM sample ORDER BY number").fetchall()
        return np.array(stored, dtype=np.int64)

    return path.stat().st_size / len(rows), write_s, read


def _csv(columns: np.ndarray, path: Path) -> tuple[float, float, Callable[[], object]]:
    write_s = _seconds(lambda: np.savetxt(path, columns, fmt="%d", delimiter=","))
    size = path.stat().st_size / len(columns)
    return size, write_s, lambda: np.loadtxt(path, delimiter=",", dtype=np.int64)


def _parquet(columns: np.ndarray, path: Path) -> tuple[float, float, Callable[[], object]]:
    db = duckdb.connect()
    names = [name.strip() for name in COLUMNS.split(",")]
    fields = dict(zip(names, columns.T.astype(np.int32), strict=True))
    db.register("samples", {name: np.ascontiguousarray(column) for name, column in fields.items()})
    write_s = _seconds(
        lambda: db.execute(f"COPY samples TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    )
    size = path.stat().st_size / len(columns)
    return size, write_s, lambda: db.execute(f"SELECT * FROM '{path}'").fetchnumpy()


def _seconds(call: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    call()
    return time.perf_counter() - started_s


if __name__ == "__main__":
    main()
