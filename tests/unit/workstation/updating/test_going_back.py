"""The way back: to the version before, by whichever program can, or by the backup."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import TractionError, UpdateRefused
from records.evidence.integrity import verify
from records.store.clinic_file import CLINIC_SCHEMA
from tests.support.updating import UpdatedClinic, be_quick, installed_by_hand, make_clinic
from workstation.updating import going_back
from workstation.updating.changing import BEGUN
from workstation.updating.installation import Installation

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links"),
    pytest.mark.usefixtures("quick"),
]


@pytest.fixture(scope="module")
def once_updated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clinic that went from 1.0 to 1.1."""
    clinic = make_clinic(tmp_path_factory.mktemp("updated"))
    with pytest.MonkeyPatch.context() as patch:
        be_quick(patch)
        clinic.update(clinic.release("1.1"))
    return clinic.folder


@pytest.fixture
def updated(once_updated: Path, tmp_path: Path) -> UpdatedClinic:
    """A copy of that clinic."""
    return UpdatedClinic(shutil.copytree(once_updated, tmp_path / "clinic", symlinks=True))


def knows(updated: UpdatedClinic, version: str, formats: dict[str, int]) -> None:
    """Let a version be one that knows other formats than the present ones."""
    shutil.rmtree(updated.there.folder_of(version))
    installed_by_hand(updated.there, version, formats={"unit": 5, "clinic": 2} | formats)


def test_the_older_version_puts_itself_in_use(updated: UpdatedClinic) -> None:
    """As where the newer one does not start, or writes a later format."""
    updated.back("1.0")
    assert updated.there.current == "1.0"
    assert updated.said()[-1] == "went back from 1.1 to 1.0"
    assert verify(updated.records).alterations == ()


def test_a_newer_version_that_would_write_a_later_format_leaves_it_to_the_older(
    updated: UpdatedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going_back, "CLINIC_SCHEMA", replace(CLINIC_SCHEMA, version=3))
    before = updated.said()
    with pytest.raises(UpdateRefused, match=r"clinic\.db to schema 3, and 1\.0 knows 2\. Let"):
        updated.back()
    assert (updated.there.current, updated.said()) == ("1.1", before)
    updated.back("1.0")
    assert updated.there.current == "1.0"


def test_records_of_a_later_format_are_told_with_the_way_by_the_backup(
    updated: UpdatedClinic,
) -> None:
    knows(updated, "1.0", {"unit": 4})
    for program in ("1.1", "1.0"):
        with pytest.raises(
            UpdateRefused, match=r"has schema 5 since the update, and version 1\.0 knows 4\..*resto"
        ):
            updated.back(program)
    assert updated.there.current == "1.1"


@pytest.mark.parametrize("kind", ["unit", "clinic"])
def test_an_older_program_that_cannot_read_the_records_says_so(
    kind: str, updated: UpdatedClinic
) -> None:
    """A file has a schema that this code does not know: this code is the older program."""
    (unit,) = updated.records.unit_databases()
    path = unit if kind == "unit" else updated.records.clinic_database
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(
        UpdateRefused,
        match=r"version 1\.0 cannot read the records: .* has schema version 99 .* restore BACKUP "
        r"--data NEW-FOLDER, then .* update --back --data NEW-FOLDER",
    ):
        updated.back("1.0")
    assert updated.there.current == "1.1"


def test_the_way_by_the_backup_is_one(updated: UpdatedClinic) -> None:
    """Restored records end before the update, and know that it was begun."""
    restored = updated.restored()
    updated.back("1.0", restored)
    assert updated.there.current == "1.0"
    assert updated.said(restored) == [
        BEGUN,
        "updated from 1.0 to 1.1",
        BEGUN,
        "went back from 1.1 to 1.0",
    ]
    assert verify(restored).alterations == ()


def test_the_way_back_leads_no_second_time_and_not_forward(updated: UpdatedClinic) -> None:
    updated.back()
    with pytest.raises(UpdateRefused, match=r"no update to version 1\.0 is on record"):
        updated.back()
    assert updated.there.current == "1.0"


def test_two_updates_have_two_ways_back(updated: UpdatedClinic) -> None:
    updated.backup.unlink()
    updated.update(updated.release("1.2"))
    assert [updated.back().after, updated.back().after] == ["1.1", "1.0"]


def test_a_program_of_neither_version_takes_nothing_over(updated: UpdatedClinic) -> None:
    installed_by_hand(updated.there, "0.9")
    with pytest.raises(UpdateRefused, match=r"this is version 0\.9; the way back from 1\.1 is to"):
        updated.back("0.9")
    assert updated.there.current == "1.1"


def test_there_is_no_way_back_without_an_update_or_the_version(clinic: UpdatedClinic) -> None:
    with pytest.raises(UpdateRefused, match=r"no update to version 1\.0 is on record"):
        clinic.back()
    clinic.update(clinic.release("1.1"))
    shutil.rmtree(clinic.there.folder_of("1.0"))
    with pytest.raises(UpdateRefused, match=r"no way back: version 1\.0 is incomplete"):
        clinic.back()


def test_a_way_back_that_fails_is_entered_too(
    updated: UpdatedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(there: Installation, version: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Installation, "switch", full)
        with pytest.raises(TractionError, match=r"version 1\.1 is in use"):
            updated.back()
    assert updated.said()[-2:] == [BEGUN, "not changed from 1.1 to 1.0"]
    updated.back()
    assert updated.there.current == "1.0"
