"""Updates to a release from a file: afterwards the old program or the new one runs, never half."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from controller.errors import UpdateRefused
from records.keeping.backup import BackupReport
from records.keeping.restore import RestoreReport, Trust
from records.keys.signing import known_public_keys
from records.store.drafts import draft_beside
from records.store.record_folder import RecordFolder
from workstation.author_now import author_now
from workstation.backups import make_backup, prove_backup
from workstation.settings import Settings
from workstation.terminal_sign_in import Acting
from workstation.updating.altered import NOTHING_ALTERED, TakenAlong, refuse_unexplained, take_along
from workstation.updating.bundle import UpdateBundle, opened_bundle
from workstation.updating.changing import (
    ProgramChanged,
    VersionChange,
    change_begun,
    make_change,
    number_of,
    program_changed,
    settle_changes,
)
from workstation.updating.installation import Installation, InstallationFault, ProgramRelease
from workstation.updating.quiet import sessions_kept_out, sole_update
from workstation.updating.rehearsal import rehearsed_by
from workstation.updating.release_keys import accepted_release_keys

NEEDED_TIMES: Final = 7
"""Of a release's size: its unpacked files, and an environment of four to five times the size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedUpdate:
    """A file, the place of the backup that is made first, and who asks for it."""

    file: Path
    backup: Path
    identity: Path | None
    who: Acting
    altered: TakenAlong = NOTHING_ALTERED


def update_program(
    folder: RecordFolder,
    settings: Settings,
    there: Installation,
    wanted: WantedUpdate,
    tell: Callable[[str], None],
) -> ProgramChanged:
    """Check, back up, prove, rehearse, exchange; raises TractionError with the old one in use."""
    refuse_unexplained(wanted.who.by, wanted.altered)
    author = partial(author_now, folder, wanted.who.by, account=wanted.who.account)
    with (
        opened_bundle(wanted.file, accepted_release_keys(folder)) as bundle,
        sole_update(there.root),
        sessions_kept_out(folder),
    ):
        settle_changes(folder, author(), there)
        _refuse(bundle.release, there)
        _refuse_small_disk(bundle, there)
        why = (f"release key {bundle.file.key_id}", bundle.file.digest)
        change = VersionChange(before=there.current, after=bundle.release.version, why=why)
        with change_begun(folder, author, there, change):
            tell(f"backing up to {wanted.backup}")
            backup = make_backup(folder, wanted.backup, settings, wanted.who.by)
            take_along(folder, author, wanted.altered, backup.findings, tell)
            tell(f"making version {bundle.release.version} beside {there.current}")
            _make(bundle, there)
            tell("rehearsing on a copy of the records")
            _rehearse(folder, there, bundle.release, backup, wanted)
            make_change(folder, author, there, change, backup.checkpoint)
    return program_changed(there, change, backup)


def _refuse(release: ProgramRelease, there: Installation) -> None:
    if release.fault:
        raise UpdateRefused(f"{release.fault}; ask for the release for this computer")
    if number_of(release.version) <= number_of(there.current):
        raise UpdateRefused(
            f"version {release.version} is not newer than {there.current}, which is in use; "
            "`traction update --back` goes to the version before"
        )


def _refuse_small_disk(bundle: UpdateBundle, there: Installation) -> None:
    free, needed = shutil.disk_usage(there.root).free, NEEDED_TIMES * bundle.file.size
    if free < needed:
        raise UpdateRefused(
            f"{there.root} has {free / 1e6:.0f} MB free and version {bundle.release.version} needs "
            f"{needed / 1e6:.0f}; remove a version that is not in use, or make space"
        )


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
    names = wanted.altered.names

    def with_copy(copy: RecordFolder, report: RestoreReport) -> None:
        for one in report.findings:
            if one.name not in names:
                raise UpdateRefused(
                    f"the backup does not prove ({one.name}: {one.what}); try another medium"
                )
        rehearsed_by(there.program_of(release.version), copy, report.sessions, names)

    trust = Trust(public_keys=known_public_keys(folder) or None)
    prove_backup(backup.place, folder, trust, wanted.identity, wanted.who.by, with_copy)
