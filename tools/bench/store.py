"""The store of `make bench`: a sealed session beside rows, CSV, Parquet and a bare log.

All layouts hold the same 30 minutes at 50 Hz (`reference_signal`), lie on the same disk and take
turns (A B C A B C). "read" is from an open file to a numpy array; "seal" makes the layout at rest
from samples in memory; "commit" makes 5 samples (100 ms) durable. The bare log is the floor: a
file whose space was reserved, one write and one fdatasync.
"""

from __future__ import annotations

import csv
import os
import statistics
import sys
from abc import abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from controller.events import EventKind
from controller.runtime.clock import SystemClock
from records.evidence.journal_store import JournalStore
from records.evidence.session_keys import derive_session_keys
from records.evidence.session_rows import Tail, stored_tail
from records.evidence.spill import SpillFile, spill_path
from records.store.blocks import pack_block, unpack_block
from records.store.canonical import (
    SAMPLE_DTYPE,
    SAMPLE_SIZE,
    EventRow,
    SampleArray,
    samples_from_bytes,
)
from records.store.chain import Subject
from records.store.database import Database, Migrations, Schema, open_for_writing, rows
from records.store.ed25519 import SEED_SIZE, SigningKey
from records.store.unit_file import UNIT_SCHEMA
from tests.support.reference_signal import reference_signal

MINUTES = 30.0
ROUNDS = 9
COMMITS_PER_ROUND = 40
SAMPLES_PER_COMMIT = 5
READ_GOAL = 0.05
COMMIT_GOAL = 2.5
COLUMNS = SAMPLE_DTYPE.names or ()

_rows_migrations = Migrations("bench-rows")


@_rows_migrations()
def m001_rows(db: Database) -> None:
    """One row a sample."""
    columns = ", ".join(f"{name} INTEGER NOT NULL" for name in COLUMNS)
    db.execute(f"CREATE TABLE sample ({columns}) STRICT")
    db.execute("PRAGMA user_version = 1")


_ROWS_SCHEMA = Schema("rows of samples", 1, _rows_migrations)
_INSERT = f"INSERT INTO sample VALUES ({', '.join('?' * len(COLUMNS))})"


class Layout(Protocol):
    """One way to keep samples. ``seal`` stores them for good, ``read`` returns all of them."""

    name: str

    @abstractmethod
    def seal(self, data: bytes) -> None: ...

    @abstractmethod
    def read(self) -> SampleArray: ...

    @abstractmethod
    def bytes_at_rest(self) -> int: ...

    @abstractmethod
    def close(self) -> None: ...

    @property
    @abstractmethod
    def commit(self) -> Callable[[bytes], None] | None:
        """Make a few samples durable; None if the layout cannot."""


class Sealed:
    """The project's layout: one compressed block per session.

    An open session commits block, link and event.
    """

    name = "sealed block (ours)"

    def __init__(self, folder: Path) -> None:
        self._db = open_for_writing(folder / "ours.db", UNIT_SCHEMA)
        with self._db.atomic():
            for number in (1, 2):
                self._db.execute(
                    "INSERT INTO session VALUES (?, ?, 'bench', 0, 0)", (number, f"s-{number}")
                )
        subject = Subject(name="s-1", place="bench", number=1)
        keys = derive_session_keys(SigningKey(bytes(SEED_SIZE)), subject)
        self._tail: Tail = stored_tail(self._db, 1)
        self._spill = SpillFile.reserve(spill_path(folder / "ours.db"))
        self._store = JournalStore(folder / "ours.db", self._tail, self._spill, keys.tagger(), keys)

    def seal(self, data: bytes) -> None:
        with self._db.atomic():
            self._db.execute("DELETE FROM sample_block WHERE session = 2")
            count = len(data) // SAMPLE_SIZE
            self._db.execute(
                "INSERT INTO sample_block VALUES (2, 0, ?, 1, ?)", (count, pack_block(data))
            )

    def read(self) -> SampleArray:
        ((block,),) = rows(self._db, "SELECT data FROM sample_block WHERE session = 2")
        return samples_from_bytes(unpack_block(block))

    def bytes_at_rest(self) -> int:
        ((size,),) = rows(self._db, "SELECT length(data) FROM sample_block WHERE session = 2")
        return int(size)

    def close(self) -> None:
        self._store.close()
        self._spill.discard()
        self._db.close()

    @property
    def commit(self) -> Callable[[bytes], None]:
        return self._commit

    def _commit(self, data: bytes) -> None:
        """Commit as the journal does in the worst case: with an event in each batch.

        Tag, end mark and chain signature included; a commit is 100 ms of session time.
        """
        event = EventRow(
            sequence=self._tail.events,
            at_ms=0,
            utc_ms=0,
            kind=int(EventKind.OPERATOR_ACTED),
            version=1,
            detail_json="{}",
        )
        if not self._store.keep([event], data, self._tail.link_count / 10):
            raise RuntimeError(self._store.trouble)
        self._tail = self._tail.follow([event], data)


