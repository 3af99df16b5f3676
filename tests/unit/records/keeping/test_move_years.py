"""Files of closed years lie elsewhere: they are read and checked there, or said to be missing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, RequestRefused
from records.clinic.clinic_verify import verify_clinic
from records.clinic.session_register import append_opened, note_seals
from records.evidence.integrity import issued_checkpoints, verify
from records.evidence.quarantine import put_aside
from records.evidence.reader import list_sessions, read_session
from records.evidence.year_moves import YearMove, note_move, year_moves
from records.keeping.backup import back_up
from records.keeping.move_years import move_years
from records.keys.signing import NoKeyStore, load_or_create_key
from records.store.author import Author
from records.store.checkpoint import parse_checkpoint
from records.store.clinic_file import clinic_writing
from records.store.file_digest import file_sha256
from records.store.record_folder import MOVED, RecordFolder, year_of
from tests.support.altered_records import KEY, UNIT
from tests.support.altering import altering
from tests.support.made_once import made_once
from tests.support.notes import author
from tests.unit.records.evidence.test_journal_faults import begin
from tests.unit.records.evidence.test_year_files import (
    KEYS,
    START_MS,
    clock,
    closed,
    cut,
    record_three_years,
)

SOMEBODY = Author(by="A. Keeper", user="keeper", at_utc_ms=START_MS, key=KEY)


def found(folder: RecordFolder) -> list[str]:
    return [f"{one.where}: {one.what}" for one in verify(folder, public_keys=KEYS).alterations]


@made_once()
def key_and_three_years(folder: RecordFolder) -> None:
    load_or_create_key(folder, store=NoKeyStore(), new_seed=lambda: KEY.seed)
    record_three_years(folder)


@pytest.fixture
def three_years(memory_path: Path) -> RecordFolder:
    """Sessions of 2026, 2027 and 2028 in three files."""
    key_and_three_years(RecordFolder(memory_path / "records"))
    return RecordFolder(memory_path / "records")


@pytest.fixture
def disk(memory_path: Path) -> Path:
    place = memory_path / "disk"
    place.mkdir()
    return place


def test_moved_files_are_read_and_checked_where_they_are(
    three_years: RecordFolder, disk: Path
) -> None:
    before = [one.head for one in list_sessions(three_years)]
    moved = move_years(three_years, SOMEBODY, disk, before=2028)
    assert [Path(one.to).name for one in moved] == [f"{UNIT}-2026.db", f"{UNIT}-2027.db"]
    assert [one.sessions for one in moved] == [("s-0",), ("s-1",)]
    assert sorted(path.name for path in three_years.units.glob("*-20*")) == [
        f"{UNIT}-2026.db.moved",
        f"{UNIT}-2027.db.moved",
    ]
    assert stat.S_IMODE((disk / f"{UNIT}-2026.db").stat().st_mode) == 0o400
    assert [one.head for one in list_sessions(three_years)] == before
    assert read_session(three_years, "s-0").checkpoint
    assert verify(three_years, public_keys=KEYS).sessions == 3
    assert found(three_years) == []
    assert three_years.foreign_files() == []


def test_only_years_before_the_one_that_was_named_are_moved(
    three_years: RecordFolder, disk: Path
) -> None:
    assert len(move_years(three_years, SOMEBODY, disk, before=2027)) == 1
    assert closed(three_years, 2027).exists()
    assert move_years(three_years, SOMEBODY, disk, before=2027) == []


@pytest.mark.parametrize("gone", [(2026,), (2027,), (2026, 2027)])
def test_a_place_that_cannot_be_reached_is_said_and_is_no_alteration(
    three_years: RecordFolder, disk: Path, gone: tuple[int, ...]
) -> None:
    move_years(three_years, SOMEBODY, disk, before=2028)
    for year in gone:
        (disk / f"{UNIT}-{year}.db").rename(disk / f"taken-{year}")
    result = verify(three_years, public_keys=KEYS)
    assert result.sessions == 3 - len(gone)
    assert all(one.unread for one in result.alterations)
    assert {one.where for one in result.alterations} == {f"units/{UNIT}-{y}.db" for y in gone}
    for one in result.alterations:
        assert f"moved to {disk / Path(one.where).name} on 2026-11-25 by A. Keeper" in one.what
        assert "its 1 sessions are not checked" in one.what


def test_an_older_file_is_followed_while_the_one_behind_it_is_away(
    three_years: RecordFolder, disk: Path
) -> None:
    """2027 names the digest of 2026: what is done to 2026 is found though 2027 is in a safe."""
    move_years(three_years, SOMEBODY, disk, before=2028)
    (disk / f"{UNIT}-2027.db").rename(disk / "in the safe")
    older = disk / f"{UNIT}-2026.db"
    older.chmod(0o600)
    with older.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    older.chmod(0o400)
    assert any("it is not the file that was closed" in one for one in found(three_years))


def delete(folder: RecordFolder) -> None:
    closed(folder, 2026).unlink()


def pretend(folder: RecordFolder) -> None:
    """A stranger deletes the file and writes where it is said to be; the chain says nothing."""
    path = closed(folder, 2026)
    path.with_name(path.name + MOVED).write_text(f"/mnt/safe/{path.name}\n")
    path.unlink()


@pytest.mark.parametrize("deed", [delete, pretend])
def test_a_file_that_was_deleted_is_missing_whatever_the_line_in_its_place_says(
    three_years: RecordFolder, deed: Callable[[RecordFolder], None]
) -> None:
    deed(three_years)
    (one,) = verify(three_years, public_keys=KEYS).alterations
    assert "it is missing" in one.what
    assert not one.unread


def test_a_place_that_refuses_or_does_not_answer_stops_no_reader(
    three_years: RecordFolder, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share whose server is gone, or that this account may not read."""
    move_years(three_years, SOMEBODY, disk, before=2027)
    real = Path.stat

    def refused(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.parent == disk:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return real(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refused)
    assert [one.head.session_id for one in list_sessions(three_years)] == ["s-2", "s-1"]
    (one,) = verify(three_years, public_keys=KEYS).alterations
    assert one.unread
    assert f"moved to {disk / f'{UNIT}-2026.db'} on 2026-11-25" in one.what


def test_an_entry_with_a_time_that_no_calendar_has_is_no_move(
    three_years: RecordFolder, disk: Path
) -> None:
    move_years(three_years, SOMEBODY, disk, before=2027)
    (disk / f"{UNIT}-2026.db").unlink()
    with altering(three_years.clinic_database) as db:
        db.execute("UPDATE entry SET utc_ms = 1000000000000000000 WHERE kind = 26")
    (one,) = verify(three_years, public_keys=KEYS).alterations
    assert "it is missing" in one.what


@pytest.mark.parametrize("name", ["units/" + "x" * 5000, "/", ""])
def test_a_name_that_no_file_can_have_is_an_alteration_and_no_error(
    three_years: RecordFolder, name: str
) -> None:
    with altering(three_years.unit_database(UNIT)) as db:
        db.execute("UPDATE predecessor SET file = ?", (name,))
    assert any("its signature does not fit what it says" in one for one in found(three_years))


@pytest.mark.parametrize(
    "line",
    ["", f"/{'x' * 300}/{UNIT}-2026.db\n", "relative.db\n", "/etc/passwd\n", "\0\n", "\udcff\n"],
)
def test_a_line_that_the_program_did_not_write_leads_nowhere(
    three_years: RecordFolder, disk: Path, line: str
) -> None:
    move_years(three_years, SOMEBODY, disk, before=2027)
    pointer = three_years.units / f"{UNIT}-2026.db{MOVED}"
    pointer.write_bytes(line.encode("utf-8", "surrogateescape"))
    (one,) = verify(three_years, public_keys=KEYS).alterations
    assert one.unread
    assert str(disk) in one.what, "the chain knows where it was moved to"


def test_the_sessions_of_a_place_out_of_reach_are_not_missed_by_clinic_db(
    three_years: RecordFolder, disk: Path
) -> None:
    with clinic_writing(three_years) as db:
        for name in ("s-0", "s-1", "s-2"):
            append_opened(
                db, SOMEBODY, session_id=name, unit_id=UNIT, patient_key="aa", digest="bb"
            )
    assert len(note_seals(three_years, SOMEBODY)) == 3
    move_years(three_years, SOMEBODY, disk, before=2028)
    assert not _missed(three_years)
    for path in disk.iterdir():
        path.rename(disk / f"taken-{path.name}")
    assert not _missed(three_years)
    closed_2028 = three_years.unit_database(UNIT)
    closed_2028.unlink()
    assert _missed(three_years) == {"session s-2"}


def _missed(folder: RecordFolder) -> set[str]:
    found = verify_clinic(folder, public_keys=KEYS).alterations
    return {one.where for one in found if one.where.startswith("session ")}


def test_a_checkpoint_of_a_session_out_of_reach_accuses_nobody(
    three_years: RecordFolder, disk: Path
) -> None:
    outside = [parse_checkpoint(one.text) for one in issued_checkpoints(three_years)]
    move_years(three_years, SOMEBODY, disk, before=2027)
    assert verify(three_years, public_keys=KEYS, checkpoints=outside).alterations == ()
    (disk / f"{UNIT}-2026.db").rename(disk / "in the safe")
    result = verify(three_years, public_keys=KEYS, checkpoints=outside)
    assert [(one.session_id, one.where, one.unread) for one in result.alterations] == [
        ("", f"units/{UNIT}-2026.db", True),
        ("s-0", "outside checkpoint", True),
    ]
    assert result.checkpoints == 3


def test_a_move_that_the_key_s_holder_invents_hides_no_session_of_the_present_file(
    three_years: RecordFolder,
) -> None:
    invented = YearMove(
        file=f"units/{UNIT}-2030.db",
        to="/mnt/safe",
        digest="",
        follows="",
        follows_digest="",
        sessions=("s-2",),
    )
    note_move(three_years, SOMEBODY, invented)
    (one,) = verify(three_years, public_keys=KEYS).alterations
    assert (one.where, one.unread) == (f"units/{UNIT}-2030.db", False)
    assert "no later file of the unit follows it" in one.what


def test_what_is_not_the_closed_file_is_not_moved(three_years: RecordFolder, disk: Path) -> None:
    path = closed(three_years, 2026)
    path.chmod(0o600)
    with pytest.raises(JournalCorrupt, match="was not moved: it has mode 600"):
        move_years(three_years, SOMEBODY, disk, before=2028)
    assert list(disk.iterdir()) == []
    assert path.exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE predecessor SET reason = 'another'",
        "UPDATE predecessor SET signature = zeroblob(64)",
        "UPDATE predecessor SET last_session = 7",
    ],
)
def test_a_file_is_not_moved_on_the_word_of_a_row_whose_signature_does_not_fit(
    three_years: RecordFolder, disk: Path, change: str
) -> None:
    with altering(three_years.unit_database(UNIT)) as db:
        db.execute(change)
    with pytest.raises(JournalCorrupt, match=rf"{UNIT}.db names it, and its signature"):
        move_years(three_years, SOMEBODY, disk, before=2028)
    assert closed(three_years, 2027).exists()
    assert list(year_moves(three_years)) == [f"units/{UNIT}-2026.db"], "its own row fits"


