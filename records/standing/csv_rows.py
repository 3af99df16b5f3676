"""Reads rows of a practice system's CSV by a column map: which column is what, in which form.

Every wrong row is named; one wrong row keeps all of them out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from controller.errors import StandingInvalid
from controller.words import fault_of
from records.checked_data import CheckedData, checked, csv_faults, parse_toml, read_text
from records.standing.kinds import PatientRecord

NAME = "name"
"""Key of a column with a whole name, "Doe, Jane"."""
NAMES = ("last_name", "first_name")
APPOINTMENT_KEYS = ("time", "table", "reference", NAME, *NAMES, "birth_date", "date")
PATIENT_KEYS = (
    NAME,
    *(key for key in PatientRecord.model_fields if key not in ("flags", "in_use")),
)
NEEDED = {
    "patients": ("reference", "birth_date"),
    "appointments": ("time", "table", "reference", "birth_date"),
}
DATE_KEYS = frozenset(
    {
        "birth_date",
        "cert_through",
        "certified_on",
        "date",
        "established",
        "initial_treatment_date",
        "onset_date",
        "sent_to_referrer_on",
        "valid_from",
        "valid_to",
    }
)
"""Last parts of the keys whose cells are days, in the map's ``date_format``."""
SHOWN = 5
"""Most columns or names that a message repeats."""


def _with_dots(columns: Any) -> Any:
    """Returns keys with dots: ``payer.name = ...`` is a table in TOML, and one key here."""
    if not isinstance(columns, Mapping):
        return columns
    flat: dict[str, Any] = {}
    for key, value in columns.items():
        inner = _with_dots(value)
        if isinstance(inner, Mapping):
            flat |= {f"{key}.{name}": head for name, head in inner.items()}
        else:
            flat[key] = inner
    return flat


class CsvMap(CheckedData):
    """``columns``: our key, their head. Formats are those of ``strptime``."""

    reads: Literal["patients", "appointments"]
    columns: Annotated[dict[str, str], BeforeValidator(_with_dots)]
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8", "cp1252", "iso-8859-1"] = "utf-8"
    date_format: str = "%Y-%m-%d"
    time_format: str = "%H:%M"

    @field_validator("date_format")
    @classmethod
    def _says_the_century(cls, form: str) -> str:
        if "%Y" not in form or "%d" not in form:
            raise ValueError("needs %Y (a year of four digits: 60 is 1960 or 2060) and %d")
        return form

    @model_validator(mode="after")
    def _names_what_is_needed(self) -> CsvMap:
        known = PATIENT_KEYS if self.reads == "patients" else APPOINTMENT_KEYS
        for key in self.columns:
            if key.partition(".")[0] not in known:
                raise ValueError(f"columns.{key} is no key of {self.reads}: {', '.join(known)}")
        for key in NEEDED[self.reads]:
            if key not in self.columns:
                raise ValueError(f"columns.{key} is missing; say which column it is")
        if NAME not in self.columns and not set(NAMES) <= self.columns.keys():
            raise ValueError(f"columns need {NAME}, or {' and '.join(NAMES)}")
        if NAME in self.columns and set(NAMES) & self.columns.keys():
            raise ValueError(f"columns have {NAME} and parts of it; keep one of both")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRow:
    """One row as our values; ``fault`` says what is wrong with it, "" for a valid one."""

    place: str
    values: Mapping[str, Any]
    fault: str = ""


def read_map(path: Path, reads: str) -> CsvMap:
    """Returns a column map for patients or appointments.

    Raises StandingInvalid naming file and key.
    """
    text = read_text(path, "column map", StandingInvalid)
    where = f"column map {path.name}"
    found = checked(CsvMap, parse_toml(text, where, StandingInvalid), where, StandingInvalid)
    if found.reads != reads:
        raise StandingInvalid(f"{where}: it reads {found.reads}, not {reads}; give another one")
    return found


def read_rows(content: bytes, name: str, columns: CsvMap) -> list[CsvRow]:
    """Returns every row of a file.

    Raises StandingInvalid where the file as a whole does not match the map.
    """
    where = f"file {name}"
    try:
        text = content.decode("utf-8-sig" if columns.encoding == "utf-8" else columns.encoding)
    except UnicodeDecodeError as error:
        raise StandingInvalid(
            f"{where}: is no {columns.encoding} text (byte {error.start}); say its encoding in the "
            "column map"
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=columns.delimiter, strict=True)
    with csv_faults(reader, where, StandingInvalid):
        heads = list(reader.fieldnames or ())
        _check_heads(heads, columns, where)
        return [_row(cells, reader.line_num, columns) for cells in reader if _says(cells)]


def _check_heads(heads: list[str], columns: CsvMap, where: str) -> None:
    for key, head in columns.columns.items():
        if heads.count(head) != 1:
            what = "is not there" if head not in heads else "stands there twice"
            known = ", ".join(map(repr, heads[:SHOWN])) or "none"
            more = ", ..." if len(heads) > SHOWN else ""
            raise StandingInvalid(
                f"{where}: column {head!r} for {key} {what}; the file has {known}{more}. Correct "
                "the column map, its delimiter, or the file"
            )


def _says(cells: Mapping[str | None, Any]) -> bool:
    return any(cell if not isinstance(cell, str) else cell.strip() for cell in cells.values())


def _row(cells: Mapping[str | None, Any], line: int, columns: CsvMap) -> CsvRow:
    place = f"line {line}"
    if None in cells or None in cells.values():
        return CsvRow(place=place, values={}, fault="does not have as many cells as the head")
    values: dict[str, Any] = {}
    for key, head in columns.columns.items():
        text = " ".join(str(cells[head]).split())
        if not text:
            continue
        try:
            for name, value in _values(key, text, columns):
                _put(values, name, value)
        except ValueError as error:
            return CsvRow(place=place, values=values, fault=f"{key} ({head}): {error}")
    missing = [key for key in (*NEEDED[columns.reads], *NAMES) if key not in values]
    fault = f"{missing[0]} is empty" if missing else ""
    return CsvRow(place=place, values=values, fault=fault)


def _values(key: str, text: str, columns: CsvMap) -> Iterator[tuple[str, Any]]:
    """Yields the values of a cell; raises ValueError saying what is wrong with it."""
    if fault := fault_of(text):
        raise ValueError(fault)
    if key == NAME:
        last, comma, first = text.partition(",")
        if not comma or not last.strip() or not first.strip():
            raise ValueError(f"{text!r} is not written as 'family name, first name'")
        yield from zip(NAMES, (last.strip(), first.strip()), strict=True)
    elif key.rpartition(".")[2] in DATE_KEYS:
        yield key, _day(text, columns.date_format)
    elif key == "time":
        yield key, _parsed(text, columns.time_format, "time").strftime("%H:%M")
    elif key == "diagnoses":
        yield key, text.replace("|", " ").replace(",", " ").split()
    else:
        yield key, text


def _day(text: str, form: str) -> date:
    return _parsed(text, form, "day").date()


def _parsed(text: str, form: str, what: str) -> datetime:
    try:
        return datetime.strptime(text, form)
    except ValueError as error:
        raise ValueError(f"{text!r} is no {what} in the form {form}") from error


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise ValueError("leads through a value of another column")
    values[last] = value