class Rows:
    """One SQLite row a sample, inserted by executemany in one transaction."""

    name = "SQLite rows"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "rows.db"
        self._db = open_for_writing(self._path, _ROWS_SCHEMA)
        self._at_rest = 0

    def seal(self, data: bytes) -> None:
        with self._db.atomic():
            self._db.execute("DELETE FROM sample")
            self._db.conn.executemany(_INSERT, samples_from_bytes(data).tolist())
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._at_rest = self._path.stat().st_size

    def read(self) -> SampleArray:
        return np.array(rows(self._db, "SELECT * FROM sample"), dtype=SAMPLE_DTYPE)

    def bytes_at_rest(self) -> int:
        return self._at_rest

    def close(self) -> None:
        self._db.close()

    @property
    def commit(self) -> Callable[[bytes], None]:
        return self._commit

    def _commit(self, data: bytes) -> None:
        with self._db.atomic():
            self._db.conn.executemany(_INSERT, samples_from_bytes(data).tolist())


class Csv:
    """Lines of text; a commit appends and syncs."""

    name = "CSV"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "samples.csv"
        self._open = (folder / "open.csv").open("a", newline="")

    def seal(self, data: bytes) -> None:
        with self._path.open("w", newline="") as file:
            csv.writer(file).writerows(samples_from_bytes(data).tolist())
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> SampleArray:
        return np.loadtxt(self._path, delimiter=",", dtype=SAMPLE_DTYPE)

    def bytes_at_rest(self) -> int:
        return self._path.stat().st_size

    def close(self) -> None:
        self._open.close()

    @property
    def commit(self) -> Callable[[bytes], None]:
        return self._commit

    def _commit(self, data: bytes) -> None:
        csv.writer(self._open).writerows(samples_from_bytes(data).tolist())
        self._open.flush()
        os.fsync(self._open.fileno())


class Parquet:
    """DuckDB, zstd; a Parquet file cannot grow, so it has no commit."""

    name = "Parquet (DuckDB, zstd)"
    commit = None

    def __init__(self, folder: Path) -> None:
        self._path = folder / "samples.parquet"
        self._duckdb = duckdb.connect()
        self._duckdb.execute("SET threads = 1")

    def seal(self, data: bytes) -> None:
        samples = samples_from_bytes(data)
        native = {
            name: samples[name].astype(samples.dtype[name].newbyteorder("=")) for name in COLUMNS
        }
        self._duckdb.register("columns", native)
        self._duckdb.execute(
            f"COPY (SELECT * FROM columns) TO '{self._path}' (FORMAT parquet, COMPRESSION zstd)"
        )

    def read(self) -> SampleArray:
        columns = self._duckdb.execute(f"SELECT * FROM '{self._path}'").fetchnumpy()
        samples = np.empty(len(columns[COLUMNS[0]]), dtype=SAMPLE_DTYPE)
        for name in COLUMNS:
            samples[name] = columns[name]
        return samples

    def bytes_at_rest(self) -> int:
        return self._path.stat().st_size

    def close(self) -> None:
        self._duckdb.close()


