"""Files that people write: read once, checked completely, refused with file, key and next step."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any, Protocol, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from controller.errors import TractionError
from controller.words import fault_of, texts_in
from records.store.plain_files import open_plain
from records.toml_text import toml_of

_BARE = re.compile("[A-Za-z0-9_-]+")
"""A key that needs no quotes in TOML."""


class CheckedData(BaseModel):
    """A part of a checked file: no unknown key, nothing changed afterwards.

    Its checks are built at first use: most commands use few of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Model = TypeVar("Model", bound=BaseModel)


class CsvReader(Protocol):
    """A reader of the standard library, by rows or by columns."""

    @property
    def line_num(self) -> int:
        """Returns how many lines it has read."""


def read_text(path: Path, what: str, refused: type[TractionError]) -> str:
    """Returns the text of a file that a person names.

    Raises ``refused``, naming it and the reason.
    """
    return _text_of(lambda: path.open("rb"), path, what, refused)


def read_kept_text(path: Path, what: str, refused: type[TractionError]) -> str:
    """Returns the text of a file among the records.

    Raises ``refused`` like ``read_text``.

    Anything but a regular file is refused, so that nothing blocks at a named pipe.
    """
    return _text_of(lambda: open_plain(path), path, what, refused)


def _text_of(
    opened: Callable[[], BufferedReader], path: Path, what: str, refused: type[TractionError]
) -> str:
    try:
        # utf-8-sig: spreadsheets put a mark before the first column's name.
        with TextIOWrapper(opened(), encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise refused(
            f"{what} {path} cannot be read ({reason}); check its name and form"
        ) from error


@contextmanager
def csv_faults(reader: CsvReader, where: str, refused: type[TractionError]) -> Iterator[None]:
    """Turn errors of a CSV reader into ``refused``, naming file, line and reason."""
    try:
        yield
    except csv.Error as error:
        raise refused(
            f"{where}: not valid CSV at line {reader.line_num} ({error}); correct it"
        ) from error


def parse_toml(text: str, where: str, refused: type[TractionError]) -> dict[str, Any]:
    """Returns TOML with exact decimals; raises ``refused``. Messages name the file ``where``."""
    try:
        return toml_of(text, Decimal)
    except ValueError as error:
        raise refused(f"{where}: not valid TOML ({error}); correct it") from error


def checked(model: type[Model], data: Any, where: str, refused: type[TractionError]) -> Model:
    """Returns ``data`` as a ``model``; raises ``refused`` naming file, key, value and next step.

    Hidden and control characters are refused in every key and text, known or not.
    """
    for key, text in texts_in(data):
        if fault := fault_of(text, len(text)):
            raise refused(f"{where}: {key} {fault}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise refused(f"{where}: {fault_in_words(error, model)}") from error


def toml_value(value: Any) -> str:
    """Returns a value as TOML; a text as JSON writes it, which TOML reads too. Never a float."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def toml_document(document: Mapping[str, Any], inside: str = "") -> str:
    """Returns a document as TOML that reads back equal; None values are left out.

    Plain values come first, then tables and lists of tables, whose names begin with ``inside``.
    """
    plain, tables = list[str](), list[str]()
    for key, value in document.items():
        own = key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
        name = f"{inside}.{own}" if inside else own
        if isinstance(value, Mapping):
            tables.append(f"\n[{name}]\n{toml_document(value, name)}")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            tables += [f"\n[[{name}]]\n{toml_document(each, name)}" for each in value]
        elif value is not None:
            plain.append(f"{own} = {toml_value(value)}\n")
    return "".join((*plain, *tables))


def digest_of(text: str) -> str:
    """Returns the SHA-256 (hex) of a file's text, which a finding or a field cites."""
    return hashlib.sha256(text.encode()).hexdigest()


def fault_in_words(error: ValidationError, model: type[BaseModel]) -> str:
    """Returns one fault: key, value, what is wrong and what to do. Lists are counted from 1.

    An unknown key comes first: usually it is the misspelt form of one that is then missing.
    """
    faults = error.errors()
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    place = fault["loc"]
    key = ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)
    if fault["type"] == "extra_forbidden":
        known = list(_keys_at(model, place[:-1]))
        near = get_close_matches(str(place[-1]), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return f"key {key} is not known; {hint}"
    if fault["type"] == "missing":
        return f"key {key} is missing; add it"
    if fault["type"] == "string_too_short" and not fault["input"]:
        return f"{key} is empty; write it"
    said = fault["msg"].removeprefix("Value error, ")
    if isinstance(fault["input"], dict | list | tuple) or not key:
        return f"{f'key {key}: ' if key else ''}{_with_way_out(said)}"
    return f"{key}={fault['input']!r}: {_with_way_out(said)}"


def _with_way_out(said: str) -> str:
    """Returns what is wrong and what to do; some checks add that themselves after a semicolon."""
    return said if "; " in said else f"{said}; correct it"


def _keys_at(model: type[BaseModel], place: Sequence[int | str]) -> Iterator[str]:
    """Returns the known keys at ``place``."""
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models_in(model.model_fields[part].annotation), model)
    yield from model.model_fields


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def known_zone(name: str) -> str:
    """Returns the name of a time zone, or ""; raises ValueError for anything else."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not an IANA time zone such as America/Chicago") from error
    return name
