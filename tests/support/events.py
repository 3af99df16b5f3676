"""Details of events for tests; what a test does not set is neutral."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any

from controller.event_details.codec import decode_fields, encode_fields
from controller.event_details.opening import OpeningOfSession, RecordedIdentity
from controller.event_details.table import CLASSES, EventDetail
from controller.events import EventKind, JsonValue
from controller.session.inputs_and_effects import Emit


def said(kind: EventKind, detail: Mapping[str, object]) -> EventDetail:
    """The class of a stored detail."""
    return decode_fields(CLASSES[kind], detail)


def example(kind: EventKind, **detail: JsonValue) -> EventDetail:
    """An event of a kind with neutral values except those in ``detail``."""
    return said(kind, complete(kind, detail))


def emitted(kind: EventKind, detail: Mapping[str, object]) -> Emit:
    """What the session logic emits for this stored detail."""
    return Emit(said(kind, detail))


def complete(kind: EventKind, detail: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """``detail`` with every other required key of its kind."""
    return _merged(encode_fields(_neutral(CLASSES[kind])), detail)


def complete_opening(detail: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The workstation's opening statement, with neutral values for what is not given."""
    return _merged(encode_fields(_neutral(OpeningOfSession)), detail)


def _merged(neutral: dict[str, JsonValue], detail: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return neutral | {key: _over(neutral.get(key), value) for key, value in detail.items()}


def _over(neutral: JsonValue, value: JsonValue) -> JsonValue:
    both = isinstance(neutral, dict) and isinstance(value, dict)
    return {**neutral, **value} if both else value  # type: ignore[dict-item]


def _neutral(wanted: Any) -> Any:
    return _made_neutral(wanted)


@cache
def _made_neutral(wanted: Any) -> Any:
    hints = typing.get_type_hints(wanted)
    required = [each.name for each in fields(wanted) if each.default is MISSING]
    values = {name: _value(hints[name]) for name in required}
    if wanted is OpeningOfSession:
        values |= {"identity_block": "", "capability_block": ""}
        values["identity"] = _neutral(RecordedIdentity)
    return wanted(**values)


def _value(wanted: Any) -> Any:
    if isinstance(wanted, types.UnionType):
        several = typing.get_args(wanted)
        return None if types.NoneType in several else _value(several[0])
    if is_dataclass(wanted):
        return _neutral(wanted)
    return next(iter(wanted)) if hasattr(wanted, "__members__") else _origin(wanted)()


def _origin(wanted: Any) -> Any:
    return typing.get_origin(wanted) or wanted
