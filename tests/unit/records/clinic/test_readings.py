"""A second account that may only read: without the key, and never without its audit row."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controller.errors import AuditUnavailable, JournalUnavailable, KeyUnavailable
from controller.events import JsonValue
from records.clinic.audit import accesses, record_read
from records.clinic.clinic_verify import verify_clinic
from records.clinic.readings import (
    leave_reading,
    left_readings,
    offer_readings_folder,
    take_up_readings,
)
from records.store.author import Person
from records.store.database import open_for_reading, rows
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding
from tests.support.accounts import READER_ID, as_reader, shared_records
from tests.support.commands import run, said
from tests.support.notes import UNIT, author, recorded

READER = Person(by="B. Biller", user="desk 2", at_utc_ms=1_767_229_300_000)
ROW: dict[str, JsonValue] = {
    "what": "note",
    "by": "B. Biller",
    "session_id": "s-1",
    "patient_key": "p",
    "fields": [],
}


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordFolder]:
    """The records as a second account finds them."""
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    with shared_records() as data:
        yield data


def test_a_row_that_was_left_is_shown_and_taken_up_into_the_chain(shared: RecordFolder) -> None:
    record_read(shared, READER, "note", session_id="s-1", patient_key="p")
    (waiting,) = accesses(shared)
    assert (waiting.what, waiting.by) == ("note (not yet in the chain)", "B. Biller")
    assert take_up_readings(shared, author(shared)) == 1
    assert list(left_readings(shared)) == []
    (kept,) = accesses(shared, {"s-1"})
    assert (kept.what, kept.by, kept.at_utc_ms) == ("note", "B. Biller", READER.at_utc_ms)
    assert kept.user != READER.user, "the owner of the file counts, not what the reader says"
    assert verify_clinic(shared).alterations == ()
    assert take_up_readings(shared, author(shared)) == 0


def test_the_next_command_of_the_records_own_account_takes_rows_up(shared: RecordFolder) -> None:
    record_read(shared, READER, "note", session_id="s-1")
    said(shared, "note", "s-1")
    whats = [row["what"] for row in json.loads(said(shared, "audit", "--json"))["accesses"]]
    assert whats == ["note", "note"]
    assert list(shared.readings.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"what": "note"}', b"[" * 50_000, b"\xff", json.dumps(ROW).encode() * 2],
)
def test_a_file_that_is_no_row_is_shown_and_left_and_hides_no_other(
    shared: RecordFolder, content: bytes
) -> None:
    strange = shared.readings / f"1-{'0' * 16}.json"
    strange.write_bytes(content)
    leave_reading(shared, 2, ROW)
    assert take_up_readings(shared, author(shared)) == 1
    assert strange.exists()
    whats = [row.what for row in accesses(shared)]
    assert whats == ["note", f"{strange.name} is no row of an access (not yet in the chain)"]


def test_a_link_a_folder_a_pipe_and_a_row_of_any_size_are_no_rows(shared: RecordFolder) -> None:
    folder = shared.readings
    (folder / f"1-{'1' * 16}.json").symlink_to(shared.path / "clinic.db")
    (folder / f"1-{'2' * 16}.json").mkdir()
    big = json.dumps({**ROW, "what": "x" * 100_000}).encode()
    (folder / f"1-{'3' * 16}.json").write_bytes(big)
    os.mkfifo(folder / f"1-{'4' * 16}.json")
    (folder / "another name").touch()
    assert [left.detail for left in left_readings(shared)] == [None, None, None, None]


def test_without_the_folder_nothing_is_read(folder: RecordFolder) -> None:
    recorded(folder)
    with pytest.raises(
        AuditUnavailable, match=r"readings .No such file.*the setting readers_group"
    ):
        record_read(folder, READER, "note", session_id="s-1")
    offer_readings_folder(folder)
    assert not folder.readings.exists(), "a private folder has no readers"


# --- another account --------------------------------------------------------------------------


def printed(data: RecordFolder, *arguments: str) -> str:
    """What a command prints for the second account, once everything it needs is loaded."""
    run(data, *arguments)
    return as_reader(data, lambda: said(data, *arguments))


@pytest.mark.parametrize("logs", [True, False], ids=["logs there", "no logs"])
def test_a_biller_reads_a_note_without_the_key_and_the_access_is_kept(
    shared: RecordFolder, logs: bool
) -> None:
    run(shared, "note", "s-1")
    if not logs:
        for beside in shared.path.rglob("*.db-*"):
            beside.unlink()
    assert "TREATMENT NOTE" in as_reader(shared, lambda: said(shared, "note", "s-1"))
    for arguments in (
        ("show", "s-1"),
        ("sessions", "--patient", "TEST-1"),
        ("claim", "new", "s-1"),
    ):
        assert printed(shared, *arguments)
    said(shared, "audit", "--patient", "TEST-1")
    by_the_reader = [row for row in accesses(shared) if row.user == name_of(READER_ID)]
    assert {"note", "show", "search", "claim new"} <= {row.what for row in by_the_reader}


def test_what_changes_while_it_is_read_without_locks_is_not_believed(shared: RecordFolder) -> None:
    """Without a log beside the file the second account can make none, and waits for nobody."""
    path = shared.unit_database(UNIT)
    for beside in path.parent.glob("*.db-*"):
        beside.unlink()
    opened, written = os.pipe(), os.pipe()

    def write_meanwhile() -> None:
        os.read(opened[0], 1)
        os.utime(path, ns=(1, 1))
        os.write(written[1], b"x")

    def read() -> list[tuple[Any, ...]]:
        db = open_for_reading(path, UNIT_SCHEMA)
        found = rows(db, "SELECT session_id FROM session")
        os.write(opened[1], b"x")
        os.read(written[0], 1)
        db.close()
        return found

    writer = threading.Thread(target=write_meanwhile, daemon=True)
    writer.start()
    with pytest.raises(JournalUnavailable, match="was written to while it was read"):
        as_reader(shared, read)
    writer.join()
    os.write(written[1], b"x")  # nobody writes any more
    assert as_reader(shared, read) == [("s-1",)]


def name_of(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def test_a_reader_signs_nothing_and_takes_nothing_away(
    shared: RecordFolder, tmp_path: Path
) -> None:
    for arguments in (
        ("note", "s-1", "--complete", "tolerance=good", "--by", "B. Biller"),
        ("hold", "s-1", "--reason", "because"),
    ):
        run(shared, *arguments[:2])
        with pytest.raises(
            KeyUnavailable, match="belong to another account; this account may read"
        ):
            as_reader(shared, partial(said, shared, *arguments))
    with pytest.raises(PermissionError):
        as_reader(shared, (shared.path / "clinic.db").unlink)
    with pytest.raises(PermissionError):
        as_reader(shared, (shared.path / "keys" / "workstation.key").read_bytes)


def test_a_session_that_another_account_runs_is_running(shared: RecordFolder) -> None:
    recorded(shared, "s-2", closed=False)
    assert "interrupted" in printed(shared, "sessions")
    with holding(UnitLock(shared.unit_database(UNIT))):
        shown = printed(shared, "sessions").splitlines()
    assert [line.split("  ")[4] for line in shown if line.startswith("s-2")] == [
        "running, not sealed"
    ]


def test_an_account_that_the_folder_is_not_shared_with_reads_nothing(shared: RecordFolder) -> None:
    run(shared, "note", "s-1")
    for path in (shared.path, *shared.path.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    with pytest.raises(PermissionError):
        as_reader(shared, (shared.path / "clinic.db").read_bytes)
