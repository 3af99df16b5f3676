"""A clinic with version 1.0 installed, an accepted release key and releases to install."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from records.clinic.audit import accesses
from records.keeping.restore import Trust, restore
from records.store.ed25519 import SigningKey
from records.store.record_folder import RecordFolder
from tests.support.notes import author, recorded
from tests.support.small_releases import small_release, small_wheelhouse
from workstation.backups import keep_restore
from workstation.settings import Settings
from workstation.terminal_sign_in import Acting
from workstation.updating import installation
from workstation.updating.altered import NOTHING_ALTERED, TakenAlong
from workstation.updating.bundle import write_bundle
from workstation.updating.changing import ProgramChanged
from workstation.updating.going_back import go_back
from workstation.updating.installation import RELEASE, Installation, ProgramRelease
from workstation.updating.program_here import ProgramHere
from workstation.updating.release_keys import accept_release_key
from workstation.updating.update import WantedUpdate, update_program

RELEASE_KEY = SigningKey(bytes([7]) * 32)
WHO = Acting("E. Engineer")


@dataclass(frozen=True, slots=True)
class UpdatedClinic:
    """``folder`` holds everything."""

    folder: Path

    @property
    def records(self) -> RecordFolder:
        """Its records."""
        return RecordFolder(self.folder / "data")

    @property
    def there(self) -> Installation:
        """Its installation."""
        return Installation(self.folder / "root")

    @property
    def backup(self) -> Path:
        """The path of its backup."""
        return self.folder / "media" / "before.zip"

    def release(self, version: str, **said: object) -> Path:
        """A signed release."""
        house = small_wheelhouse(self.folder / f"house-{version}", version, **said)
        place = self.folder / f"{version}.update"
        write_bundle(place, small_release(version, **said), house.iterdir(), RELEASE_KEY)
        return place

    def update(
        self,
        release: Path,
        tell: Callable[[str], None] = print,
        altered: TakenAlong = NOTHING_ALTERED,
    ) -> ProgramChanged:
        """Install a release."""
        wanted = WantedUpdate(
            file=release, backup=self.backup, identity=None, who=WHO, altered=altered
        )
        return update_program(self.records, Settings(), self.there, wanted, tell)

    def here(self, version: str = "") -> ProgramHere:
        """A program of the installation: of the version in use, or of another version."""
        return ProgramHere(self.there, version or self.there.current)

    def back(self, version: str = "", records: RecordFolder | None = None) -> ProgramChanged:
        """Go back, using the program of a version; by default the one in use."""
        return go_back(records or self.records, self.here(version), WHO)

    def restored(self, *accepted: str) -> RecordFolder:
        """The backup, restored into a new folder as `traction restore` does it."""
        folder = RecordFolder(self.folder / "restored")
        restore(
            self.backup,
            folder,
            Trust(),
            accepted=accepted,
            before_rename=lambda there, report: keep_restore(there, WHO.by, report, accepted),
        )
        return folder

    def said(self, records: RecordFolder | None = None) -> list[str]:
        """Changes of the program, as stated in the chain."""
        words = ("updated", "went back", "change of", "not changed")
        rows = accesses(records or self.records)
        return [row.what for row in rows if row.what.startswith(words)]

    def version_that_starts(self) -> str:
        """The version that the program in use reports."""
        program = self.there.root / "current" / "bin" / "traction"
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        return told.stdout.split()[-1]


def make_clinic(
    folder: Path, *, record: Callable[[RecordFolder], object] = recorded
) -> UpdatedClinic:
    """Make records and an accepted key; the installation's version only looks complete."""
    clinic = UpdatedClinic(folder)
    record(clinic.records)
    accept_release_key(clinic.records, author(clinic.records), RELEASE_KEY.public_key)
    installed_by_hand(clinic.there, "1.0")
    clinic.there.switch("1.0")
    clinic.backup.parent.mkdir()
    return clinic


def be_quick(patch: pytest.MonkeyPatch) -> None:
    """Make versions without an environment, and rehearse them with the tests' interpreter."""
    patch.setattr(Installation, "make", make_quickly)
    patch.setattr(Installation, "program_of", lambda *_: Path(sys.executable))


def make_quickly(there: Installation, release: ProgramRelease, wheels: Path) -> None:
    """Replaces ``Installation.make``: no environment, for versions that are never started.

    The file that marks a version as complete is written last here as well.
    """
    assert {path.suffix for path in wheels.iterdir()} == {".whl", ".txt", ".json"}
    shutil.rmtree(there.folder_of(release.version), ignore_errors=True)
    installed_by_hand(there, release.version, formats=release.formats)


def copied_environments(made: Path) -> Callable[[list[str], str], str]:
    """Replaces ``installation.run``: copies an environment where one is made with pip.

    Nearly all of the time of a version goes into installing pip in its environment. ``made`` is a
    version that was really made; its program is not copied.
    """
    without_program = shutil.ignore_patterns("traction*", "here.pth", RELEASE)
    really_run = installation.run

    def run(command: list[str], doing: str) -> str:
        if "venv" in command:
            shutil.copytree(made, command[-1], symlinks=True, ignore=without_program)
            return ""
        return "" if "ensurepip" in command else really_run(command, doing)

    return run


def installed_by_hand(there: Installation, version: str, **said: object) -> None:
    """A version without an environment, for one that is never started."""
    folder = there.folder_of(version)
    folder.mkdir(parents=True)
    release = json.dumps(asdict(small_release(version, **said)))
    (folder / "release.json").write_text(release)
