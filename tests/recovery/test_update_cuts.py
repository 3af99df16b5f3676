"""A killed update leaves the old version or the new one, and the next update goes on from there."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from records.evidence.integrity import verify
from tests.support.cut_files import FINISHED, KILLED, run_killed
from tests.support.updating import UpdatedClinic, make_clinic, make_quickly
from workstation.updating.installation import Installation

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
EVERY = 23


@pytest.fixture
def clinic(memory_path: Path, monkeypatch: pytest.MonkeyPatch) -> UpdatedClinic:
    monkeypatch.setattr(Installation, "make", make_quickly)
    monkeypatch.setattr(Installation, "program_of", lambda *_: Path(sys.executable))
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
