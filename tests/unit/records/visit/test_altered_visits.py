"""Whatever was altered in the log or the words of a visit, every face says it or refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt
from records.store.record_folder import RecordFolder
from tests.support.altered_visits import (
    ALTERATIONS,
    FACES,
    SESSION,
    alter_visit,
    fault_of_face,
    lived_visit,
)
from tests.support.commands import run
from tests.support.notes import UNIT, recorded
from workstation.exit_status import COMPLETED, RECORD_BAD

pytestmark = pytest.mark.usefixtures("code_list_of_any_day")

FACES_OF_EACH = 5
WHOLE = {face: command for face, command in FACES.items() if command[0] in ("show", "note")}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    data = RecordFolder(tmp_path_factory.mktemp("lived"))
    lived_visit(data)
    return data


@pytest.fixture
def data(lived: RecordFolder, tmp_path: Path) -> RecordFolder:
    shutil.copytree(lived.path, tmp_path / "copy")
    return RecordFolder(tmp_path / "copy")


def _shares() -> Iterator[tuple[str, tuple[str, ...]]]:
    """A few faces for each alteration, in turn; the campaign asks all of each."""
    faces = cycle(FACES)
    for name in ALTERATIONS:
        yield name, tuple(next(faces) for _ in range(FACES_OF_EACH))


@pytest.mark.parametrize(("name", "faces"), list(_shares()))
def test_every_face_says_what_was_altered_and_where(
    data: RecordFolder, tmp_path: Path, name: str, faces: tuple[str, ...]
) -> None:
    alteration = ALTERATIONS[name]
    alter_visit(data, alteration)
    faults = [fault_of_face(data, face, alteration, tmp_path / "out") for face in faces]
    assert [fault for fault in faults if fault] == []


@pytest.mark.parametrize("face", WHOLE)
def test_a_visit_that_was_not_altered_is_shown(data: RecordFolder, face: str) -> None:
    assert run(data, *FACES[face]).exit_code == COMPLETED


def test_the_rules_name_what_was_altered(data: RecordFolder) -> None:
    alter_visit(data, ALTERATIONS["a signed word"])
    result = run(data, "scrub", SESSION, "--json")
    assert result.exit_code == RECORD_BAD
    report = json.loads(result.output)
    (finding,) = [one for one in report["findings"] if one["rule"] == "N-11"]
    assert "clinic.db, entries 4-4: link 2 does not fit" in finding["message"]
    assert report["ready"] is False


CHAIN = ("an audit row", "an audit row taken away", "a link's signature", "a signed word")


@pytest.mark.parametrize("name", CHAIN)
def test_the_audit_says_that_its_rows_were_altered(data: RecordFolder, name: str) -> None:
    assert run(data, "audit").exit_code == COMPLETED
    alter_visit(data, ALTERATIONS[name])
    result = run(data, "audit")
    lines = result.output.splitlines()
    assert result.exit_code == RECORD_BAD
    assert lines[0] == lines[-1]
    assert lines[0].startswith("the rows of accesses were altered: clinic.db, ")
    assert ALTERATIONS[name].place in lines[0]
    assert isinstance(run(data, "audit", "--json").exception, JournalCorrupt)


def test_a_session_is_verified_with_its_words(data: RecordFolder) -> None:
    whole = run(data, "verify", SESSION)
    assert whole.exit_code == COMPLETED
    assert f"the words of session {SESSION} were not altered" in whole.output
    assert "7 entries, 1 order" in whole.output
    alter_visit(data, ALTERATIONS["an accepted modifier"])
    altered = run(data, "verify", SESSION)
    assert altered.exit_code == RECORD_BAD
    assert "ALTERED clinic.db, entries 6-6: link 4 does not fit" in altered.output
    assert altered.output.splitlines()[-1].startswith("altered (checked: ")


def test_words_of_another_record_are_not_shown_beside_this_one(
    data: RecordFolder, tmp_path: Path
) -> None:
    """The unit's file of another folder with the same key, order and id: it fits in itself."""
    other = RecordFolder(tmp_path / "other")
    recorded(other, SESSION, outcome="stopped")
    shutil.copy(other.unit_database(UNIT), data.unit_database(UNIT))
    error = run(data, "note", SESSION).exception
    assert isinstance(error, JournalCorrupt)
    assert "entry 4 names another seal than the evidence has" in error.message
