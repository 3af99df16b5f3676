"""docs/reference/events.md and the classes of events name the same keys with the same types."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from controller.event_details.codec import Stored, StoredAs
from controller.event_details.table import CLASSES
from controller.events import EventKind

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
WHOLE = "whole number"
OF_TYPE = {int: WHOLE, bool: "true or false", tuple: "list of texts"}


def stored_fields(as_class: Any) -> Iterator[tuple[str, Any]]:
    """Every stored key of a class with its type, including those of its parts."""
    hints = typing.get_type_hints(as_class, include_extras=True)
    for each in fields(as_class):
        hint: Any = hints[each.name]
        marks: list[Any] = []
        if typing.get_origin(hint) is typing.Annotated:
            hint, *marks = typing.get_args(hint)
        wanted = _not_none(hint)
        if Stored.IN_PARTS in marks:
            yield from stored_fields(wanted)
        else:
            names = [mark.key for mark in marks if isinstance(mark, StoredAs)]
            yield (names or [each.name])[0], wanted


def _not_none(hint: Any) -> Any:
    if not isinstance(hint, types.UnionType):
        return hint
    return next(each for each in typing.get_args(hint) if each is not type(None))


def type_in_words(wanted: Any) -> str:
    origin = typing.get_origin(wanted) or wanted
    if origin in OF_TYPE:
        return OF_TYPE[origin]
    is_object = origin is Mapping or hasattr(wanted, "__dataclass_fields__")
    return "object" if is_object else "text"


def table_rows(text: str, heading: str) -> list[list[str]]:
    found = text.partition(heading)[2].partition("\n## ")[0]
    lines = [line for line in found.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def documented_keys(kind: EventKind) -> set[str]:
    row = table_rows(PAGE.read_text(encoding="utf-8"), "# Events of the journal")[kind - 1]
    outside = row[3]
    while "(" in outside:
        outside = re.sub(r"\([^()]*\)", "", outside)
    return set(re.findall(r"`(\w+)`", outside))


def documented_type(kind: EventKind, key: str) -> str:
    by_type = {
        row[0]: set(re.findall(r"`([\w.]+)`", row[1]))
        for row in table_rows(PAGE.read_text(encoding="utf-8"), "## Types")
    }
    endings = tuple(name for name in by_type[WHOLE] if name.startswith("_"))
    name = kind.name.lower()
    if key.endswith(endings) or {name, f"{name}.{key}"} & by_type[WHOLE]:
        return WHOLE
    return next((found for found, keys in by_type.items() if key in keys), "text")


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.name)
def test_keys_and_types_of_a_kind_are_those_of_its_page(kind: EventKind) -> None:
    stored = {key: type_in_words(wanted) for key, wanted in stored_fields(CLASSES[kind])}
    assert stored == {key: documented_type(kind, key) for key in documented_keys(kind)}


def test_the_keys_of_the_prescription_are_those_of_its_page() -> None:
    opening = dict(stored_fields(CLASSES[EventKind.SESSION_STARTED]))
    said = PAGE.read_text(encoding="utf-8").partition("- `prescription`: ")[2].partition("\n- ")[0]
    keys = set(re.findall(r"`(\w+)`", said))
    assert {key for key, _ in stored_fields(opening["prescription"])} == keys
