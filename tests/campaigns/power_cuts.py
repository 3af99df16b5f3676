"""`make campaign-power-cuts`: the power fails after every operation of the storage.

Random sessions are recorded on the disk of ``tests/support/recording_storage.py`` by the program's
own journal. Then the disk is built again for each cut, opened as the next start opens it, and
compared with what had been acknowledged at that moment: ``open_session`` returned, ``sync``
returned, ``close`` gave out the checkpoint.

python -m tests.campaigns.power_cuts [CUTS] [SEED] [--shard K/N]; a seed is one of a file
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.errors import JournalCorrupt, TractionError
from controller.events import EventKind, Outcome, Sample, SampleFlag, SessionEvent
from controller.runtime.clock import VirtualClock
from records.evidence.integrity import verify
from records.evidence.journal import SessionOpening, open_session
from records.evidence.journal_store import check_stored_chain
from records.evidence.session_check import check_session
from records.evidence.session_rows import chain_start, stored_tail
from records.evidence.stored_session import load_stored, session_rows_of
from records.keys.signing import SigningKey
from records.store.database import Database, failures_in_words, open_for_writing, rows
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from tests.campaigns.asked import Asked, ran_on
from tests.support.left_open import close_left_open
from tests.support.recording_storage import Disk, Recording, recording

CUTS = 100_000
CUTS_PER_OPERATION = 8
NEXT_START_EVERY = 100
"""The whole next start, which closes the sessions and verifies all of them, takes longer."""
AUTOCHECKPOINT_PAGES = (1000, 8, 30)
"""SQLite's own number, and small ones that bring the log into the file during a session."""
SESSIONS_PER_FILE = 2
UNIT = "00000000000000cc"
KEY = SigningKey(bytes(range(32)))
SMALL_RESERVE = 64 << 10


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What had been promised for a session once ``operations`` were done."""

    operations: int
    session_id: str
    events: int
    samples: int
    sealed: bool


@dataclass
class Result:
    """The effects of the cuts. ``corrupt`` and ``lost`` name the cuts; both must stay empty."""

    files: int = 0
    cuts: int = 0
    operations: int = 0
    next_starts: int = 0
    corrupt: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def cut_everywhere(asked: Asked, folder: Path, per_operation: int, every: int = 1) -> Result:
    """Record files in turn and cut each, until there are enough cuts.

    A file is cut after each operation, or after every ``every``-th.
    """
    result, cuts = Result(), len(asked.numbers)
    first = asked.seed + asked.shard - 1
    for file_seed in range(first, sys.maxsize, asked.shards):
        chance = random.Random(file_seed)
        pages = AUTOCHECKPOINT_PAGES[(first + result.files) % len(AUTOCHECKPOINT_PAGES)]
        recorded, promises = record_sessions(chance, RecordFolder(folder / "recorded"), pages)
        result.files += 1
        for cut in _cuts(recorded, chance, folder, per_operation, every):
            if result.cuts >= cuts:
                return result
            result.cuts += 1
            result.operations += cut.variant == 0
            _look(cut, folder, promises, result)
    raise AssertionError("unreachable")


def record_sessions(
    chance: random.Random, folder: RecordFolder, autocheckpoint_pages: int
) -> tuple[Recording, list[Acknowledged]]:
    """Sessions of random length in one unit's file, and what was promised when."""
    shutil.rmtree(folder.path, ignore_errors=True)
    promises: list[Acknowledged] = []
    with recording(autocheckpoint_pages=autocheckpoint_pages) as recorded:
        for number in range(SESSIONS_PER_FILE):
            _record_session(f"s-{number + 1}", chance, folder, recorded, promises)
    return recorded, promises


def _record_session(
    session_id: str,
    chance: random.Random,
    folder: RecordFolder,
    recorded: Recording,
    promises: list[Acknowledged],
) -> None:
    clock = VirtualClock()
    opening = SessionOpening(session_id=session_id, unit_id=UNIT, utc_offset_min=0, detail={})
    journal = open_session(folder, opening, clock, key=KEY, reserved_bytes=SMALL_RESERVE)
    events, samples, at_ms = 1, 0, 0

    def promise(sealed: bool = False) -> None:
        promises.append(Acknowledged(len(recorded), session_id, events, samples, sealed))

    promise()
    for _ in range(chance.randint(2, 6)):
        for _ in range(chance.choice((1, 5, 5, 40, 200))):
            at_ms += 20
            journal.append_sample(_sample(at_ms, chance))
            samples += 1
        if chance.random() < 0.5:
            text = "x" * chance.choice((10, 200, 3000))
            journal.append_event(_event(EventKind.OPERATOR_ACTED, at_ms, text=text))
            events += 1
        journal.sync()
        promise()
    ending = {"outcome": Outcome.STOPPED, "reason": "test"}
    journal.append_event(_event(EventKind.SESSION_ENDED, at_ms, **ending))
    events += 1
    journal.sync()
    promise()
    journal.close()
    promise(sealed=True)


