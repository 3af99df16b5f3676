"""Checks of the records: modes, space, key, backups and their proof, databases."""

from __future__ import annotations

from collections.abc import Iterator

from controller.errors import TractionError
from records.evidence.start_check import WARN_BELOW_BYTES, free_bytes_at
from records.keeping.private_check import check_private
from records.keys.signing import public_key_in_use
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import check_quickly
from records.store.private_files import HAS_MODES
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from workstation.backups import backup_status
from workstation.doctor.fact import WorkstationFact, not_checked, not_well, well
from workstation.settings import Settings

FIRST_SESSION = "the first session makes it"


def permissions(folder: RecordFolder, settings: Settings) -> WorkstationFact:
    """Returns whether other accounts could read the records."""
    name = "permissions"
    if not HAS_MODES:
        return not_checked(
            name, "this system has no file modes", "check yourself how the folder is shared"
        )
    if not folder.path.exists():
        return not_checked(name, f"{folder} is not there yet", FIRST_SESSION)
    try:
        check_private(folder, settings.readers_group)
    except TractionError as error:
        return not_well(name, error.message, "do what it says, then run it again")
    readers = f"and the group {settings.readers_group}" if settings.readers_group else "only"
    return well(name, f"{folder} is open to its owner {readers}")


def disk(folder: RecordFolder) -> WorkstationFact:
    """Returns whether there is room for the sessions of some months."""
    name = "disk"
    try:
        free = free_bytes_at(folder.path)
    except TractionError as error:
        return not_well(name, error.message, "check the disk")
    text = f"{free / 1e9:.1f} GB free at {folder}"
    if free < WARN_BELOW_BYTES:
        return not_well(name, text, f"free space up to {WARN_BELOW_BYTES / 1e9:.1f} GB")
    return well(name, text)


def key(folder: RecordFolder) -> WorkstationFact:
    """Returns whether the record of keys is trusted, and which key signs."""
    name = "key"
    try:
        in_use = public_key_in_use(folder)
    except TractionError as error:
        return not_well(name, error.message, "look at it with `traction key list`")
    if in_use is None:
        return not_checked(name, "there is no key yet", FIRST_SESSION)
    return well(name, f"key {in_use[0]} is in use")


def backup(folder: RecordFolder, settings: Settings) -> Iterator[WorkstationFact]:
    """Returns the age of the newest backup, and whether it was ever restored."""
    make, prove = "`traction backup PLACE`", "`traction backup --prove PLACE`"
    if not folder.clinic_database.exists():
        yield not_checked("backup", "there are no records yet", FIRST_SESSION)
        yield not_checked("backup proof", "there are no records yet", FIRST_SESSION)
        return
    try:
        status = backup_status(folder, settings)
    except TractionError as error:
        yield not_well("backup", error.message, "look at it with `traction verify --all`")
        return
    text = status.text.splitlines()[0]
    if status.good and status.there:
        yield well("backup", text)
    elif status.good:
        yield not_well("backup", f"{text}; not at its place now", "connect its medium and look")
    else:
        yield not_well("backup", text, make)
    if status.proved_utc_ms is None:
        yield not_well("backup proof", "the newest backup was never proved", prove)
        return
    day = settings.day_at(status.proved_utc_ms)
    yield well("backup proof", f"the newest backup was restored and verified on {day}")


def database(folder: RecordFolder) -> WorkstationFact:
    """Yields SQLite's quick check of every file; `traction verify` checks the chain."""
    name = "database"
    files = [(path, UNIT_SCHEMA) for path in folder.readable_databases()]
    if folder.clinic_database.exists():
        files.insert(0, (folder.clinic_database, CLINIC_SCHEMA))
    if not files:
        return not_checked(name, "there are no records yet", FIRST_SESSION)
    for path, schema in files:
        try:
            check_quickly(path, schema)
        except TractionError as error:
            return not_well(name, error.message, "`traction verify --all`")
    return well(name, f"{len(files)} files pass SQLite's quick check")
