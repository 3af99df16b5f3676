"""A backup made while a session runs is whole, verified, and comes back as it was."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from controller.errors import BackupRefused, JournalCorrupt, TractionError
from controller.events import EventKind, SessionEvent
from controller.runtime.clock import VirtualClock
from records.backup import MANIFEST, BackupReport, back_up, restore
from records.clinic_file import clinic_database
from records.integrity import verify
from records.journal import SessionOpening, open_session
from records.reader import list_sessions
from records.unit_file import unit_database
from tests.support.altering import altering
from tests.support.notes import UNIT, recorded
from tests.support.sessions import KEY

NOW_MS = 1_770_000_000_000


def backed_up(data: Path, target: Path) -> BackupReport:
    return back_up(data, target, made_utc_ms=NOW_MS, program="test")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    recorded(tmp_path / "data")
    recorded(tmp_path / "data", "s-2")
    return tmp_path / "data"


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_what_was_backed_up_comes_back_to_the_byte_of_its_seals(
    data: Path, tmp_path: Path, name: str
) -> None:
    made = backed_up(data, tmp_path / name)
    assert (made.sessions, made.alterations) == (2, ())
    back = restore(tmp_path / name, tmp_path / "new")
    assert back.files == made.files
    assert back.made_utc_ms == NOW_MS
    assert [r.seal for r in list_sessions(tmp_path / "new")] == [
        r.seal for r in list_sessions(data)
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "data", "new"])


def test_no_private_key_is_in_a_backup(data: Path, tmp_path: Path) -> None:
    keys = data / "keys"
    keys.mkdir(exist_ok=True)
    (keys / "workstation.key").write_text("secret")
    made = backed_up(data, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as file:
        assert set(file.namelist()) == {MANIFEST, *made.files}
    assert not [name for name in made.files if name.endswith(".key")]


def test_a_backup_of_a_running_session_holds_what_was_durable(data: Path, tmp_path: Path) -> None:
    clock = VirtualClock()
    opening = SessionOpening(session_id="s-3", unit_id=UNIT, utc_offset_min=0, detail={})
    journal = open_session(data, opening, clock, key=KEY)
    journal.append_event(SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=5, detail={"n": 1}))
    journal.sync()
    journal.append_event(SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=6, detail={"n": 2}))
    made = backed_up(data, tmp_path / "copy")
    journal.abandon()
    assert (made.sessions, made.alterations) == (3, ())
    copied = {record.head.session_id: record for record in list_sessions(tmp_path / "copy")}
    assert len(copied["s-3"].events) == 2


def test_a_restore_never_replaces_records(data: Path, tmp_path: Path) -> None:
    backed_up(data, tmp_path / "copy")
    with pytest.raises(BackupRefused, match="holds records"):
        restore(tmp_path / "copy", data)
    with pytest.raises(BackupRefused, match="exists already"):
        backed_up(data, tmp_path / "copy")
    with pytest.raises(BackupRefused, match="holds no records"):
        backed_up(tmp_path / "nowhere", tmp_path / "other")


def test_a_changed_byte_of_a_backup_is_found_before_anything_is_restored(
    data: Path, tmp_path: Path
) -> None:
    backed_up(data, tmp_path / "copy")
    file = unit_database(tmp_path / "copy", UNIT)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="is not the file that was copied"):
        restore(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "manifest",
    ["", "[]", "{}", '{"format": 99, "made_utc_ms": 0, "files": {}}',
     '{"format": 1, "made_utc_ms": 0, "files": {"../outside.db": {"sha256": "00"}}}'],
)  # fmt: skip
def test_a_backup_without_its_list_is_refused(data: Path, tmp_path: Path, manifest: str) -> None:
    backed_up(data, tmp_path / "copy")
    (tmp_path / "copy" / MANIFEST).write_text(manifest)
    with pytest.raises((BackupRefused, JournalCorrupt)):
        restore(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_something_else_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    for place in ("text.zip", "nothing.zip", "nothing"):
        with pytest.raises(TractionError):
            restore(tmp_path / place, tmp_path / "new")


def test_names_outside_of_a_backup_are_not_unpacked(data: Path, tmp_path: Path) -> None:
    backed_up(data, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip", "a") as file:
        file.writestr("../escaped.db", "x")
        file.writestr("units/../../escaped.db", "x")
        file.writestr("keys/workstation.key", "x")
    restore(tmp_path / "copy.zip", tmp_path / "new")
    assert not list(tmp_path.rglob("escaped.db"))
    assert not (tmp_path / "new" / "keys" / "workstation.key").exists()


def test_an_alteration_of_the_record_is_copied_and_named(data: Path, tmp_path: Path) -> None:
    with altering(unit_database(data, UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence = 1")
    made = backed_up(data, tmp_path / "copy")
    assert made.alterations
    back = restore(tmp_path / "copy", tmp_path / "new")
    assert back.alterations == made.alterations
    assert verify(tmp_path / "new").alterations


def test_the_list_names_every_file_with_its_digest(data: Path, tmp_path: Path) -> None:
    made = backed_up(data, tmp_path / "copy")
    manifest = json.loads((tmp_path / "copy" / MANIFEST).read_text())
    assert set(manifest["files"]) == set(made.files)
    assert (manifest["format"], manifest["program"], manifest["made_utc_ms"]) == (1, "test", NOW_MS)
    shutil.rmtree(tmp_path / "copy" / "units")
    with pytest.raises(JournalCorrupt, match="missing"):
        restore(tmp_path / "copy", tmp_path / "new")
    assert clinic_database(data).exists()
