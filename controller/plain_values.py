"""Between frozen classes and the plain values of a message: every key is known, every number one.

For what travels between processes, where both ends are the same program: an unknown key, one that
is missing and a value of another type are refused by name, as are NaN and infinity. (What the
journal keeps is read by ``event_details.codec``, which has to take what older programs wrote.)
"""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from reprlib import repr as shown
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")
Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

DECIMALS: Final = 3
"""Thousandths of a newton, a second or a millimetre are below what anybody can see."""

_AS_THEY_ARE: Final = (NoneType, bool, int, str)
_LARGEST: Final = 2.0**53
"""From here on a float is no longer every whole number."""


class NotPlain(ValueError):
    """A value that no message may carry, or one that is not what it should be; says which."""


def to_plain(value: object, where: str = "value") -> Plain:
    """What a message carries of ``value``; raises NotPlain for a number that is none."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotPlain(f"{where} is {value}, which is no number")
        return round(value, DECIMALS)
    if isinstance(value, Enum):
        return to_plain(value.value, where)
    if is_dataclass(value):
        # A snapshot has 40 fields and is sent at every tick: most of them need no call.
        return {
            name: item if type(item) in _AS_THEY_ARE else to_plain(item, f"{where}.{name}")
            for name in _types(typing.cast("Any", type(value)))
            for item in (getattr(value, name),)
        }
    if isinstance(value, tuple):
        return [to_plain(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | str):
        return value
    raise NotPlain(f"{where} is of the type {type(value).__name__}, which no message carries")


def from_plain(as_class: type[T], plain: object, where: str = "value") -> T:
    """The instance that ``plain`` stands for; raises NotPlain naming the key.

    What the class itself refuses (``RequestRefused``) is raised as it is.
    """
    if not isinstance(plain, Mapping):
        raise NotPlain(f"{where} is {shown(plain)}, not an object")
    types = _types(typing.cast("Any", as_class))
    for key in plain:
        if key not in types:
            raise NotPlain(f"{where} has the unknown key {shown(key)}")
    for name in types:
        if name not in plain:
            raise NotPlain(f"{where} lacks the key {name!r}")
    return as_class(
        **{name: _typed(wanted, plain[name], f"{where}.{name}") for name, wanted in types.items()}
    )


def _typed(wanted: Any, value: object, where: str) -> object:
    """``value`` as the type ``wanted``."""
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
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return _member(wanted, value, where)
    if _is_plain(wanted, value):
        return float(typing.cast("float", value)) if wanted is float else value
    raise NotPlain(f"{where} is {shown(value)}, not {getattr(wanted, '__name__', wanted)}")


def _is_plain(wanted: Any, value: object) -> bool:
    """True for a value of the type; true and false are no numbers, and NaN is none."""
    if isinstance(value, bool):
        return wanted is bool
    if wanted is float:
        # A whole number may be too large for a float.
        return isinstance(value, int | float) and -_LARGEST < value < _LARGEST
    return wanted in (int, str) and isinstance(value, wanted)


def _member(wanted: type[Enum], value: object, where: str) -> Enum:
    # True == 1 and 1.0 == 1: only a value of the same type names a member.
    for member in wanted:
        if member.value == value and type(member.value) is type(value):
            return member
    raise NotPlain(f"{where} is {shown(value)}, not one of {wanted.__name__}")


@cache
def _types(as_class: Any) -> dict[str, Any]:
    """The fields of a class and their types, resolved once."""
    hints = typing.get_type_hints(as_class)
    return {each.name: hints[each.name] for each in fields(as_class)}
