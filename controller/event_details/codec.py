"""Converts between a frozen class of integers and text and its JSON object in the journal.

A field's stored key is its name unless its annotation says otherwise. A key missing in older
records gets the field's default; keys that the class does not name are ignored. Numbers are never
converted: the unit is in the field's name, as it is in the record.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar

from controller.events import JsonValue

T = TypeVar("T")

VERSION: Final = 1
"""Version of every detail that this program writes."""


class DetailUnreadable(ValueError):
    """A stored detail does not fit its class; the text names key and value."""


@dataclass(frozen=True, slots=True)
class StoredAs:
    """Annotates a field whose stored key differs from its name."""

    key: str


class Stored(Enum):
    """Annotates a field that is not stored under a key of its own."""

    UNLESS_NONE = "the key stands only where there is something to say"
    IN_PARTS = "the field's own fields stand directly in the detail, none of them where it is None"


@dataclass(frozen=True, slots=True)
class _Described:
    """A field as it is stored; ``wanted`` is its type.

    A value of one of the classes ``as_they_are`` is used unchanged, which is the usual case; a note
    reads thousands.
    """

    name: str
    key: str
    wanted: Any
    as_they_are: frozenset[type]
    in_parts: bool
    unless_none: bool
    required: bool


def encode_fields(value: object) -> dict[str, JsonValue]:
    """Returns the JSON object of a dataclass made for this module."""
    stored: dict[str, JsonValue] = {}
    for each in _described(typing.cast("Any", type(value))):
        held = getattr(value, each.name)
        if each.in_parts:
            stored |= {} if held is None else encode_fields(held)
        elif held is not None or not each.unless_none:
            stored[each.key] = _encoded(held)
    return stored


def decode_fields(as_class: type[T], stored: object, where: str = "detail") -> T:
    """Returns the instance for a JSON object; raises DetailUnreadable."""
    if not isinstance(stored, Mapping):
        raise DetailUnreadable(f"{where} is {stored!r:.60}, not an object")
    return as_class(**dict(_decoded_fields(as_class, stored, where)))


def _decoded_fields(
    as_class: type, stored: Mapping[str, object], where: str
) -> Iterator[tuple[str, object]]:
    for each in _described(as_class):
        if each.in_parts:
            yield each.name, _decoded_part(each.wanted, stored, where)
        elif each.key in stored:
            value = stored[each.key]
            if type(value) not in each.as_they_are:
                value = _decoded(each.wanted, value, f"{where}.{each.key}")
            yield each.name, value
        elif each.required:
            raise DetailUnreadable(f"{where} has no {each.key!r}")


def _decoded_part(wanted: Any, stored: Mapping[str, object], where: str) -> object:
    if not isinstance(wanted, UnionType):
        return decode_fields(wanted, stored, where)
    as_class = _not_none(wanted)
    there = any(each.key in stored for each in _described(as_class))
    return decode_fields(as_class, stored, where) if there else None


def _encoded(held: object) -> JsonValue:
    if isinstance(held, Enum):
        return _encoded(held.value)
    if is_dataclass(held):
        return encode_fields(held)
    if isinstance(held, Mapping):
        return {key: _encoded(value) for key, value in held.items()}
    if isinstance(held, tuple):
        return [_encoded(item) for item in held]
    return typing.cast("JsonValue", held)


def _decoded(wanted: Any, value: object, where: str) -> object:
    """Returns ``value`` as the type ``wanted``."""
    if wanted is object:
        return value
    if isinstance(wanted, UnionType):
        return _decoded_choice(wanted, value, where)
    if is_dataclass(wanted):
        return decode_fields(typing.cast("type[object]", wanted), value, where)
    origin = typing.get_origin(wanted)
    if origin is tuple and isinstance(value, list):
        item_type = typing.get_args(wanted)[0]
        return tuple(_decoded(item_type, item, where) for item in value)
    if origin is Mapping and isinstance(value, Mapping):
        item_type = typing.get_args(wanted)[1]
        return {key: _decoded(item_type, item, f"{where}.{key}") for key, item in value.items()}
    if wanted in (int, str, bool) and _is_plain(value, wanted):
        return value
    raise DetailUnreadable(f"{where} is {value!r:.60}, not {_words(wanted)}")


def _is_plain(value: object, wanted: type) -> bool:
    """True for a value of the type; true and false are not numbers."""
    return isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)


def _decoded_choice(wanted: UnionType, value: object, where: str) -> object:
    """Returns one of a value and None, or of a known word and any other text."""
    choices = typing.get_args(wanted)
    if type(None) in choices:
        return None if value is None else _decoded(_not_none(wanted), value, where)
    known, other = choices
    text = _decoded(other, value, where)
    return known(text) if text in set(known) else text


def _not_none(wanted: UnionType) -> Any:
    return next(each for each in typing.get_args(wanted) if each is not type(None))


def _words(wanted: Any) -> str:
    return getattr(wanted, "__name__", str(wanted))


@cache
def _described(as_class: Any) -> tuple[_Described, ...]:
    hints = typing.get_type_hints(as_class, include_extras=True)
    return tuple(_description(each, hints[each.name]) for each in fields(as_class))


def _description(each: Field[Any], hint: Any) -> _Described:
    annotated = typing.get_origin(hint) is typing.Annotated
    wanted, *marks = typing.get_args(hint) if annotated else (hint,)
    names = [mark.key for mark in marks if isinstance(mark, StoredAs)]
    return _Described(
        name=each.name,
        key=names[0] if names else each.name,
        wanted=wanted,
        as_they_are=_as_they_are(wanted),
        in_parts=Stored.IN_PARTS in marks,
        unless_none=Stored.UNLESS_NONE in marks,
        required=each.default is MISSING,
    )


def _as_they_are(wanted: Any) -> frozenset[type]:
    choices = typing.get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    if any(isinstance(one, type) and issubclass(one, Enum) for one in choices):
        return frozenset()  # a text may be a known word
    return frozenset(one for one in choices if one in (int, str, bool, type(None)))