def _event(kind: EventKind, at_ms: int, **detail: str) -> SessionEvent:
    return SessionEvent(kind=kind, at_ms=at_ms, detail=detail)


def _sample(at_ms: int, chance: random.Random) -> Sample:
    force_dn = chance.randint(0, 1500)
    return Sample(
        taken_at_ms=at_ms,
        target_dn=1000,
        force_1_dn=force_dn,
        force_2_dn=force_dn + 1,
        phase=6,
        flags=SampleFlag.NONE,
    )


# --- cuts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut after ``operations`` operations; the ``variant``-th outcome for what was not synced."""

    operations: int
    variant: int


def _cuts(
    recorded: Recording, chance: random.Random, folder: Path, per_operation: int, every: int
) -> Iterator[Cut]:
    """The disk of every cut in turn, in ``folder``/cut."""
    disk = Disk()
    units = RecordFolder(folder / "cut").unit_database(UNIT).parent
    for number, operation in enumerate(recorded.operations, start=1):
        disk.take(operation)
        for variant in range(0 if number % every else per_operation):
            shutil.rmtree(folder / "cut", ignore_errors=True)
            units.mkdir(parents=True)
            disk.cut(chance, units)
            yield Cut(number, variant)


def _look(cut: Cut, folder: Path, promises: list[Acknowledged], result: Result) -> None:
    """Open the disk as the next start does and compare it with the promises."""
    path = RecordFolder(folder / "cut").unit_database(UNIT)
    kept: dict[str, tuple[int, int, bool]] = {}
    try:
        with failures_in_words(path, "opened after the cut"):
            db = open_for_writing(path, UNIT_SCHEMA)
            try:
                kept = _kept(db)
            finally:
                db.close()
        if result.cuts % NEXT_START_EVERY == 0:
            result.next_starts += 1
            _start_again(RecordFolder(folder / "cut"), kept)
    except TractionError as error:
        result.corrupt.append(f"{cut}: {error}")
        return
    for promise in promises:
        if promise.operations > cut.operations:
            break
        events, samples, sealed = kept.get(promise.session_id, (0, 0, False))
        if events < promise.events or samples < promise.samples or sealed < promise.sealed:
            result.lost.append(f"{cut}: {promise}")
            return


def _kept(db: Database) -> dict[str, tuple[int, int, bool]]:
    """Events, samples and seal of each session; raises JournalCorrupt."""
    problem = rows(db, "PRAGMA integrity_check")[0][0]
    if problem != "ok":
        raise JournalCorrupt(f"SQLite finds: {problem}")
    kept = {}
    for head in session_rows_of(db):
        stored = load_stored(db, head)
        if stored.seal is None:
            check_stored_chain(db, head.number)
            tail = stored_tail(db, head.number)
            whole = (tail.events, tail.samples) == (len(stored.events), stored.sample_count)
        else:
            known = {KEY.key_id: KEY.public_key}
            whole = not list(
                check_session(stored, chain_start(db, head.number), known, must_have_key=True)
            )
        if not whole:
            raise JournalCorrupt(f"session {head.session_id} is not whole")
        kept[head.session_id] = (len(stored.events), stored.sample_count, stored.seal is not None)
    return kept


def _start_again(folder: RecordFolder, kept: dict[str, tuple[int, int, bool]]) -> None:
    """Close what the cut left open, as the program does, and verify everything."""
    closed = close_left_open(folder, UNIT, VirtualClock(), KEY)
    left_open = [name for name, (_, _, sealed) in kept.items() if not sealed]
    if closed != left_open:
        raise JournalCorrupt(f"the next start closed {closed} of {left_open}")
    alterations = verify(folder).alterations
    if alterations:
        raise JournalCorrupt(f"after the next start: {alterations[0]}")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder in memory where the system allows it: the rebuilt disks need not survive."""
    in_memory = Path("/dev/shm")
    with TemporaryDirectory(dir=in_memory if in_memory.is_dir() else None) as folder:
        yield Path(folder)


def main() -> None:
    """Run the campaign; returns the exit status."""
    asked = Asked.of(__doc__ or "", count=CUTS)
    with scratch_folder() as folder:
        result = cut_everywhere(asked, folder, CUTS_PER_OPERATION)
    print(
        f"{result.cuts} cuts after {result.operations} operations on {result.files} files, "
        f"{result.next_starts} whole next starts: {len(result.corrupt)} corrupt, "
        f"{len(result.lost)} with an acknowledged record lost"
    )
    print(ran_on(asked))
    for line in (*result.corrupt[:5], *result.lost[:5]):
        print(line)
    sys.exit(1 if result.corrupt or result.lost else 0)


if __name__ == "__main__":
    main()
