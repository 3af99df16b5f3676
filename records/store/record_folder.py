"""The folder of the records, and the only place that knows the names of its files.

A unit's file is ``units/<unit id>.db``, and ``units/<unit id>-<year>.db`` once its year is closed;
a file that was put aside is in a folder of its own in ``quarantine``. Names with another extension
(a log, a lock, a side file) belong to the module that writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from records.store.plain_files import read_plain

CLINIC, SIGN_INS = "clinic.db", "sign-ins.db"
UNITS, KEYS, QUARANTINE, READINGS = "units", "keys", "quarantine", "readings"
CLOSING = ".closing"
"""End of the name of a year's file whose successor is not in place yet, or only just."""
MOVED = ".moved"
"""End of the name of the file that replaces a moved year's file: one line, its present path."""
UNFINISHED = "-unfinished"
"""End of a folder's name in quarantine while the copies in it are being made."""

_UNIT_ID = re.compile("[0-9a-f]{16}")
_YEAR_FILE = re.compile(r"([0-9a-f]{16})-\d{4}(-\d+)?\.db(\.closing)?")
_OURS = re.compile(
    r"[0-9a-f]{16}\.(db(-wal|-shm|-journal|\.new|\.next|\.schema-\d+)?|lock|spill|station)"
    r"|[0-9a-f]{16}-\d{4}(-\d+)?\.db(\.closing|\.moved)?"
)
"""The names of a unit's files; its id is 16 hex digits for life."""
_LONGEST_PATH = 1 << 15


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """Where records are. Passed instead of a path; its text is the path, for messages."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def clinic_database(self) -> Path:
        """Returns the database of people's entries."""
        return self.path / CLINIC

    @property
    def units(self) -> Path:
        """Returns the folder of the units' files."""
        return self.path / UNITS

    @property
    def quarantine(self) -> Path:
        """Returns the folder of files with content that this workstation did not write."""
        return self.path / QUARANTINE

    @property
    def keys(self) -> Path:
        """Returns the folder of public keys, and of the private one without a system key store."""
        return self.path / KEYS

    @property
    def key_records(self) -> Path:
        """Returns the record of keys."""
        return self.keys / "keys.jsonl"

    @property
    def private_key(self) -> Path:
        """Returns the private key in use, where the system has no key store."""
        return self.keys / "workstation.key"

    @property
    def public_key(self) -> Path:
        """Returns the public half of the key in use."""
        return self.keys / "workstation.pub"

    @property
    def next_private_key(self) -> Path:
        """Returns the private key that a running rotation puts in use."""
        return self.keys / "next.key"

    @property
    def next_public_key(self) -> Path:
        """Returns its public half, which exists during a rotation."""
        return self.keys / "next.pub"

    @property
    def archive_key(self) -> Path:
        """Returns the secret behind the pseudonyms of every archive."""
        return self.keys / "archive.key"

    @property
    def readings(self) -> Path:
        """Returns the folder for the rows of readers without the right to write."""
        return self.path / READINGS

    @property
    def sign_ins(self) -> Path:
        """Returns stored PINs and sign-ins; only the owner of the records reads it."""
        return self.path / SIGN_INS

    @property
    def last_check(self) -> Path:
        """Returns the results of the newest check of every session."""
        return self.path / "verified.json"

    @property
    def backup(self) -> Path:
        """Returns a path beside which an encrypted backup is prepared; it is never used itself."""
        return self.path / "backup"

    @property
    def profiles(self) -> Path:
        """Returns the folder of users' profiles of their own units and instruments."""
        return self.path / "profiles"

    @property
    def payers(self) -> Path:
        """Returns the folder of users' payer profiles; one with a shipped name replaces it."""
        return self.path / "payers"

    @property
    def receivers(self) -> Path:
        """Returns the folder of users' profiles of message receivers."""
        return self.path / "receivers"

    @property
    def code_lists(self) -> Path:
        """Returns the folder of imported lists of diagnosis codes."""
        return self.path / "code-lists"

    @property
    def tables(self) -> Path:
        """Returns the user's own tables for the scrub."""
        return self.path / "tables.toml"

    def name_of(self, path: Path) -> str:
        """Returns the name of a file of this folder in a record."""
        return path.relative_to(self.path).as_posix()

    def file_called(self, name: str) -> Path:
        """Returns the file of this folder with this name in a record or a table."""
        return self.path / name

    def public_key_of(self, key_id: str) -> Path:
        """Returns the path of a key's public half under its id."""
        return self.keys / f"{key_id}.pub"

    def unit_database(self, unit_id: str) -> Path:
        """Returns the path of a unit's evidence."""
        return self.units / f"{unit_id}.db"

    def station_lock(self, unit_id: str) -> Path:
        """Returns the lock that a station's program of the unit holds while it runs."""
        return self.units / f"{unit_id}.station"

    def new_database(self, unit_id: str) -> Path:
        """Returns the path of the new file that follows one which is being put aside."""
        return self.units / f"{unit_id}.db.new"

    def unit_databases(self) -> list[Path]:
        """Returns every unit's present file, in a fixed order; others are not read."""
        return [path for path in sorted(self.units.glob("*.db")) if _UNIT_ID.fullmatch(path.stem)]

    def foreign_files(self) -> list[Path]:
        """Returns files among the units' files that are not the program's."""
        return [path for path in sorted(self.units.glob("*")) if not _OURS.fullmatch(path.name)]

    def year_databases(self) -> list[Path]:
        """Returns files that were closed at the end of a year, oldest first for each unit.

        A copy in progress counts only once the unit's file follows it. A moved one is where it was
        moved to, if that place can be reached.
        """
        found = [path for path in self.units.glob("*-*.db*") if is_year_file(path)]
        here = [
            path
            for path in found
            if path.suffix != CLOSING
            or not next_database(self.unit_database(unit_id_of(path))).exists()
        ]
        names = {path.name for path in here}
        moved = (place for name, place in self.moved_years().items() if name not in names)
        away = [place for place in moved if place is not None and _is_file(place)]
        return sorted([*here, *away], key=lambda path: path.name)

    def moved_years(self) -> dict[str, Path | None]:
        """Returns where the files of closed years were moved, by name.

        None where that cannot be read.
        """
        found = sorted(self.units.glob(f"*-*.db{MOVED}"))
        return {path.name.removesuffix(MOVED): _place_said_in(path) for path in found}

    def year_file_called(self, name: str) -> Path:
        """Returns where the year's file with this name in a record is now, or should be."""
        here = self.file_called(name)
        place = None if _is_file(here) else self.moved_years().get(here.name)
        return place or here

    def every_database(self) -> list[Path]:
        """Returns the units' present files, and after them those of closed years."""
        return [*self.unit_databases(), *self.year_databases()]

    def databases_of(self, unit_id: str) -> list[Path]:
        """Returns the present file of a unit, and after it those of closed years, newest first."""
        older = [path for path in self.year_databases() if unit_id_of(path) == unit_id]
        return [self.unit_database(unit_id), *reversed(older)]

    def readable_databases(self) -> list[Path]:
        """Returns every file of every unit, and after them those that were put aside.

        Not the copies of a file that is still in its place: those in an unfinished folder, and the
        newest ones while the following file waits for its place.
        """
        aside = sorted(self.quarantine.glob("*/*.db"))
        copies = {path for path in aside if path.parent.name.endswith(UNFINISHED)}
        for unit_id in {path.stem for path in aside}:
            finished = not any(copy.stem == unit_id for copy in copies)
            if finished and self.new_database(unit_id).exists():
                copies.add(max((p for p in aside if p.stem == unit_id), key=_put_aside_at))
        return [*self.every_database(), *(path for path in aside if path not in copies)]


