"""A killed update leaves the old version or the new one, and the next update continues from there.

The same holds for an update that finds the disk full.
"""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controller.errors import AuditUnavailable, TractionError
from records.clinic.audit import record_read
from records.evidence.integrity import verify
from records.store.author import Person
from records.store.record_folder import RecordFolder
from tests.support.cut_files import FINISHED, KILLED, full_from, run_killed
from tests.support.troubled_writes import no_file_beyond
from tests.support.updating import UpdatedClinic, be_quick, make_clinic
from workstation.updating import changing
from workstation.updating.changing import BEGUN
from workstation.updating.installation import Installation

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
EVERY = 41
EVERY_FULL = 11
REHEARSED = """#!/bin/sh
echo '{"sessions": 1, "findings": []}'
"""


@pytest.fixture
def rehearsed(memory_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new version's interpreter accepts every copy: it needs no disk of its own here."""
    program = memory_path / "python"
    program.write_text(REHEARSED)
    program.chmod(0o700)
    monkeypatch.setattr(Installation, "program_of", lambda *_: program)


@pytest.fixture
def clinic(memory_path: Path, monkeypatch: pytest.MonkeyPatch) -> UpdatedClinic:
    be_quick(monkeypatch)
    return make_clinic(memory_path / "kept")


def test_a_kill_at_any_step_leaves_one_whole_version(
    clinic: UpdatedClinic, memory_path: Path
) -> None:
    release, log = clinic.release("1.1"), memory_path / "log"
    next_release = clinic.release("1.2")
    ended: set[str] = set()
    for at in [*range(1, 10_000, EVERY), 0]:
        disk = UpdatedClinic(memory_path / "disk")
        shutil.copytree(clinic.folder, disk.folder, symlinks=True)
        killed = run_killed(partial(disk.update, release), at, disk.records.path, log)
        assert killed.status in (KILLED, FINISHED)
        current = disk.there.current
        assert current in disk.there.versions()
        assert current == ("1.1" if killed.status == FINISHED else current)
        assert verify(disk.records).alterations == ()
        disk.backup.unlink(missing_ok=True)
        disk.update(next_release)
        assert disk.there.current == "1.2"
        said = disk.said()
        assert said[-1] == f"updated from {current} to 1.2"
        assert ("updated from 1.0 to 1.1" in said) is (current == "1.1")
        assert not [*disk.folder.rglob("*.traction-unfinished")]
        shutil.rmtree(disk.folder)
        ended.add(current)
        if killed.status == FINISHED:
            break
    assert ended == {"1.0", "1.1"}


@pytest.mark.usefixtures("rehearsed")
def test_a_full_disk_at_any_step_leaves_one_whole_version_and_is_said(
    clinic: UpdatedClinic, memory_path: Path
) -> None:
    release, number, refused, ended = clinic.release("1.1"), 0, 0, set[str]()
    while True:
        number += EVERY_FULL
        disk = UpdatedClinic(memory_path / "disk")
        shutil.copytree(clinic.folder, disk.folder, symlinks=True)
        said = ""
        with full_from(number, lasting=bool(number % 2)) as steps:
            try:
                disk.update(release)
            except TractionError as error:
                said, refused = error.message, refused + 1
        current = disk.there.current
        ended.add(current)
        assert current in disk.there.versions()
        assert "No space left" in said if said else current == "1.1"
        assert verify(disk.records).alterations == ()
        assert not [*disk.folder.rglob("*.traction-unfinished")]
        if current == "1.0":
            disk.backup.unlink(missing_ok=True)
            disk.update(release)
        assert disk.there.current == "1.1"
        shutil.rmtree(disk.folder)
        if not steps.acted:
            break
    assert refused > 8
    assert ended == {"1.0", "1.1"}


@pytest.mark.usefixtures("rehearsed")
def test_a_disk_that_is_full_inside_of_sqlite_leaves_the_old_version(
    clinic: UpdatedClinic, memory_path: Path
) -> None:
    release, ends = clinic.release("1.1"), []
    for most_bytes in (0, *range(1 << 12, 1 << 17, 1 << 14), 1 << 22):
        disk = UpdatedClinic(memory_path / "disk")
        shutil.copytree(clinic.folder, disk.folder, symlinks=True)
        said = ""
        with no_file_beyond(most_bytes):
            try:
                disk.update(release)
            except TractionError as error:
                said = error.message
        assert disk.there.current == ("1.0" if said else "1.1"), (most_bytes, said)
        assert verify(disk.records).alterations == ()
        assert not [*disk.folder.rglob("*.traction-unfinished")]
        ends.append(said)
        if said:
            disk.backup.unlink(missing_ok=True)
            disk.update(release)
            assert disk.said()[-1] == "updated from 1.0 to 1.1"
        shutil.rmtree(disk.folder)
    assert len([said for said in ends if said]) > 4
    assert any("disk I/O error" in said or "is full" in said for said in ends)
    assert ends[-1] == ""


def test_a_row_that_cannot_be_kept_after_the_rename_is_kept_by_the_next(
    clinic: UpdatedClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = record_read

    def disk_is_full_behind_the_rename(
        folder: RecordFolder, person: Person, what: str, **rest: Any
    ) -> None:
        if what.startswith("updated"):
            raise AuditUnavailable("the audit row cannot be kept: No space left on device")
        real(folder, person, what, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(changing, "record_read", disk_is_full_behind_the_rename)
        with pytest.raises(
            AuditUnavailable,
            match=r"version 1\.1 is in use, and the next `traction update` records",
        ):
            clinic.update(clinic.release("1.1"))
    assert (clinic.there.current, clinic.said()) == ("1.1", [BEGUN])
    clinic.backup.unlink()
    clinic.update(clinic.release("1.2"))
    assert clinic.said() == [
        BEGUN,
        "updated from 1.0 to 1.1",
        BEGUN,
        "updated from 1.1 to 1.2",
    ]
