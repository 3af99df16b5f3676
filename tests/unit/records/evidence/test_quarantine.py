"""A unit's file that does not fit is put aside whole, named by the next one, and never signed."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalUnavailable, RequestRefused
from controller.runtime.clock import VirtualClock
from records.evidence.believed import read_checked
from records.evidence.integrity import verify
from records.evidence.quarantine import (
    SUMS,
    accept,
    put_aside,
    put_aside_files,
    refuse_not_accepted,
)
from records.evidence.reader import list_sessions, read_session
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.altered_records import KEY, UNIT
from tests.unit.records.evidence.test_journal_faults import begin
from tests.unit.records.evidence.test_left_open import edit, interrupted

AUTHOR = Author(by="P. Jones", user="pj", at_utc_ms=1_795_564_900_000, key=KEY)
KEYS = {KEY.key_id: KEY.public_key}
UTC_MS = 1_795_564_800_000


@pytest.fixture
def altered(folder_in_memory: RecordFolder) -> RecordFolder:
    """A sealed session, and an interrupted one whose tail somebody cut off."""
    begin(folder_in_memory, "s-1", VirtualClock()).close()
    interrupted(folder_in_memory)
    edit(folder_in_memory, "DELETE FROM open_batch WHERE session = 2 AND number >= 9")
    return folder_in_memory


def aside(folder: RecordFolder) -> Path:
    return put_aside(folder, UNIT, KEY, utc_ms=UTC_MS, reason="the tail was cut off")


def test_the_file_moves_whole_and_byte_for_byte(altered: RecordFolder) -> None:
    path = altered.unit_database(UNIT)
    before = {
        p.name: p.read_bytes() for p in path.parent.iterdir() if p.suffix in (".db", ".spill")
    }
    folder = aside(altered)
    assert folder == altered.path / "quarantine" / f"{UNIT}-{UTC_MS}"
    for name, content in before.items():
        assert (folder / name).read_bytes() == content
    for line in (folder / SUMS).read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert sorted(p.name for p in path.parent.iterdir() if p.suffix != ".lock") == [path.name]


def test_the_next_session_s_first_link_names_it(altered: RecordFolder) -> None:
    aside(altered)
    begin(altered, "s-3", VirtualClock()).close()
    record = read_session(altered, "s-3")
    assert record.head.number == 3, "the new file counts on from the old one"
    whole = verify(altered, public_keys=KEYS)
    assert not [one for one in whole.alterations if one.session_id == "s-3"]
    for change in (
        "UPDATE predecessor SET file = 'quarantine/other.db'",
        "UPDATE predecessor SET reason = 'a slip'",
        "UPDATE predecessor SET digest = zeroblob(32)",
        "DELETE FROM predecessor",
    ):
        db = sqlite3.connect(altered.unit_database(UNIT), isolation_level=None)
        kept = db.execute("SELECT * FROM predecessor").fetchone()
        db.execute("DROP TRIGGER IF EXISTS predecessor_never_changes")
        db.execute("DROP TRIGGER IF EXISTS predecessor_never_shrinks")
        db.execute(change)
        found = verify(altered, public_keys=KEYS).alterations
        assert [one for one in found if one.session_id in ("s-3", "")], change
        db.execute("DELETE FROM predecessor")
        db.execute("INSERT INTO predecessor VALUES (?, ?, ?, ?, ?, ?, ?, ?)", kept)
        db.close()


def test_sessions_that_fit_stay_readable_and_the_others_are_named(altered: RecordFolder) -> None:
    aside(altered)
    assert {one.head.session_id for one in list_sessions(altered)} == {"s-1", "s-2"}
    assert read_session(altered, "s-1").checkpoint
    assert verify(altered, "s-1", public_keys=KEYS).alterations == ()
    found = verify(altered, public_keys=KEYS).alterations
    assert {one.session_id for one in found} == {"s-2", ""}
    assert [one.what for one in found if "nobody has accepted" in one.what]
    accept(altered, UNIT, AUTHOR, "looked at")
    assert verify(altered, public_keys=KEYS).alterations == ()
    assert verify(altered, "s-2", public_keys=KEYS).put_aside[0].is_accepted


def test_an_unsealed_session_of_a_file_that_was_put_aside_is_not_believed(
    altered: RecordFolder,
) -> None:
    """A cut tail cannot be seen without the key: what was not sealed there is nobody's evidence."""
    edit(
        altered,
        "DELETE FROM event WHERE session = 2 AND sequence >= 6",
    )
    aside(altered)
    accept(altered, UNIT, AUTHOR, "looked at")
    with pytest.raises(JournalCorrupt, match="it was never sealed, and its file was put aside"):
        read_checked(altered, "s-2").believed()
    assert read_checked(altered, "s-1").believed().checkpoint


def test_the_unit_is_used_again_when_a_named_person_has_accepted(altered: RecordFolder) -> None:
    refuse_not_accepted(altered, UNIT)
    aside(altered)
    with pytest.raises(JournalCorrupt, match=rf"traction quarantine accept {UNIT}"):
        refuse_not_accepted(altered, UNIT)
    refuse_not_accepted(altered, "00000000000000bb")
    with pytest.raises(RequestRefused, match="reason is empty"):
        accept(altered, UNIT, AUTHOR, " ")
    with pytest.raises(RequestRefused, match="nothing to accept"):
        accept(altered, "00000000000000bb", AUTHOR, "looked at")
    assert accept(altered, UNIT, AUTHOR, "a disk fault; looked at").accepted_by == "P. Jones"
    refuse_not_accepted(altered, UNIT)
    (one,) = put_aside_files(altered)
    assert one.is_accepted


def test_a_change_in_what_was_put_aside_is_found(altered: RecordFolder) -> None:
    folder = aside(altered)
    accept(altered, UNIT, AUTHOR, "looked at")
    assert verify(altered, public_keys=KEYS).put_aside[0].fault == ""
    copy = folder / f"{UNIT}.db"
    copy.chmod(0o600)
    with copy.open("r+b") as file:
        file.seek(200)
        file.write(b"\xff")
    found = verify(altered, public_keys=KEYS)
    assert "was changed after it was put aside" in found.put_aside[0].fault
    assert any("was changed after it was put aside" in one.what for one in found.alterations)


def test_a_disk_that_refuses_leaves_the_file_where_it_was(
    altered: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "copy")

    monkeypatch.setattr("records.store.private_files.shutil.copyfile", full)
    with pytest.raises(JournalUnavailable, match="cannot be put aside"):
        aside(altered)
    monkeypatch.undo()
    assert {one.head.session_id for one in list_sessions(altered)} == {"s-1", "s-2"}
    assert aside(altered).is_dir()


def test_a_unit_without_a_file_has_nothing_to_put_aside(folder: RecordFolder) -> None:
    with pytest.raises(RequestRefused, match="nothing was put aside"):
        aside(folder)
