"""What is remembered of checks saves work, and never makes an altered session whole."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from controller.errors import AddressInvalid, JournalCorrupt
from records.clinic.key_life import rotate_key
from records.evidence.integrity import verify
from records.evidence.reader import read_session
from records.evidence.unit_reading import reading
from records.evidence.verified import LastWhole, Recall, marks_of, read_memory, write_memory
from records.keys.signing import NoKeyStore, load_or_create_key
from records.store.chain import Subject
from records.store.checkpoint import make_checkpoint
from records.store.database import Database
from records.store.ed25519 import SigningKey
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import run
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded
from workstation import last_check
from workstation.commands.evidence import RECORD_BAD

SINCE = ("verify", "--all", "--since-last")
SAME_LENGTH = (
    "UPDATE packed_session SET data = CAST(substr(data, 1, length(data) - 1) || x'55' AS BLOB) "
    "WHERE session = 1"
)
"""What an incremental check does not see: the sizes stay."""


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    """Two sessions, checked whole."""
    place = RecordFolder(tmp_path / "data")
    recorded(place)
    recorded(place, "s-2", reference="TEST-2", began_ms=BEGAN_MS + DAY_MS)
    assert run(place, "verify", "--all").exit_code == 0
    return RecordFolder(place.path)


def alter(data: RecordFolder, statement: str) -> None:
    with altering(data.unit_database(UNIT)) as db:
        db.execute(statement)


def lines(data: RecordFolder, *command: str, status: int = 0) -> list[str]:
    result = run(data, *command)
    assert result.exit_code == status, result.output
    return result.output.splitlines()


def test_what_is_unchanged_is_not_read_again_and_every_line_says_so(data: RecordFolder) -> None:
    recorded(data, "s-3", reference="TEST-3", began_ms=BEGAN_MS + 2 * DAY_MS)
    said = lines(data, *SINCE)
    assert said[0].startswith("verified 1 sessions: ")
    (left_out,) = [line for line in said if "were not read again" in line and "oldest" in line]
    assert left_out.startswith("2 of 3 sessions were not read again")
    assert "altered since then is not seen" in left_out
    assert said[-1].startswith("nothing was altered in what was read (checked: chain, 1 signatures")
    assert said[-1].endswith("; 2 of 3 sessions were not read again)")
    assert lines(data, "verify", "--all")[-1].startswith("nothing was altered (checked: ")


def test_dates_of_what_was_not_read_again_stay(data: RecordFolder) -> None:
    before = read_memory(data).sessions
    lines(data, *SINCE)
    assert read_memory(data).sessions == before
    assert len(before) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE session SET started_utc_ms = started_utc_ms + 1 WHERE number = 1",
        "UPDATE session SET session_id = 's-9' WHERE number = 1",
        "UPDATE seal SET last_link = zeroblob(32) WHERE session = 1",
        "UPDATE signature SET signature = zeroblob(64) WHERE session = 1",
        "UPDATE chain_signature SET signature = zeroblob(64) WHERE session = 1",
        "UPDATE packed_links SET digest = zeroblob(32) WHERE session = 1",
        "UPDATE packed_links SET ranges = substr(ranges, 2) WHERE session = 1",
        "UPDATE packed_session SET data = substr(data, 2) WHERE session = 1",
        "UPDATE packed_session SET sample_count = 1 WHERE session = 1",
        "UPDATE packed_session SET event_count = 1 WHERE session = 1",
        "UPDATE packed_session SET newest_utc_ms = 1 WHERE session = 1",
        "DELETE FROM packed_session WHERE session = 1",
        "DELETE FROM event WHERE session = 1 AND sequence > 0",
        "INSERT INTO link VALUES (1, 0, 0, 0, 0, 0, zeroblob(32))",
        "INSERT INTO open_link VALUES (1, 0, 0, 0, zeroblob(32), zeroblob(16))",
        "INSERT INTO removal VALUES (1, 0, 'X', 'Y', zeroblob(32), zeroblob(64))",
    ],
)
def test_what_changed_is_read_again_and_found(data: RecordFolder, statement: str) -> None:
    alter(data, statement)
    assert lines(data, *SINCE, status=RECORD_BAD)[-1].startswith("altered (checked: ")


def test_a_session_that_is_gone_or_copied_is_found_though_nothing_is_read_again(
    data: RecordFolder,
) -> None:
    copy = data.unit_database("00000000000000bb")
    copy.write_bytes(data.unit_database(UNIT).read_bytes())
    assert any("a file was copied" in line for line in lines(data, *SINCE, status=RECORD_BAD))
    copy.unlink()
    with altering(data.unit_database(UNIT)) as db:
        for table in (
            "packed_links",
            "chain_signature",
            "signature",
            "seal",
            "sample_block",
            "event",
        ):
            db.execute(f"DELETE FROM {table} WHERE session = 1")
        db.execute("DELETE FROM session WHERE number = 1")
    assert any("session number 1 of the unit" in line for line in lines(data, *SINCE, status=4))


def test_bytes_of_the_same_size_are_seen_by_a_whole_check_and_by_every_document(
    data: RecordFolder,
) -> None:
    alter(data, SAME_LENGTH)
    assert lines(data, *SINCE)[-1].startswith("nothing was altered in what was read")
    assert isinstance(run(data, "note", "s-1").exception, JournalCorrupt)
    assert lines(data, "verify", "--all", status=RECORD_BAD)
    assert "s-1" not in read_memory(data).sessions
    assert lines(data, *SINCE, status=RECORD_BAD), "once found, it is read at every check"


def test_a_finding_of_a_single_check_ends_what_was_remembered(data: RecordFolder) -> None:
    alter(data, SAME_LENGTH)
    assert lines(data, "verify", "s-1", status=RECORD_BAD)
    assert not data.last_check.exists()
    assert lines(data, *SINCE, status=RECORD_BAD)


def test_a_finding_that_cannot_be_remembered_ends_what_was(data: RecordFolder) -> None:
    alter(data, SAME_LENGTH)
    for path in data.keys.glob("*.key"):
        path.unlink()
    said = lines(data, "verify", "--all", status=RECORD_BAD)
    assert any(
        line.startswith("the result of this check was not stored (the private half")
        for line in said
    )
    assert not data.last_check.exists()


def forged_date(data: RecordFolder) -> None:
    text = data.last_check.read_text()
    last = read_memory(data).sessions["s-1"].at_utc_ms
    data.last_check.write_text(text.replace(str(last), str(last + 1)))


def by_a_foreign_key(data: RecordFolder) -> None:
    write_memory(data, SigningKey(bytes([8] * 32)), read_memory(data).sessions)


def no_memory(data: RecordFolder) -> None:
    data.last_check.write_bytes(b"\xff\n\xff")


def cut(data: RecordFolder) -> None:
    data.last_check.write_bytes(data.last_check.read_bytes()[:-40])


@pytest.mark.parametrize("forge", [forged_date, by_a_foreign_key, no_memory, cut])
def test_a_forged_memory_is_said_and_makes_only_work(
    data: RecordFolder, forge: Callable[[RecordFolder], None]
) -> None:
    forge(data)
    said = lines(data, *SINCE)
    assert any("is not signed by the workstation's key in use: every session" in s for s in said)
    assert said[-1].startswith("nothing was altered (checked: chain, 2 signatures")


def test_without_a_memory_everything_is_read(data: RecordFolder) -> None:
    data.last_check.unlink()
    said = lines(data, *SINCE)
    assert "no check of every session is remembered here: every session is read" in said
    assert said[-1].startswith("nothing was altered (checked: chain, 2 signatures")


def test_after_a_record_of_keys_everything_is_read(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("records.evidence.verified.keys_mark", lambda _: "0 ")
        write_memory(data, folder_key(data), read_memory(data).sessions)
    said = lines(data, *SINCE)
    assert "the record of keys has grown since the last check: every session is read" in said
    assert said[-1].startswith("nothing was altered (checked: chain, 2 signatures")


def test_a_rotated_key_no_longer_vouches_for_what_is_remembered(data: RecordFolder) -> None:
    rotate_key(
        data,
        by="P. Jones",
        at_utc_ms=BEGAN_MS + 9 * DAY_MS,
        store=NoKeyStore(),
        new_seed=lambda: bytes([7] * 32),
    )
    assert read_memory(data).fault.endswith("is not signed by the workstation's key in use")


def test_a_check_by_other_keys_or_of_one_session_remembers_nothing(
    data: RecordFolder, tmp_path: Path
) -> None:
    data.last_check.unlink()
    lines(data, "verify", "s-1")
    public = next(data.keys.glob("????????????????.pub"))
    lines(data, "verify", "--all", "--public-key", str(public))
    assert not data.last_check.exists()
    for wrong in (("verify", "s-1", "--since-last"), (*SINCE, "--public-key", str(public))):
        error = run(data, *wrong).exception
        assert isinstance(error, AddressInvalid)
        assert "use --since-last with --all" in error.message


def test_lists_say_when_a_session_was_last_verified(data: RecordFolder) -> None:
    recorded(data, "s-3", reference="TEST-3", began_ms=BEGAN_MS + 2 * DAY_MS)
    sessions = read_memory(data).sessions
    whole = LastWhole(mark=sessions["s-2"].mark, at_utc_ms=BEGAN_MS)
    other = LastWhole(mark=64 * "0", at_utc_ms=BEGAN_MS)
    write_memory(data, folder_key(data), {"s-1": other, "s-2": whole})
    listed = [line for line in lines(data, "sessions") if line.startswith("s-")]
    assert [line.rpartition(f"unit {UNIT}  ")[2] for line in listed] == [
        "never verified here",
        "last verified 2026-01-01",
        "changed since it was verified 2026-01-01",
    ]


def folder_key(data: RecordFolder) -> SigningKey:
    return load_or_create_key(data, store=NoKeyStore())


def test_the_memory_is_private(data: RecordFolder) -> None:
    assert data.last_check.stat().st_mode & 0o777 == 0o600


def test_progress_is_shown_at_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with last_check.progress() as watch:
        watch(UNIT, 1, 2)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with last_check.progress() as watch:
        watch(UNIT, 1, 2)
        watch(UNIT, 2, 2)
    out, err = capsys.readouterr()
    assert (out, f"unit {UNIT}" in err, "2/2" in err) == ("", True, True)


def test_a_file_that_does_not_fit_as_a_whole_leaves_nothing_to_remember(data: RecordFolder) -> None:
    alter(data, "INSERT INTO event VALUES (99, 0, 0, 0, 1, 1, '{}')")
    lines(data, "verify", "--all", status=RECORD_BAD)
    assert read_memory(data).sessions == {}


def test_an_altered_schema_leaves_nothing_to_remember(data: RecordFolder) -> None:
    with closing(sqlite3.connect(data.unit_database(UNIT))) as db, db:
        db.execute("CREATE INDEX foreign_index ON seal (digest)")
    db.close()
    lines(data, "verify", "--all", status=RECORD_BAD)
    assert read_memory(data).sessions == {}


def test_what_a_finding_names_is_neither_found_whole_nor_remembered(data: RecordFolder) -> None:
    alter(data, SAME_LENGTH)
    recall = Recall(None)
    verify(data, recall=recall)
    assert set(recall.found_whole) == {"s-2"}
    assert recall.to_remember({"s-2"}, at_utc_ms=1) == {}


def marks(path: Path) -> dict[int, str]:
    with reading(path) as db:
        return marks_of(db, path)


def test_a_mark_takes_in_the_seal_before_it_the_file_s_past_and_its_name(
    data: RecordFolder,
) -> None:
    path = data.unit_database(UNIT)
    before = marks(path)
    alter(data, "UPDATE seal SET digest = zeroblob(32) WHERE session = 1")
    behind = marks(path)
    assert before[2] != behind[2]
    alter(data, "INSERT INTO migration VALUES (4, 0, 0, '[]', '[]', x'00', x'00')")
    migrated = marks(path)
    assert behind[2] != migrated[2]
    renamed = path.rename(path.with_stem("00000000000000bb"))
    assert migrated[2] != marks(renamed)[2]


def test_a_file_of_an_older_schema_has_no_marks(tmp_path: Path) -> None:
    with closing(Database(sqlite3.connect(":memory:"))) as older:
        older.execute("PRAGMA user_version = 3")
        assert marks_of(older, tmp_path) == {}


def test_outside_checkpoints_are_compared_with_what_is_not_read_again(data: RecordFolder) -> None:
    point = read_session(data, "s-1").checkpoint
    assert "1 outside checkpoints" in lines(data, *SINCE, "--checkpoint", point)[-1]
    subject = Subject(name="s-1", place=UNIT, number=1)
    other = make_checkpoint(subject, bytes(32), folder_key(data).public_key).text
    said = lines(data, *SINCE, "--checkpoint", other, status=RECORD_BAD)
    assert any("is not the one that the checkpoint was made for" in line for line in said)
