"""No document shows evidence that was not checked in the same run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalError
from records.evidence.believed import read_checked
from records.keeping.archive import write_archive
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import run
from tests.support.notes import UNIT, recorded
from workstation.commands.evidence import RECORD_BAD

ONE_TICK = "UPDATE packed_session SET data = edited(data, 3, 'at_ms', 1) WHERE session = 1"
FORGED = "UPDATE signature SET signature = zeroblob(64) WHERE session = 1"
FENCE = "DROP TRIGGER event_never_changes"


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    recorded(folder, "s-1")
    recorded(folder, "s-2", reference="TEST-2")
    return folder


def alter(data: RecordFolder, statement: str) -> None:
    with altering(data.unit_database(UNIT)) as db:
        db.execute(statement)


@pytest.mark.parametrize("statement", [ONE_TICK, FORGED])
@pytest.mark.parametrize(
    "command",
    [
        ("note", "s-1"),
        ("export", "s-1", "--format", "csv"),
        ("export", "s-1", "--format", "json"),
        ("export", "s-1", "--format", "bundle"),
        ("export", "s-1", "--format", "pdf"),
        ("show", "s-1", "--json"),
        ("note", "s-1", "--sign", "--by", "P. Jones", "--credentials", "PT"),
    ],
)
def test_nothing_is_made_of_a_record_that_was_altered(
    data: RecordFolder, command: tuple[str, ...], statement: str
) -> None:
    alter(data, statement)
    before = written(data)
    error = run(data, *command).exception
    assert isinstance(error, JournalCorrupt), "exit status 4"
    assert "the record of session s-1 was altered" in error.message
    assert "traction verify s-1" in error.message
    assert written(data) == before


def written(data: RecordFolder) -> set[str]:
    """Every file but the logs that SQLite keeps beside one that is read."""
    return {path.name for path in data.path.rglob("*") if not path.name.endswith(("-wal", "-shm"))}


def test_an_altered_record_is_shown_with_its_mark_first_and_last(data: RecordFolder) -> None:
    alter(data, ONE_TICK)
    result = run(data, "show", "s-1")
    lines = result.output.splitlines()
    assert result.exit_code == RECORD_BAD
    assert lines[0] == lines[-1]
    assert lines[0].startswith("this record was altered: ")


def test_a_document_asks_the_place_of_a_session_as_verify_does(data: RecordFolder) -> None:
    path = data.unit_database(UNIT)
    path.rename(path.with_name("00000000000000bb.db"))
    assert "the file was renamed or exchanged" in read_checked(data, "s-1").mark
    path.with_name("00000000000000bb.db").rename(path)
    alter(data, "UPDATE seal SET previous_seal = zeroblob(32) WHERE session = 2")
    assert "sealed behind another seal than this one" in read_checked(data, "s-1").mark
    alter(data, "DELETE FROM signature WHERE session = 2")
    found = [one.what for one in read_checked(data, "s-2").alterations]
    assert "the seal is not signed, though an earlier one of the unit is" in found


def test_the_session_beside_it_is_not_concerned(data: RecordFolder, tmp_path: Path) -> None:
    alter(data, FORGED)
    assert run(data, "show", "s-2").exit_code == 0
    export = ("export", "s-2", "--format", "csv", "--out", str(tmp_path / "s-2.csv"))
    assert run(data, *export).exit_code == 0
    assert read_checked(data, "s-2").mark == ""


@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"x" * 9000)]
)
def test_a_file_that_cannot_be_read_hides_no_session_of_another_one(
    data: RecordFolder, tmp_path: Path, spoil: Callable[[Path], int]
) -> None:
    spoil(data.unit_database("00000000000000bb"))
    export = ("export", "s-2", "--format", "csv", "--out", str(tmp_path / "s-2.csv"))
    assert run(data, *export).exit_code == 0
    assert run(data, "note", "s-2").exit_code == 0
    # What begins so in that file is not known.
    with pytest.raises(JournalError, match=r"00000000000000bb\.db"):
        read_checked(data, "s-")


def test_who_can_be_shown_nothing_is_not_sent_to_look(data: RecordFolder) -> None:
    alter(data, "UPDATE packed_session SET data = zeroblob(100) WHERE session = 1")
    error = run(data, "show", "s-1").exception
    assert isinstance(error, JournalCorrupt)
    assert error.message.endswith("`traction verify s-1` says more, and it cannot be shown")


def test_an_archive_names_the_session_and_writes_nothing(
    data: RecordFolder, tmp_path: Path
) -> None:
    alter(data, ONE_TICK)
    with pytest.raises(JournalCorrupt, match="session s-1 was altered"):
        write_archive(data, tmp_path / "archive")
    assert not (tmp_path / "archive").exists()


def test_a_session_that_runs_is_shown_and_called_running(folder: RecordFolder) -> None:
    recorded(folder, "s-1", closed=False)
    result = run(folder, "show", "s-1")
    assert result.exit_code == 0
    assert "interrupted (not yet closed)" in result.output
