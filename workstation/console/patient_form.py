"""The form of a patient's record: a field for every key that a person types, made from the record.

A field has the dotted path of its key as name, as `traction patients change` takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from records.standing.kinds import PatientRecord
from records.standing.versions import record_json

NOT_TYPED: Final = ("reference", "flags", "other_payer.adjudication")
"""The reference never changes, flags have their own forms, a payer's answer comes from a file."""
WORDS: Final = {
    "npi": "NPI",
    "tin": "TIN",
    "tin_kind": "Kind of TIN",
    "zip": "ZIP code",
    "payer_id": "Payer ID",
    "plan": "Plan of care",
    "force_cap": "Most that may be ordered",
    "referring": "Referring physician",
    "threshold_check": "Therapy threshold",
    "sex": "Sex",
    "in_use": "Still treated here",
    "kind": "Kind of payer",
    "profile": "Payer profile",
    "cpt_codes": "CPT codes",
}
DAY_HINT: Final = "YYYY-MM-DD"
LIST_HINT: Final = "several with a comma between them"
FORCE_HINT: Final = 'with its unit, such as "60 N" or "15 lbf"'
YES_NO: Final = (("", "not said"), ("true", "yes"), ("false", "no"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field. ``choices`` are value and words; none for a field that is typed."""

    key: str
    label: str
    hint: str = ""
    is_list: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FormGroup:
    """Fields of one table of the record; ``key`` is "" for the record itself."""

    key: str
    label: str
    fields: tuple[FormField, ...]

    def is_typed(self, typed: Mapping[str, str]) -> bool:
        """Returns whether anything is entered in it: it is shown open then."""
        return any(typed.get(each.key) for each in self.fields)


@cache
def patient_groups() -> tuple[FormGroup, ...]:
    """All groups of a patient's form: the record's own fields first, then its tables."""
    return tuple(_groups(PatientRecord, "", "Patient"))


def values_of(record: PatientRecord) -> dict[str, str]:
    """Returns a record as the form shows it."""
    return dict(_flat(record_json(record), ""))


def said_in(typed: Mapping[str, str]) -> dict[str, Any]:
    """Returns what the form says, as a record's keys; None removes a key or a table.

    A field that was not sent changes nothing.
    """
    said: dict[str, Any] = {}
    for group in patient_groups():
        sent = {
            each.key: _value(each, typed[each.key]) for each in group.fields if each.key in typed
        }
        if sent and all(value is None for value in sent.values()) and group.key:
            _put(said, group.key, None)
            continue
        for key, value in sent.items():
            _put(said, key, value)
    return said


def _groups(model: type[BaseModel], key: str, name: str) -> Iterator[FormGroup]:
    fields, tables = [], []
    for own, info in model.model_fields.items():
        path = f"{key}.{own}" if key else own
        if path in NOT_TYPED:
            continue
        kinds = tuple(_kinds(info.annotation))
        table = next(
            (each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel)), None
        )
        if table is None:
            fields.append(_field(path, own, kinds, is_list=_is_list(info.annotation)))
        else:
            tables.append((table, path, f"{name}: {_words(own)}" if key else _words(own)))
    yield FormGroup(key=key, label=name, fields=tuple(fields))
    for table, path, label in tables:
        yield from _groups(table, path, label)


def _field(path: str, own: str, kinds: tuple[Any, ...], *, is_list: bool) -> FormField:
    literals = tuple(each for each in kinds if isinstance(each, str))
    if bool in kinds:
        return FormField(key=path, label=_words(own), choices=YES_NO)
    if literals and not is_list:
        choices = (("", "not said"), *((each, each.replace("_", " ")) for each in literals))
        return FormField(key=path, label=_words(own), choices=choices)
    hint = DAY_HINT if date in kinds else ""
    if is_list:
        hint = f"{', '.join(literals)}; {LIST_HINT}" if literals else LIST_HINT
    if path.startswith("force_cap."):
        hint = FORCE_HINT
    return FormField(key=path, label=_words(own), hint=hint, is_list=is_list)


def _kinds(annotation: Any) -> Iterator[Any]:
    """Returns types and literal texts that an annotation is made of."""
    origin = get_origin(annotation)
    if origin is Literal:
        yield from get_args(annotation)
    elif origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType, tuple):
        for each in get_args(annotation):
            yield from _kinds(each)
    elif annotation not in (NoneType, Ellipsis):
        yield annotation


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_list(get_args(annotation)[0])
    return get_origin(annotation) is tuple


def _words(key: str) -> str:
    text = key.replace("_", " ")
    return WORDS.get(key, text[:1].upper() + text[1:])


def _flat(table: Mapping[str, Any], inside: str) -> Iterator[tuple[str, str]]:
    for own, value in table.items():
        key = f"{inside}{own}"
        if key in NOT_TYPED:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, list):
            yield key, ", ".join(map(str, value))
        elif isinstance(value, bool):
            yield key, "true" if value else "false"
        else:
            yield key, str(value)


def _value(field: FormField, text: str) -> Any:
    if not text:
        return None
    if field.is_list:
        return [each.strip() for each in text.split(",") if each.strip()]
    return text


def _put(said: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    place = said
    for table in tables:
        if place.get(table, {}) is None:
            if value is None:
                return
            place[table] = {}
        place = place.setdefault(table, {})
    place[last] = value
