"""Standing records as TOML files: written out, edited, read in again.

A file has lists of tables named after the commands (``[[patients]]``). ``version`` is the one that
a record was written out from: a change made from an older one is refused. Reading what was written
gives the same records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from controller.errors import RequestRefused, StandingInvalid
from records.checked_data import checked, parse_toml, read_text, toml_document
from records.order.file_words import check_words
from records.standing.kinds import (
    KINDS,
    TABLES,
    PatientRecord,
    StandingRecord,
    kind_of,
    name_of,
)
from records.standing.versions import StandingData, StandingVersion, label, record_json
from records.standing.write import NEW, StandingChange

VERSION = "version"
"""Key of the version that a record was written out from."""
HEAD = """\
# Standing data. Whoever reads this file in again makes a new version of each record that says
# something else; "version" is the one that stands here, and an older one is refused.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRecord:
    """A record of a file. ``place`` names it in messages; ``version`` is None where missing."""

    record: StandingRecord
    version: int | None
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What an import would write, and the names of unchanged records."""

    changes: tuple[StandingChange, ...]
    unchanged: tuple[str, ...]


def standing_toml(versions: Iterable[StandingVersion[StandingRecord]]) -> str:
    """Returns the records as a file, without default values."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for version in versions:
        said = {VERSION: version.number, **record_table(version.record)}
        tables.setdefault(TABLES[version.kind], []).append(said)
    return HEAD + toml_document(tables)


def record_table(record: StandingRecord) -> dict[str, Any]:
    """Returns the record as values of TOML, without default values."""
    return record.model_dump(mode="python", exclude_defaults=True)


def read_standing_file(path: Path, kind: str) -> list[ReadRecord]:
    """Returns the records of a kind in a file.

    Raises StandingInvalid naming file, record and key.
    """
    text = read_text(path, f"file of {TABLES[kind]}", StandingInvalid)
    return parse_standing(text, path.name, kind)


def parse_standing(text: str, name: str, kind: str) -> list[ReadRecord]:
    """Returns the same of a text; messages name it ``name``."""
    where, table = f"file {name}", TABLES[kind]
    document = parse_toml(text, where, StandingInvalid)
    if unknown := sorted(document.keys() - {table}):
        near = get_close_matches(unknown[0], [table], n=1)
        hint = f"did you mean [[{table}]]?" if near else f"this command reads [[{table}]] only"
        raise StandingInvalid(f"{where}: table {unknown[0]} is not read here; {hint}")
    tables = document.get(table)
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise StandingInvalid(f"{where}: holds no [[{table}]]; begin each record with that line")
    return [
        _read(each, kind, f"{where}: {table} {number}")
        for number, each in enumerate(tables, start=1)
    ]


def record_of(kind: str, said: Mapping[str, Any], where: str) -> StandingRecord:
    """Returns a record made of what somebody wrote, checked completely; raises StandingInvalid."""
    try:
        check_words(dict(said))
    except RequestRefused as error:
        raise StandingInvalid(f"{where}: {error.message}") from error
    return checked(KINDS[kind], said, where, StandingInvalid)


def plan_import(held: StandingData, records: Sequence[ReadRecord]) -> ImportPlan:
    """Returns what these records would change; writes nothing.

    Raises StandingInvalid with every invalid record, so that nothing is done partly.
    """
    changes, unchanged, wrong = list[StandingChange](), list[str](), list[str]()
    for read in records:
        kind, name = kind_of(read.record), name_of(read.record)
        newest = held.newest(kind, name)
        if newest is None:
            changes.append(StandingChange(record=read.record, made_from=NEW))
        elif newest.name != name:
            wrong.append(f"{read.place}: {newest.words}, is on file and would be taken for {name}")
        elif record_json(newest.record) == record_json(read.record):
            unchanged.append(name)
        elif read.version is None and (other := _another_patient(newest, read.record)):
            wrong.append(f"{read.place}: {other}")
        elif read.version not in (None, newest.number):
            wrong.append(
                f"{read.place}: it was made from version {read.version}, and {newest.words}, is "
                "newer"
            )
        elif read.version is None:
            wrong.append(
                f"{read.place}: {newest.words}, is on file already; to change it, say "
                f"{VERSION} = {newest.number}"
            )
        else:
            changes.append(StandingChange(record=read.record, made_from=newest.number))
    if wrong:
        raise StandingInvalid(
            f"{len(wrong)} of {len(records)} records cannot be taken, so none was: {wrong[0]}",
            rows=tuple(wrong),
        )
    return ImportPlan(changes=tuple(changes), unchanged=tuple(unchanged))


def _another_patient(newest: StandingVersion[StandingRecord], record: StandingRecord) -> str:
    """Returns that one reference has two patients, in words; "" for the same patient."""
    old = newest.record
    if not isinstance(old, PatientRecord) or not isinstance(record, PatientRecord):
        return ""
    same = (old.full_name, old.birth_date) == (record.full_name, record.birth_date)
    return "" if same else two_patients(old, record.full_name, record.birth_date)


def two_patients(old: PatientRecord, name: str, born: date) -> str:
    """Returns that a reference is used for two people: who is on file, and who is not."""
    return (
        f"reference {old.reference} is on file for {old.full_name}, born {old.birth_date}, not for "
        f"{name}, born {born}; one reference is one patient"
    )


def _read(said: dict[str, Any], kind: str, place: str) -> ReadRecord:
    version = said.pop(VERSION, None)
    if version is not None and (type(version) is not int or version < 1):
        raise StandingInvalid(f"{place}: {VERSION}={version!r} is not a version number")
    record = record_of(kind, said, place)
    return ReadRecord(
        record=record, version=version, place=f"{place} ({label(kind, name_of(record))})"
    )