def is_put_aside(database: Path) -> bool:
    """Returns True for a unit's file in the quarantine."""
    return database.parent.parent.name == QUARANTINE


def is_year_file(path: Path) -> bool:
    """Returns True for a file that was closed at the end of a year."""
    return _YEAR_FILE.fullmatch(path.name) is not None


def unit_id_of(database: Path) -> str:
    """Returns whose evidence a file has, by its name."""
    closed = _YEAR_FILE.fullmatch(database.name)
    return closed[1] if closed else database.stem


def year_of(path: Path) -> int:
    """Returns the year in a closed file's name; raises ValueError for another file."""
    if not is_year_file(path):
        raise ValueError(f"{path.name} is no file of a closed year")
    return int(path.name[17:21])


def next_database(database: Path) -> Path:
    """Returns where a unit's new file waits while the old one is being closed."""
    return database.with_name(f"{database.name}.next")


def _place_said_in(pointer: Path) -> Path | None:
    """Returns the written place: an absolute path that ends in the file's own name."""
    try:
        place = Path(read_plain(pointer)[:_LONGEST_PATH].decode().removesuffix("\n"))
    except (OSError, ValueError):
        return None
    is_ours = place.is_absolute() and f"{place.name}{MOVED}" == pointer.name
    return place if is_ours and "\0" not in str(place) else None


def _is_file(path: Path) -> bool:
    """Returns False also where it cannot be told: no rights, an unreachable share, a long name."""
    try:
        return path.is_file()
    except OSError:
        return False


def _put_aside_at(database: Path) -> list[int]:
    """Returns when a file was put aside, and the number after an equal time."""
    return [int(part) for part in database.parent.name.split("-")[1:] if part.isdecimal()]
