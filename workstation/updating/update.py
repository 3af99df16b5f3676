"""Takes a release over from a file, and goes back: the old program or the new one, never half."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.errors import UpdateRefused
from records.keeping.backup import BackupReport
from records.keeping.restore import RestoreReport, Trust
from records.keys.signing import known_public_keys
from records.store.author import Author
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import checking_file, schema_version
from records.store.drafts import draft_beside
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from workstation.author_now import author_now
from workstation.backups import make_backup, prove_backup
from workstation.settings import Settings
from workstation.terminal_sign_in import Acting
from workstation.updating.bundle import UpdateBundle, opened_bundle
from workstation.updating.changing import (
    VersionChange,
    change_version,
    number_of,
    settle_changes,
    version_before,
)
from workstation.updating.installation import (
    CURRENT,
    VERSIONS,
    Installation,
    InstallationFault,
    ProgramRelease,
)
from workstation.updating.quiet import sessions_kept_out, sole_update
from workstation.updating.rehearsal import rehearsed_by
from workstation.updating.release_keys import accepted_release_keys

NEEDED_TIMES: Final = 7
"""Of a release's size: what is unpacked, and an environment of four to five times as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedUpdate:
    """A file, where the backup goes that is made first, and who says so."""

    file: Path
    backup: Path
    identity: Path | None
    who: Acting


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramChanged:
    """What was done. ``checkpoint`` is that of the backup, empty for a way back."""

    before: str
    after: str
    program: str
    backup: str = ""
    checkpoint: str = ""


def installation_here(prefix: Path = Path(sys.prefix)) -> Installation:
    """The installation whose program this is; raises UpdateRefused."""
    if prefix.parent.name != VERSIONS:
        raise UpdateRefused(
            f"the program in {prefix} was not installed by install.py of a wheelhouse, so there is "
            "nothing to exchange; update it as it was installed"
        )
    there = Installation(prefix.parent.parent)
    if there.current != prefix.name:
        raise UpdateRefused(
            f"this is version {prefix.name} and {there.current or 'none'} is in use; start "
            f"{there.root / CURRENT / 'bin' / 'traction'}"
        )
    return there


def update_program(
    folder: RecordFolder,
    settings: Settings,
    there: Installation,
    wanted: WantedUpdate,
    tell: Callable[[str], None],
) -> ProgramChanged:
    """Check, back up, prove, rehearse, exchange; raises TractionError with the old one in use."""
    with (
        opened_bundle(wanted.file, accepted_release_keys(folder)) as bundle,
        sole_update(there.root),
        sessions_kept_out(folder),
    ):
        settle_changes(folder, _author(folder, wanted.who), there)
        _refuse(bundle.release, there)
        _refuse_small_disk(bundle, there)
        tell(f"backing up to {wanted.backup}")
        backup = _backed_up(folder, settings, wanted)
        tell(f"making version {bundle.release.version} beside {there.current}")
        _make(bundle, there)
        tell("rehearsing on a copy of the records")
        _rehearse(folder, there, bundle.release, backup, wanted)
        why = (f"release key {bundle.key_id}", bundle.digest, backup.checkpoint)
        change = VersionChange(before=there.current, after=bundle.release.version, why=why)
        change_version(folder, _author(folder, wanted.who), there, change)
    return _changed(there, change, backup)


def go_back(folder: RecordFolder, there: Installation, who: Acting) -> ProgramChanged:
    """Put the version before in use, if it knows the records as they are; raises TractionError."""
    with sole_update(there.root), sessions_kept_out(folder):
        settle_changes(folder, _author(folder, who), there)
        change = VersionChange(before=there.current, after=version_before(folder, there))
        _refuse_records_of_later(folder, _release_of(there, change.after))
        change_version(folder, _author(folder, who), there, change)
    return _changed(there, change, None)


def _author(folder: RecordFolder, who: Acting) -> Author:
    return author_now(folder, who.by, account=who.account)


def _changed(
    there: Installation, change: VersionChange, backup: BackupReport | None
) -> ProgramChanged:
    return ProgramChanged(
        before=change.before,
        after=change.after,
        program=str(there.root / CURRENT / "bin" / "traction"),
        backup=str(backup.place) if backup else "",
        checkpoint=backup.checkpoint if backup else "",
    )


def _refuse(release: ProgramRelease, there: Installation) -> None:
    if release.fault:
        raise UpdateRefused(f"{release.fault}; ask for the release for this computer")
    if number_of(release.version) <= number_of(there.current):
        raise UpdateRefused(
            f"version {release.version} is not newer than {there.current}, which is in use; "
            "`traction update --back` goes to the version before"
        )


def _refuse_small_disk(bundle: UpdateBundle, there: Installation) -> None:
    free, needed = shutil.disk_usage(there.root).free, NEEDED_TIMES * bundle.size
    if free < needed:
        raise UpdateRefused(
            f"{there.root} has {free / 1e6:.0f} MB free and version {bundle.release.version} needs "
            f"{needed / 1e6:.0f}; remove a version that is not in use, or make space"
        )


def _backed_up(folder: RecordFolder, settings: Settings, wanted: WantedUpdate) -> BackupReport:
    backup = make_backup(folder, wanted.backup, settings, wanted.who.by)
    if backup.findings:
        raise UpdateRefused(
            f"the records are altered ({backup.findings[0].name}: {backup.findings[0].what}); look "
            f"into it before the program changes: traction verify --all. The backup is kept"
        )
    return backup


def _make(bundle: UpdateBundle, there: Installation) -> None:
    try:
        with draft_beside(there.root / "wheels") as draft:
            bundle.unpack(draft.content)
            there.make(bundle.release, draft.content)
    except (InstallationFault, OSError) as error:
        raise UpdateRefused(f"{error}; version {there.current} stays in use") from error


def _rehearse(
    folder: RecordFolder,
    there: Installation,
    release: ProgramRelease,
    backup: BackupReport,
    wanted: WantedUpdate,
) -> None:
    def with_copy(copy: RecordFolder, report: RestoreReport) -> None:
        rehearsed_by(there.program_of(release.version), copy, report.sessions)

    trust = Trust(public_keys=known_public_keys(folder) or None)
    proof = prove_backup(backup.place, folder, trust, wanted.identity, wanted.who.by, with_copy)
    if proof.findings:
        raise UpdateRefused(
            f"the backup does not prove ({proof.findings[0].name}: {proof.findings[0].what}); "
            "try another medium"
        )


def _release_of(there: Installation, version: str) -> ProgramRelease:
    try:
        return there.release_of(version)
    except InstallationFault as error:
        raise UpdateRefused(f"there is no way back: {error}") from error


def _refuse_records_of_later(folder: RecordFolder, release: ProgramRelease) -> None:
    files = [(path, UNIT_SCHEMA, "unit") for path in folder.every_database()]
    if folder.clinic_database.exists():
        files.append((folder.clinic_database, CLINIC_SCHEMA, "clinic"))
    for path, schema, kind in files:
        with checking_file(path, schema) as db:
            found = schema_version(db)
        known = release.formats.get(kind, 0)
        if found > known:
            raise UpdateRefused(
                f"{path.name} has schema {found} since the update, and version {release.version} "
                f"knows {known}. The way back is the backup that was made before: restore it into "
                "a new folder (traction restore); what was recorded since then is not in it"
            )
