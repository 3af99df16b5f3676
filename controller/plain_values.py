"""Converts between frozen classes and the plain values of a message, strictly.

For messages between processes, where both ends are the same program: an unknown key, a missing one
and a value of another type are refused by name, as are NaN and infinity. (The journal is read by
``event_details.codec``, which has to accept what older programs wrote.)
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from reprlib import repr as shown
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")
Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

DECIMALS: Final = 3
"""Thousandths of a newton, a second or a millimetre are too small to be seen."""

_AS_THEY_ARE: Final = frozenset({NoneType, bool, int, str})
_UNCHANGED: Final = _AS_THEY_ARE | {float}
_LARGEST: Final = 2.0**53
"""From here on a float cannot represent every integer."""


class NotPlain(ValueError):
    """Raised for a value that messages cannot contain, or an invalid one; names it."""


def to_plain(value: object, where: str = "value") -> Plain:
    """Returns the plain form of ``value``; raises NotPlain for an invalid number."""
    if type(value) in _AS_THEY_ARE:
        return typing.cast("Plain", value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotPlain(f"{where} is {value}, which is not a number")
        return round(value, DECIMALS)
    if isinstance(value, Enum):
        return to_plain(value.value, where)
    if is_dataclass(value):
        # A snapshot has 40 fields and is sent in every tick; most of them need no call.
        items = _values(typing.cast("Any", type(value)))(value)
        return {
            name: item
            if (its_type := type(item)) in _AS_THEY_ARE
            else round(item, DECIMALS)
            if its_type is float and -_LARGEST < item < _LARGEST
            else to_plain(item, f"{where}.{name}")
            for name, item in zip(_types(typing.cast("Any", type(value))), items, strict=True)
        }
    if isinstance(value, tuple):
        return [to_plain(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | str):
        return value
    raise NotPlain(f"{where} is of the type {type(value).__name__}, which messages cannot contain")


def from_plain(as_class: type[T], plain: object, where: str = "value") -> T:
    """Returns the instance for the plain form ``plain``; raises NotPlain naming the key.

    A refusal by the class itself (``RequestRefused``) is raised unchanged.
    """
    if not isinstance(plain, dict):
        raise NotPlain(f"{where} is {shown(plain)}, not an object")
    types = _types(typing.cast("Any", as_class))
    if plain.keys() != types.keys():
        _refuse_keys(plain, types, where)
    taken = _taken_as_they_are(typing.cast("Any", as_class))
    return as_class(
        **{
            name: value
            if (its_type := type(value)) in taken[name]
            and (its_type is not float or -_LARGEST < typing.cast("float", value) < _LARGEST)
            else _typed(types[name], value, f"{where}.{name}")
            for name, value in plain.items()
        }
    )


def _refuse_keys(plain: Mapping[Any, object], types: Mapping[str, Any], where: str) -> None:
    for key in plain:
        if key not in types:
            raise NotPlain(f"{where} has the unknown key {shown(key)}")
    for name in types:
        if name not in plain:
            raise NotPlain(f"{where} lacks the key {name!r}")


def _typed(wanted: Any, value: object, where: str) -> object:
    """Returns ``value`` as the type ``wanted``."""
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return _member(wanted, value, where)
    if isinstance(wanted, UnionType):
        rest = [each for each in typing.get_args(wanted) if each is not NoneType]
        return None if value is None else _typed(rest[0], value, where)
    if is_dataclass(wanted):
        return from_plain(typing.cast("type[object]", wanted), value, where)
    if typing.get_origin(wanted) is tuple and isinstance(value, list):
        item_type = typing.get_args(wanted)[0]
        return tuple(
            _typed(item_type, item, f"{where}[{place}]") for place, item in enumerate(value)
        )
    if _is_plain(wanted, value):
        return float(typing.cast("float", value)) if wanted is float else value
    raise NotPlain(f"{where} is {shown(value)}, not {getattr(wanted, '__name__', wanted)}")


def _is_plain(wanted: Any, value: object) -> bool:
    """True for a value of the type; true and false are not numbers, nor is NaN."""
    if isinstance(value, bool):
        return wanted is bool
    if wanted is float:
        # A whole number may be too large for a float.
        return isinstance(value, int | float) and -_LARGEST < value < _LARGEST
    return wanted in (int, str) and isinstance(value, wanted)


def _member(wanted: type[Enum], value: object, where: str) -> Enum:
    member = _members(wanted).get((type(value), value)) if isinstance(value, Hashable) else None
    if member is None:
        raise NotPlain(f"{where} is {shown(value)}, not one of {wanted.__name__}")
    return member


@cache
def _members(wanted: type[Enum]) -> dict[tuple[type, Hashable], Enum]:
    """Returns members by value and type: True == 1 and 1.0 == 1, but only the same type counts."""
    return {(type(member.value), member.value): member for member in wanted}


@cache
def _values(as_class: Any) -> Callable[[object], tuple[Any, ...]]:
    """Returns a function that reads the fields of an instance in one call."""
    names = [each.name for each in fields(as_class)]
    if len(names) < 2:  # an attrgetter of one name does not return a tuple
        return lambda value: tuple(getattr(value, name) for name in names)
    return attrgetter(*names)


@cache
def _taken_as_they_are(as_class: Any) -> dict[str, frozenset[type]]:
    """Returns the types whose values a field takes unchanged; numbers may still be too large."""
    return {
        name: _UNCHANGED.intersection(
            typing.get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
        )
        for name, wanted in _types(as_class).items()
    }


@cache
def _types(as_class: Any) -> dict[str, Any]:
    """Returns the fields of a class and their types, resolved once."""
    hints = typing.get_type_hints(as_class)
    return {each.name: hints[each.name] for each in fields(as_class)}
