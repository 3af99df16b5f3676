"""The way back to the previous version, which is still installed.

Everything that writes into a file of the records brings it to its own format, and a change of the
program is a row of ``clinic.db``. So a newer version goes back where the older one knows that
format; otherwise the older one must put itself in use.
"""

from __future__ import annotations

from functools import partial

from controller.errors import JournalUnavailable, UpdateRefused
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import checking_file, schema_version
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from workstation.author_now import author_now
from workstation.terminal_sign_in import Acting
from workstation.updating.changing import (
    ProgramChanged,
    VersionChange,
    change_begun,
    make_change,
    program_changed,
    settle_changes,
    version_before,
)
from workstation.updating.installation import Installation, InstallationFault, ProgramRelease
from workstation.updating.program_here import ProgramHere
from workstation.updating.quiet import sessions_kept_out, sole_update


def go_back(folder: RecordFolder, here: ProgramHere, who: Acting) -> ProgramChanged:
    """Put the previous version in use, if it knows the present records; raises TractionError."""
    there = here.there
    author = partial(author_now, folder, who.by, account=who.account)
    with sole_update(there.root):
        _refuse_records_of_later(folder, there, _release_of(there, here.version))
        change = VersionChange(before=there.current, after=version_before(folder, there))
        release = _release_of(there, change.after)
        _refuse_another(here, change)
        _refuse_records_of_later(folder, there, release)
        _refuse_what_this_writes(here, release)
        with sessions_kept_out(folder):
            settle_changes(folder, author(), there)
            with change_begun(folder, author, there, change):
                make_change(folder, author, there, change)
    return program_changed(there, change)


def _release_of(there: Installation, version: str) -> ProgramRelease:
    try:
        return there.release_of(version)
    except InstallationFault as error:
        raise UpdateRefused(f"there is no way back: {error}") from error


def _refuse_another(here: ProgramHere, change: VersionChange) -> None:
    if here.version not in (change.before, change.after):
        raise UpdateRefused(
            f"this is version {here.version}; the way back from {change.before} is to "
            f"{change.after}: start {here.there.program_of(change.after, 'traction')}"
        )


def _refuse_records_of_later(
    folder: RecordFolder, there: Installation, release: ProgramRelease
) -> None:
    files = [(path, UNIT_SCHEMA, "unit") for path in folder.every_database()]
    if folder.clinic_database.exists():
        files.append((folder.clinic_database, CLINIC_SCHEMA, "clinic"))
    for path, schema, kind in files:
        known = release.formats.get(kind, 0)
        try:
            with checking_file(path, schema) as db:
                found = schema_version(db)
        except JournalUnavailable as error:
            raise UpdateRefused(
                f"version {release.version} cannot read the records: {error.message}. "
                f"{_by_the_backup(there, release)}"
            ) from error
        if found > known:
            raise UpdateRefused(
                f"{path.name} has schema {found} since the update, and version {release.version} "
                f"knows {known}. {_by_the_backup(there, release)}"
            )


def _by_the_backup(there: Installation, release: ProgramRelease) -> str:
    program = there.program_of(release.version, "traction")
    return (
        f"The way back is the backup that was made before: {program} restore BACKUP --data "
        f"NEW-FOLDER, then {program} update --back --data NEW-FOLDER. What was recorded since then "
        "is not in it"
    )


def _refuse_what_this_writes(here: ProgramHere, release: ProgramRelease) -> None:
    known = release.formats.get("clinic", 0)
    if here.version != release.version and known < CLINIC_SCHEMA.version:
        raise UpdateRefused(
            f"this version would bring clinic.db to schema {CLINIC_SCHEMA.version}, and "
            f"{release.version} knows {known}. Let that one put itself in use: "
            f"{here.there.program_of(release.version, 'traction')} update --back"
        )