def test_a_file_is_not_moved_on_the_word_of_a_key_that_is_not_known(
    three_years: RecordFolder, disk: Path
) -> None:
    shutil.rmtree(three_years.keys)
    load_or_create_key(three_years, store=NoKeyStore())
    with pytest.raises(JournalCorrupt, match="names it, and it is signed by key"):
        move_years(three_years, author(three_years), disk, before=2028)


def test_nothing_is_moved_on_the_word_of_an_altered_clinic_db(
    three_years: RecordFolder, disk: Path
) -> None:
    """An entry that nobody signed gives the altered file of 2027 another digest."""
    move_years(three_years, SOMEBODY, disk, before=2027)
    path = closed(three_years, 2027)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    path.chmod(0o400)
    said = {"file": f"units/{path.name}", "digest": file_sha256(path), "by": "x", "user": "x"}
    with altering(three_years.clinic_database) as db:
        db.execute(
            "INSERT INTO entry (sequence, utc_ms, kind, version, detail) "
            "SELECT max(sequence) + 1, 1, 25, 1, ? FROM entry",
            (json.dumps(said),),
        )
    with pytest.raises(JournalCorrupt, match="was altered"):
        move_years(three_years, SOMEBODY, disk, before=2028)
    assert path.exists()


def renamed_session(folder: RecordFolder, move: YearMove) -> None:
    """The newest session cut off by the key's holder, and named in the move of a year."""
    tables = ("event", "packed_session", "packed_links", "chain_signature", "signature", "seal")
    with altering(folder.unit_database(UNIT)) as db:
        for table in tables:
            db.execute(f"DELETE FROM {table} WHERE session = 3")
        db.execute("DELETE FROM session WHERE number = 3")
    note_move(folder, SOMEBODY, replace(move, sessions=(*move.sessions, "s-2")))


