"""Whatever stands in a cell, verify ends with a finding that names it, and checks the rest."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from controller.errors import JournalError
from records.clinic.clinic_verify import verify_clinic
from records.evidence import guarded_check
from records.evidence.integrity import verify
from records.evidence.newest_arming import last_arming_of, last_record_utc_ms, last_seen_of
from records.evidence.reader import list_sessions
from records.evidence.start_check import check_before_start
from records.evidence.stored_session import SessionHead, StoredSession, load_stored
from records.evidence.unreadable import UNREADABLE
from records.keeping.search import SessionQuery, find_sessions
from records.store.database import Database
from records.store.record_folder import RecordFolder
from tests.support.altering import altering, altering_loosely
from tests.support.commands import run
from tests.support.hostile_cells import NESTED, NOT_COVERED, spoil_a_cell
from tests.support.memory import memory_folder
from tests.support.mutated_files import verdict_of
from tests.support.notes import UNIT, recorded
from tests.support.sessions import KEY, SETTINGS
from tests.unit.records.store.test_clinic_chain import lived
from workstation.commands.evidence import RECORD_BAD

CELLS_IN_THE_TEST = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = RecordFolder(tmp_path_factory.mktemp("lived"))
    lived(data)
    recorded(data, "s-2", reference="TEST-2")
    recorded(data, "s-3", reference="TEST-3")
    return data.path


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> RecordFolder:
    shutil.copytree(whole, tmp_path / "copy")
    return RecordFolder(tmp_path / "copy")


OPENING = "UPDATE event SET detail = {} WHERE session = 2 AND sequence = 0"
ROWS: dict[str, tuple[str, str, str]] = {
    "an opening without an end": (OPENING.format("?"), "event 0", "deeper than 32 levels"),
    "a key twice": (
        OPENING.format("""replace(detail, '"identity":', '"identity":{},"identity":')"""),
        "event 0",
        "the key 'identity' stands in it twice",
    ),
    "half a character": (OPENING.format("""'{"a":"\\ud800"}'"""), "event 0", "half a character"),
    "bytes as text": (
        OPENING.format("CAST(detail AS BLOB)"),
        "event, row session 2, sequence 0",
        "detail is blob, not text",
    ),
    "text that is no UTF-8": (OPENING.format("CAST(X'7BFF7D' AS TEXT)"), "event 0", "read"),
    "a time out of range": (
        "UPDATE event SET at_ms = 1 << 40 WHERE session = 2 AND sequence > 0",
        "event ",
        "cannot be read",
    ),
    "a kind that is text": (
        "UPDATE event SET kind = '7' WHERE session = 2 AND sequence > 0",
        "event, row session 2, sequence ",
        "kind is text, not integer",
    ),
    "no digest": (
        "UPDATE packed_links SET digest = NULL WHERE session = 2",
        "packed_links, row session 2",
        "digest is null, not blob",
    ),
    "a signature of too many links": (
        "UPDATE chain_signature SET link_count = link_count + (1 << 40) WHERE session = 2",
        "the chain",
        "signed another chain",
    ),
    "a seal as text": (
        "UPDATE seal SET digest = hex(digest) WHERE session = 2",
        "seal, row session 2",
        "digest is text, not blob",
    ),
    "a signature of one byte": (
        "UPDATE signature SET signature = X'00' WHERE session = 2",
        "the signature",
        "does not fit",
    ),
    "a key of one byte": (
        "UPDATE signature SET public_key = X'00' WHERE session = 2",
        "the signature",
        "names key",
    ),
    "nothing packed": (
        "UPDATE packed_session SET data = X'' WHERE session = 2",
        "what is packed",
        "packed events cannot be read",
    ),
    "more events than there can be": (
        "UPDATE packed_session SET event_count = 1 << 40 WHERE session = 2",
        "what is packed",
        "1099511627776 events",
    ),
    "packed events as a number": (
        "UPDATE packed_session SET data = 7 WHERE session = 2",
        "packed_session, row session 2",
        "data is integer, not blob",
    ),
}


@pytest.mark.parametrize("change", ROWS)
def test_a_hostile_row_is_a_finding_that_names_session_and_row(
    data: RecordFolder, change: str
) -> None:
    statement, where, what = ROWS[change]
    with altering_loosely(data.unit_database(UNIT)) as db:
        done = db.execute(statement, (NESTED,) if "?" in statement else ())
        assert done.rowcount > 0
    result = run(data, "verify", "--all")
    assert result.exit_code == RECORD_BAD
    mine = [found for found in verify(data).alterations if found.session_id == "s-2"]
    assert any(found.where.startswith(where) and what in found.what for found in mine), mine
    # The sessions beside it are checked all the same; the chain of seals breaks at most once.
    assert not [found for found in verify(data, "s-1").alterations if found.session_id == "s-1"]
    assert "verified 3 sessions" in result.output


def test_each_bad_session_is_named(data: RecordFolder) -> None:
    with altering_loosely(data.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET detail = ? WHERE session = 1 AND sequence = 0", (NESTED,))
        db.execute("UPDATE event SET detail = NULL WHERE session = 2 AND sequence = 0")
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 3 AND sequence > 0")
    assert {found.session_id for found in verify(data).alterations} >= {"s-1", "s-2", "s-3"}


def test_a_session_s_row_that_cannot_be_read_hides_no_other(data: RecordFolder) -> None:
    with altering_loosely(data.unit_database(UNIT)) as db:
        db.execute("UPDATE session SET session_id = X'00', started_utc_ms = 'x' WHERE number = 2")
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 3 AND sequence > 0")
    found = verify(data).alterations
    assert {one.session_id for one in found} >= {"number 2", "s-3"}
    assert any("session_id is blob, not text" in one.what for one in found)
    assert not any("number 2 of the unit is missing" in one.what for one in found)


def test_what_cannot_be_read_in_a_unit_s_file_is_not_said_of_clinic_db(data: RecordFolder) -> None:
    with altering_loosely(data.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET detail = ? WHERE session = 3 AND sequence = 0", (NESTED,))
    assert {found.where for found in verify_clinic(data).alterations} == {
        "the order of session s-3"
    }


def test_the_last_line_counts_the_clinic_s_words_too(data: RecordFolder) -> None:
    with altering_loosely(data.clinic_database) as db:
        db.execute("UPDATE entry SET detail = ? WHERE sequence = 2", (NESTED,))
    result = run(data, "verify", "--all")
    assert result.exit_code == RECORD_BAD
    assert result.output.splitlines()[-1].startswith("altered (checked: ")
    assert "ALTERED clinic.db, entry 2: its text cannot be read: it nests deeper" in result.output


@pytest.mark.parametrize("error", UNREADABLE)
def test_whatever_a_reader_raises_hides_no_other_session(
    data: RecordFolder, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = load_stored

    def breaks_at_the_second(db: Database, head: SessionHead) -> StoredSession:
        if head.number == 2:
            raise error("x")
        return real(db, head)

    with altering(data.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 3 AND sequence > 0")
    monkeypatch.setattr(guarded_check, "load_stored", breaks_at_the_second)
    found = verify(data).alterations
    assert {one.session_id for one in found} == {"s-2", "s-3"}
    assert found[0].what.startswith("its rows cannot be read: ")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM session_order WHERE session_id = 's-2'",
        "UPDATE session_order SET session_id = 's-9' WHERE session_id = 's-2'",
    ],
)
def test_an_order_that_is_gone_is_found(data: RecordFolder, change: str) -> None:
    with altering(data.clinic_database) as db:
        db.execute(change)
    found = [(one.where, one.what) for one in verify_clinic(data).alterations]
    (what,) = [what for where, what in found if where == "the order of session s-2"]
    assert what == "it was filed and is gone"


def test_an_order_that_no_register_names_is_missed_by_the_evidence(data: RecordFolder) -> None:
    with altering(data.clinic_database) as db:
        db.execute("DELETE FROM session_order WHERE session_id = 's-2'")
        db.execute("DELETE FROM link")
        db.execute("DELETE FROM entry")
    found = [(one.where, one.what) for one in verify_clinic(data).alterations]
    missed = "it is not on file, though the evidence names its digest"
    assert ("the order of session s-2", missed) in found


READERS: tuple[Callable[[RecordFolder], object], ...] = (
    lambda data: list(check_before_start(data, UNIT, KEY, free_bytes=lambda folder: 10**12)),
    lambda data: last_arming_of(data.unit_database(UNIT), SETTINGS.day_at),
    lambda data: last_seen_of(data.unit_database(UNIT)),
    last_record_utc_ms,
    list_sessions,
    lambda data: find_sessions(data, SessionQuery(words=("arm",)), a_day),
)
"""What a start and the lists read; each refuses in words."""


def a_day(utc_ms: int) -> date:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).date()


def test_no_cell_makes_verify_or_a_start_fail(whole: Path) -> None:
    source = random.Random(20261128)
    missed = []
    with memory_folder() as folder:
        copy = RecordFolder(Path(folder) / "copy")
        for number in range(CELLS_IN_THE_TEST):
            shutil.rmtree(copy.path, ignore_errors=True)
            shutil.copytree(whole, copy.path)
            path = source.choice((copy.unit_database(UNIT), copy.clinic_database))
            done = f"{number}: {spoil_a_cell(path, source)}"
            whole_still = verdict_of(copy.path) == "whole"
            if whole_still and not any(f" {table} row" in done for table in NOT_COVERED):
                missed.append(done)
            for read in READERS:
                with suppress(JournalError):
                    read(copy)
    assert missed == []
