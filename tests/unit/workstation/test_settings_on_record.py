"""The settings in force stand in the record, once for each change."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import JournalError
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.store.record_folder import RecordFolder
from tests.support.sessions import fixed_key
from tests.support.standing import writer
from workstation.settings import Settings
from workstation.settings_on_record import IN_FORCE, note_settings


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    made = RecordFolder(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    fixed_key(made)
    return made


def test_a_row_is_kept_when_they_change_and_only_then(folder: RecordFolder) -> None:
    plain = Settings(data=Settings().data)
    assert not note_settings(folder, plain, writer())
    changed = plain.model_copy(update={"sign_out_minutes": 5, "clinic": "Example"})
    assert note_settings(folder, changed, writer())
    assert not note_settings(folder, changed, writer())
    assert note_settings(folder, plain, writer())
    rows = [row for row in accesses(folder) if row.what == IN_FORCE]
    assert [row.fields for row in rows] == [("clinic=Example", "sign_out_minutes=5"), ()]
    assert verify_clinic(folder).alterations == ()


def test_a_row_that_cannot_be_kept_is_said(folder: RecordFolder) -> None:
    folder.clinic_database.mkdir()
    with pytest.raises(JournalError):
        note_settings(folder, Settings(clinic="Example"), writer())