def fewer_sessions(folder: RecordFolder, move: YearMove) -> None:
    note_move(folder, SOMEBODY, replace(move, sessions=()))


@pytest.mark.parametrize("deed", [renamed_session, fewer_sessions])
@pytest.mark.parametrize("year", [2026, 2027])
@pytest.mark.parametrize("in_reach", [True, False])
def test_a_move_that_names_more_or_fewer_sessions_than_the_file_held_is_found(
    three_years: RecordFolder,
    disk: Path,
    deed: Callable[[RecordFolder, YearMove], None],
    year: int,
    in_reach: bool,
) -> None:
    """2027 follows 2026: where both are out of reach, their sessions are counted together."""
    move_years(three_years, SOMEBODY, disk, before=2028)
    deed(three_years, year_moves(three_years)[f"units/{UNIT}-{year}.db"])
    if not in_reach:
        disk.rename(disk.with_name("in the safe"))
    altered = [one for one in verify(three_years, public_keys=KEYS).alterations if not one.unread]
    assert {one.where for one in altered} <= {f"units/{UNIT}-{y}.db" for y in (2026, 2027)}
    assert any("and by the file that follows it its last one is number" in o.what for o in altered)


def test_a_file_that_was_put_aside_counts_with_the_moves(
    three_years: RecordFolder, disk: Path
) -> None:
    """The numbers of a unit go on behind a file in the quarantine."""
    put_aside(three_years, UNIT, KEY, utc_ms=START_MS, reason="a test")
    begin(three_years, "s-3", clock(2)).close()
    cut(three_years, 2029)
    begin(three_years, "s-4", clock(3)).close()
    (move,) = move_years(three_years, SOMEBODY, disk, before=2029)[2:]
    assert move.follows.startswith("quarantine/")
    assert not any("number" in one for one in found(three_years))
    note_move(three_years, SOMEBODY, replace(move, sessions=("s-3", "s-9")))
    assert any("name 2 sessions behind number 3" in one for one in found(three_years))