class BareLog:
    """13 bytes a sample, one after another in reserved space, without a chain and compression."""

    name = "reserved log, fdatasync"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "samples.log"
        self._size, self._end = 0, 0
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._log = os.open(folder / "open.log", flags)
        reserved = bytes(1 << 20)
        os.write(self._log, reserved)
        os.fsync(self._log)

    def seal(self, data: bytes) -> None:
        with self._path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> SampleArray:
        return np.fromfile(self._path, dtype=SAMPLE_DTYPE)

    def bytes_at_rest(self) -> int:
        return self._path.stat().st_size

    def close(self) -> None:
        os.close(self._log)

    @property
    def commit(self) -> Callable[[bytes], None]:
        return self._commit

    def _commit(self, data: bytes) -> None:
        os.lseek(self._log, self._end % ((1 << 20) - len(data)), os.SEEK_SET)
        os.write(self._log, data)
        _sync_data(self._log)
        self._end += len(data)


_sync_data = getattr(os, "fdatasync", os.fsync)
LAYOUTS: tuple[Callable[[Path], Any], ...] = (Sealed, Rows, Csv, Parquet, BareLog)


def store_table(*, minutes: float = MINUTES, rounds: int = ROUNDS) -> Table:
    """Run everything alternately; returns medians with their spread."""
    data = reference_signal(minutes)
    with TemporaryDirectory() as folder, ExitStack() as opened:
        layouts: list[Layout] = [make(Path(folder)) for make in LAYOUTS]
        for layout in layouts:
            opened.callback(layout.close)
        taken = _measure(layouts, data, rounds)
        sizes = {layout.name: layout.bytes_at_rest() for layout in layouts}
    count = len(data) // SAMPLE_SIZE
    table = Table(
        title=f"store: {count} samples ({minutes:g} min at 50 Hz), goals for ours: read at most "
        f"{READ_GOAL} x rows, commit at most {COMMIT_GOAL} x log, at most 1.5 bytes a sample"
    )
    for column in (
        "layout",
        "bytes/sample",
        "n",
        "seal ms",
        "read ms",
        "x rows",
        "n",
        "commit us",
        "x log",
    ):
        table.add_column(column, justify="left" if column == "layout" else "right")
    rows_ms = statistics.median(taken["read"][Rows.name])
    log_ms = statistics.median(taken["commit"][BareLog.name])
    for name, size in sizes.items():
        read_ms, commits_ms = taken["read"][name], taken["commit"].get(name, [])
        table.add_row(
            name,
            f"{size / count:.2f}",
            str(rounds),
            _spread(taken["seal"][name], 1),
            _spread(read_ms, 1),
            f"{statistics.median(read_ms) / rows_ms:.3f}",
            str(len(commits_ms) or "-"),
            _spread(commits_ms, 1000),
            f"{statistics.median(commits_ms) / log_ms:.2f}" if commits_ms else "-",
        )
    return table


def _measure(layouts: list[Layout], data: bytes, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each act, by act and layout; the data read back is compared each time."""
    clock = SystemClock()
    taken: dict[str, dict[str, list[float]]] = {"seal": {}, "read": {}, "commit": {}}

    def timed(act: str, layout: Layout, call: Callable[[], Any]) -> Any:
        started_s = clock.now_s()
        result = call()
        taken[act].setdefault(layout.name, []).append((clock.now_s() - started_s) * 1000)
        return result

    batch = data[: SAMPLES_PER_COMMIT * SAMPLE_SIZE]
    for _ in range(rounds):
        for layout in layouts:
            timed("seal", layout, partial(layout.seal, data))
        for layout in layouts:
            samples = timed("read", layout, layout.read)
            if samples.tobytes() != data:
                raise ValueError(f"{layout.name} returned other samples")
        for _ in range(COMMITS_PER_ROUND):
            for layout in layouts:
                if (commit := layout.commit) is not None:
                    timed("commit", layout, partial(commit, batch))
    return taken


def _spread(values_ms: list[float], factor: float) -> str:
    """Median and the 10th to 90th percentile."""
    if not values_ms:
        return "-"
    deciles = statistics.quantiles(values_ms, n=10) if len(values_ms) > 1 else values_ms
    middle = statistics.median(values_ms) * factor
    return f"{middle:.2f} ({deciles[0] * factor:.2f}-{deciles[-1] * factor:.2f})"


if __name__ == "__main__":
    Console().print(store_table())
