"""Receivers: the columns of their CSV, and their form of codes and X12. Validated data files."""

# No string annotations: pydantic would compile each of them when the program is loaded.
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from controller.errors import ReceiverInvalid
from records.checked_data import CheckedData, checked, parse_toml, read_kept_text
from records.claim.charge_line import COLUMNS
from records.claim.code_sets import dotted, plain

OWN = "own"
DIAGNOSES = frozenset({"dx1", "dx2", "dx3", "dx4"})
DATES = frozenset({"dos", "patient_birth_date"})
PATIENT_FIELDS = (
    "patient_last_name",
    "patient_first_name",
    "patient_middle_name",
    "patient_birth_date",
    "patient_sex",
    "patient_line_1",
    "patient_line_2",
    "patient_city",
    "patient_state",
    "patient_zip",
    "patient_phone",
    "payer_name",
    "payer_id",
    "member_id",
    "group_number",
)
FIELDS = (*COLUMNS, *PATIENT_FIELDS, "not_ready")
"""The possible content of a column: the charge line, the claim's patient, and the findings."""


class Column(CheckedData):
    """``fields`` joined by ``join``, without empty ones; ``spread`` separates the characters."""

    head: str = Field(min_length=1)
    fields: tuple[str, ...] = Field(min_length=1)
    join: str = " "
    spread: str = ""

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        for name in fields:
            if name not in FIELDS:
                raise ValueError(f"{name!r} is not one of {', '.join(FIELDS)}")
        return fields


X12Characters = Literal["basic", "extended"]
InterchangeQualifier = Literal["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"]


class Interchange(CheckedData):
    """A receiver's form of X12: its characters, and the names of both sides.

    ``name`` is the receiver's (NM1*40); empty: the payer's.
    """

    characters: X12Characters = "basic"
    name: str = ""
    sender_qualifier: InterchangeQualifier = "ZZ"
    receiver_qualifier: InterchangeQualifier = "ZZ"


class Receiver(CheckedData):
    """``importer``: the file goes into a program without a person reading it.

    ``needs`` are the fields without which the receiver refuses a row. ``diagnosis_dots``: its form
    of diagnoses in CSV and HL7 version 2. Without ``columns`` it takes no CSV.
    """

    name: str = Field(min_length=1)
    meaning: str
    source: str = Field(min_length=1)
    reviewed: date
    importer: bool
    needs: tuple[str, ...] = ()
    date_format: str = "%Y-%m-%d"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    diagnosis_dots: bool = True
    x12: Interchange = Interchange()
    columns: tuple[Column, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        heads = [column.head for column in self.columns]
        twice = {head for head in heads if heads.count(head) > 1}
        if twice:
            raise ValueError(f"column {min(twice)!r} stands twice")
        held = {name for column in self.columns for name in column.fields}
        if self.columns and "session_id" not in held:
            raise ValueError("no column holds session_id; every export names its session")
        unheld = set(self.needs) - held
        if unheld:
            raise ValueError(f"needs {min(unheld)!r}, but no column holds it")
        return self

    def shown(self, name: str, value: str) -> str:
        """Returns a field's text; dates and diagnoses in the receiver's own form."""
        if value and name in DATES:
            return datetime.fromisoformat(value).strftime(self.date_format)
        return self.diagnosis(value) if name in DIAGNOSES else value

    def diagnosis(self, code: str) -> str:
        """Returns a code with its dot or without, in the receiver's form."""
        return dotted(code) if self.diagnosis_dots else plain(code)


def load_receivers(own_dir: Path | None = None) -> dict[str, Receiver]:
    """Returns the shipped receivers and those of ``own_dir``; raises ReceiverInvalid.

    A file of the user replaces a shipped one of the same name.
    """
    return {name: read() for name, read in _readers(own_dir).items()}


def find_receiver(name: str, own_dir: Path) -> Receiver:
    """Returns a receiver by its name; raises ReceiverInvalid listing them. No other one is read.

    A file of the user replaces a shipped one of the same name.
    """
    readers = _readers(own_dir)
    if name not in readers:
        raise ReceiverInvalid(
            f"receiver={name!r} is not one of {', '.join(sorted(readers))}; put a map of your own "
            f"into {own_dir}"
        )
    return readers[name]()


def own_receiver() -> Receiver:
    """Returns the program's own receiver, or the user's replacement for it."""
    return _shipped_receiver(OWN)


def parse_receiver(text: str, file_name: str) -> Receiver:
    """Returns one map; raises ReceiverInvalid naming file, key and reason."""
    where = f"receiver {file_name}"
    receiver = checked(Receiver, parse_toml(text, where, ReceiverInvalid), where, ReceiverInvalid)
    if receiver.name != Path(file_name).stem:
        raise ReceiverInvalid(
            f"{where}: name={receiver.name!r} is not the file's name; rename one of them"
        )
    return receiver


def _readers(own_dir: Path | None) -> dict[str, Callable[[], Receiver]]:
    """Returns the reader of each receiver, by name; the user's replaces a shipped one."""
    shipped = sorted(
        file.name.removesuffix(".toml")
        for file in _shipped_folder().iterdir()
        if file.name.endswith(".toml")
    )
    own = sorted(own_dir.glob("*.toml")) if own_dir is not None else []
    return {
        **{name: partial(_shipped_receiver, name) for name in shipped},
        **{path.stem: partial(_users_receiver, path) for path in own},
    }


@cache
def _shipped_receiver(name: str) -> Receiver:
    file = _shipped_folder() / f"{name}.toml"
    return parse_receiver(file.read_text(encoding="utf-8"), file.name)


def _users_receiver(path: Path) -> Receiver:
    return parse_receiver(read_kept_text(path, "receiver", ReceiverInvalid), path.name)


def _shipped_folder() -> Traversable:
    return resources.files("records.exports.receivers")
