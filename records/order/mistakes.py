"""The mistakes of an order, in the words and units in which it was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from controller.errors import OrderFault, PrescriptionInvalid
from controller.words import TEXT_CHARACTERS, one_line
from records.order.quantities import scale_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_OWN_UNITS = frozenset({"N", "N/s", "s", "kg"})


def refusal(name: str, mistakes: Iterable[str]) -> PrescriptionInvalid:
    """Returns all mistakes of the named order, as one error."""
    every = tuple(one_line(mistake) for mistake in dict.fromkeys(mistakes))
    if len(every) == 1:
        return PrescriptionInvalid(f"order {name}: {every[0]}", mistakes=every)
    listed = " ".join(f"{number}. {text}." for number, text in enumerate(every, start=1))
    return PrescriptionInvalid(f"order {name}: {len(every)} mistakes: {listed}", mistakes=every)


def in_words(fault: OrderFault, as_entered: Mapping[str, str], body_mass_kg: float | None) -> str:
    """Returns a broken rule with the value as it was written, and the bounds in its unit."""
    text = as_entered.get(fault.key)
    own_unit = fault.value.rpartition(" ")[2]
    if text is None:
        return _not_written(fault, own_unit)
    scale = scale_of(text, own_unit, body_mass_kg)
    if scale.size == 1.0:
        return f'{fault.key}="{text}" {fault.what}'
    what, bounds = fault.what, fault.bounds
    if bounds is not None:
        own = f"{bounds.low:g} to {bounds.high:g} {bounds.unit}"
        what = f"is outside {scale.shown(bounds)} ({own}; {bounds.whose}); correct the order"
    return f'{fault.key}="{text}" ({fault.value}) {what}'


def _not_written(fault: OrderFault, own_unit: str) -> str:
    """Returns a value that nobody wrote: a default, or a number of steps."""
    if own_unit not in _OWN_UNITS:
        return fault.text
    if fault.bounds is not None and fault.value.startswith("0 "):
        return f"key {fault.key} is missing; add it: {fault.bounds}"
    return f"{fault.key}={fault.value}, which holds where the order does not say it, {fault.what}"


def misread(
    details: Sequence[ErrorDetails], keys: tuple[str, ...]
) -> tuple[list[str], frozenset[str]]:
    """Returns why the shape of the file is refused, and every key that cannot be judged then.

    A misspelt key is not reported as missing as well.
    """
    found: dict[str, str] = {}
    meant: set[str] = set()
    for one in details:
        key = str(one["loc"][0])
        found.setdefault(key, _sentence(one, key, keys))
        if one["type"] == "extra_forbidden":
            meant.update(get_close_matches(key, keys, n=1))
    missing = {str(one["loc"][0]) for one in details if one["type"] == "missing"}
    said = [text for key, text in found.items() if key not in meant & missing]
    return said, frozenset({*found, *meant})


def _sentence(one: ErrorDetails, key: str, keys: tuple[str, ...]) -> str:
    value: Any = one["input"]
    if one["type"] == "extra_forbidden":
        near = get_close_matches(key, keys, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
        return f"key {key} is not known; {hint}"
    if one["type"] == "missing":
        return f"key {key} is missing; add it (`traction order new` prints every key)"
    if one["type"] == "string_too_long":
        return f"{key} has {len(value)} characters, at most {TEXT_CHARACTERS}; shorten it"
    if one["type"] == "int_type":
        return f"{key}={value!r} must be a whole number without quotes, as in {key} = 3"
    if one["type"] == "string_type":
        return f'{key}={value!r} must be text in quotes with its unit, as in "20 N" or "15 min"'
    if one["type"] == "list_type":
        return f'{key}={value!r} must be a list, as in {key} = ["M54.2"]'
    return f"{key}: {one['msg']}; correct it"
