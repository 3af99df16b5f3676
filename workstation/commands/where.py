"""``traction where``: shows which folders, files, versions and key are in use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from controller.errors import KeyUnavailable, TractionError
from workstation.commands.options import RecordsOptions, grouped
from workstation.output import say, say_json

if TYPE_CHECKING:
    from records.store.record_folder import RecordFolder

Facts = dict[str, object]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("where")(where)


@grouped
def where(records: RecordsOptions) -> None:
    """Show where records and settings are, how large they are, and which versions are in use."""
    from workstation.settings import settings_file

    place = records.place
    settings, folder = place
    facts: Facts = {
        "records": str(folder),
        "records_exist": folder.path.is_dir(),
        "settings": str(settings_file()),
        "settings_exist": settings_file().is_file(),
        "second_place": settings.checkpoint_copy,
        "force_unit": place.leading_unit.value,
        "databases": list(_databases(folder)),
        "key": _key(folder),
        "versions": _versions(),
    }
    if records.as_json:
        say_json("where", facts)
        return
    for line in _lines(facts):
        say(line)


def _databases(folder: RecordFolder) -> Iterator[Facts]:
    """Yields every file of records, with its size and the version of its schema."""
    from records.evidence.unit_reading import checking
    from records.store.clinic_file import clinic_checking
    from records.store.database import schema_version

    found = [folder.clinic_database] if folder.clinic_database.exists() else []
    for path in (*found, *folder.readable_databases()):
        trouble, version = "", None
        try:
            is_clinic = path == folder.clinic_database
            with clinic_checking(folder) if is_clinic else checking(path) as db:
                version = schema_version(db)
        except TractionError as error:
            trouble = error.message
        yield {
            "file": str(path),
            "bytes": _size(path),
            "schema_version": version,
            "trouble": trouble,
        }


def _size(path: Path) -> int:
    """Returns what a database takes on the disk, including its log."""
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.is_file())


def _key(folder: RecordFolder) -> Facts:
    from records.keys.signing import public_key_in_use

    try:
        in_use = public_key_in_use(folder)
    except KeyUnavailable as error:
        return {"key_id": None, "trouble": error.message}
    return {"key_id": in_use[0] if in_use else None, "trouble": ""}


def _versions() -> Facts:
    from workstation.texts.shipped import program_version, system_versions

    return {"traction": program_version(), **system_versions()}


def _lines(facts: Facts) -> Iterator[str]:
    """Yields the same for people."""
    there = "" if facts["records_exist"] else " (not there yet: the first session makes it)"
    yield f"records       {facts['records']}{there}"
    used = "" if facts["settings_exist"] else " (no such file: every setting has its default)"
    yield f"settings      {facts['settings']}{used}"
    yield f"second place  {facts['second_place'] or 'none (setting checkpoint_copy)'}"
    yield f"force         {facts['force_unit']} leads (setting force_unit, else `traction clinic`)"
    databases, key, versions = facts["databases"], facts["key"], facts["versions"]
    assert isinstance(databases, list)
    assert isinstance(key, dict)
    assert isinstance(versions, dict)
    for one in databases:
        state = one["trouble"] or f"schema {one['schema_version']}"
        yield f"database      {one['file']}  {one['bytes'] / 1e6:.1f} MB  {state}"
    if not databases:
        yield "database      none yet"
    yield f"key           {key['trouble'] or key['key_id'] or 'none yet'}"
    yield "versions      " + ", ".join(f"{name} {text}" for name, text in versions.items())