def test_targets_that_cannot_take_them_are_refused(three_years: RecordFolder, disk: Path) -> None:
    with pytest.raises(RequestRefused, match="is not a folder"):
        move_years(three_years, SOMEBODY, disk / "nosuch", before=2028)
    inside = three_years.path / "older"
    inside.mkdir()
    with pytest.raises(RequestRefused, match="is inside"):
        move_years(three_years, SOMEBODY, inside, before=2028)
    (disk / f"{UNIT}-2026.db").write_bytes(b"another")
    with pytest.raises(RequestRefused, match="exists and is another file"):
        move_years(three_years, SOMEBODY, disk, before=2028)
    assert found(three_years) == []
    assert year_moves(three_years) == {}


def test_a_file_that_is_copied_back_counts_again(three_years: RecordFolder, disk: Path) -> None:
    move_years(three_years, SOMEBODY, disk, before=2027)
    (disk / f"{UNIT}-2026.db").rename(closed(three_years, 2026))
    assert found(three_years) == []
    assert [one.file for one in move_years(three_years, SOMEBODY, disk, before=2027)] == [
        f"units/{UNIT}-2026.db"
    ]
    assert found(three_years) == []


def test_a_backup_says_what_it_does_not_hold(three_years: RecordFolder, disk: Path) -> None:
    move_years(three_years, SOMEBODY, disk, before=2027)
    report = back_up(three_years, disk / "copy", KEY, made_utc_ms=START_MS, program="test")
    assert report.elsewhere == (str(disk / f"{UNIT}-2026.db"),)
    assert f"units/{UNIT}-2026.db{MOVED}" in report.files
    assert f"units/{UNIT}-2026.db" not in report.files


def test_only_a_closed_file_has_a_year() -> None:
    assert year_of(Path(f"{UNIT}-2026-2.db")) == 2026
    with pytest.raises(ValueError, match="no file of a closed year"):
        year_of(Path(f"{UNIT}.db"))
