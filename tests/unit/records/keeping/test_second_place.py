"""The list in the second place: what was given out stands there, once, and nothing else."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from controller.errors import JournalUnavailable, KeyUnavailable
from records.clinic.audit import record_read
from records.clinic.clinic_verify import verify_clinic
from records.clinic.key_life import rotate_key
from records.evidence.integrity import issued_checkpoints
from records.keeping.second_place import (
    LIST_NAME,
    add_missing,
    issued_now,
    list_file,
    read_second_place,
)
from records.keys.key_checkpoint import faults_against, is_of_keys, key_checkpoint
from records.keys.key_folder import key_history
from records.keys.signing import NoKeyStore
from records.store.checkpoint import parse_checkpoint
from records.store.record_folder import RecordFolder
from tests.support.notes import BEGAN_MS, UNIT, author, recorded


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    place = RecordFolder(tmp_path / "data")
    recorded(place)
    recorded(place, "s-2")
    record_read(place, author(place), "note", session_id="s-1")
    return place


def added(data: RecordFolder, place: Path) -> int:
    return add_missing(place, issued_now(data), BEGAN_MS)


def test_everything_that_was_given_out_is_added_once(data: RecordFolder, tmp_path: Path) -> None:
    place = tmp_path / "second"
    place.mkdir()
    assert added(data, place) == 4
    assert added(data, place) == 0
    lines = (place / LIST_NAME).read_text().splitlines()
    texts = [line.partition(" ")[2] for line in lines]
    assert texts == [
        *(one.text for one in issued_checkpoints(data)),
        key_checkpoint(key_history(data)).text,
        verify_clinic(data).checkpoint,
    ]
    assert {line.partition(" ")[0] for line in lines} == {"2026-01-01T00:00:00Z"}
    recorded(data, "s-3")
    assert added(data, place) == 2
    there = read_second_place(place)
    assert len(there.checkpoints) == 6
    assert there.data.startswith("\n".join(lines).encode()), "lines are only ever added"
    assert there.unreadable == ()


def test_a_file_is_a_place_and_a_missing_folder_is_made(data: RecordFolder, tmp_path: Path) -> None:
    place = tmp_path / "away" / "list.txt"
    assert list_file(place) == place
    assert read_second_place(place).checkpoints == ()
    assert added(data, place) == 4
    if os.name == "posix":
        assert place.stat().st_mode & 0o777 == 0o600


def test_what_a_place_that_was_away_missed_is_added_later(
    data: RecordFolder, tmp_path: Path
) -> None:
    place = tmp_path / "mount"
    place.write_text("a file in the place of a folder")
    with pytest.raises(JournalUnavailable, match="added when the place is there again"):
        add_missing(place / "list.txt", issued_now(data), BEGAN_MS)
    place.unlink()
    recorded(data, "s-3")
    assert added(data, place / "list.txt") == 5


def test_a_line_that_was_cut_is_named_and_given_out_again(
    data: RecordFolder, tmp_path: Path
) -> None:
    place = tmp_path / "list.txt"
    added(data, place)
    lines = place.read_bytes().splitlines(keepends=True)
    place.write_bytes(b"".join(lines[:3]) + lines[3][:-5])
    cut = read_second_place(place)
    assert (len(cut.checkpoints), cut.unreadable) == (3, (4,))
    assert added(data, place) == 1
    whole = read_second_place(place)
    assert (len(whole.checkpoints), whole.unreadable) == (4, (4,))


@pytest.mark.parametrize("junk", [b"\0\xff\n", b"hello\n", b"TC1-x\n", b" \n\n"])
def test_other_lines_are_counted_and_disturb_nothing(
    data: RecordFolder, tmp_path: Path, junk: bytes
) -> None:
    place = tmp_path / "list.txt"
    place.write_bytes(junk)
    assert added(data, place) == 4
    assert read_second_place(place).unreadable == ((1,) if junk.strip() else ())


def test_an_altered_stored_checkpoint_is_not_given_out(data: RecordFolder, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data.unit_database(UNIT))) as db, db:
        db.execute("DROP TRIGGER signature_never_changes")
        db.execute("UPDATE signature SET checkpoint = 'TC1-injected' WHERE session = 1")
    db.close()
    place = tmp_path / "list.txt"
    with pytest.raises(KeyUnavailable, match="a stored checkpoint was altered"):
        added(data, place)
    assert not place.exists()


def test_a_list_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.keeping.second_place.LARGEST_LIST", 100)
    (tmp_path / "list.txt").write_bytes(b"x" * 101)
    with pytest.raises(JournalUnavailable, match="larger than 100 bytes; move it away"):
        read_second_place(tmp_path / "list.txt")


def test_the_record_of_keys_gives_checkpoints_that_show_a_cut(data: RecordFolder) -> None:
    first = key_checkpoint(key_history(data))
    rotate_key(data, by="x", at_utc_ms=BEGAN_MS, store=NoKeyStore())
    longer = key_history(data)
    second = key_checkpoint(longer)
    assert list(faults_against(longer, [first, second])) == []
    assert is_of_keys(first)
    assert not is_of_keys(parse_checkpoint(issued_checkpoints(data)[0].text))
    from records.keys.key_records import read_history

    older = read_history(f"{longer.records[0].line}\n".encode())
    (cut,) = faults_against(older, [first, second])
    assert "saw 2 records of keys, 1 are here" in cut
    rotate_key(data, by="y", at_utc_ms=BEGAN_MS, store=NoKeyStore())
    other = key_history(data)
    assert list(faults_against(other, [second])) == []
    foreign = parse_checkpoint(second.text)
    assert len(list(faults_against(older, [foreign]))) == 1
