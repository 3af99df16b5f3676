"""The published schemas of JSON against the classes that the commands print.

Examples alone made some of them too narrow (null where there was no example) and some too wide.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from controller.order.force_unit import ForceUnit
from controller.order.planner import SessionTimes
from controller.order.prescription import Mode, Region, Table
from records.claim.fees import FeeRow
from records.claim.rules.payer_profile import PayerProfile
from records.clinic.audit import Access
from records.clinic.chain_check import ClinicAlteration
from records.clinic.clinic_verify import ClinicVerification
from records.evidence.clock_steps import ClockStep
from records.evidence.session_check import Alteration
from records.keeping.backup import BackupReport
from records.keeping.backup_check import BackupFinding
from records.keeping.legal_hold import Hold
from records.keeping.repack import Repacked
from records.keeping.restore import RestoreReport
from records.keeping.retention import Retained
from records.visit.worklist import VisitState
from tests.support.json_schemas import SCHEMAS
from workstation.backups import BackupStatus

PRINTED: Mapping[tuple[str, str], type] = {
    ("audit", "accesses/[]"): Access,
    ("backup", ""): BackupReport,
    ("backup", "findings/[]"): BackupFinding,
    ("backup-proof", ""): RestoreReport,
    ("backup-proof", "findings/[]"): BackupFinding,
    ("backup-status", ""): BackupStatus,
    ("estimate", "row"): FeeRow,
    ("hold", "holds/[]"): Hold,
    ("order-check", "times"): SessionTimes,
    ("payers", "payers/{}"): PayerProfile,
    ("repack", ""): Repacked,
    ("restore", ""): RestoreReport,
    ("restore", "findings/[]"): BackupFinding,
    ("retention", "sessions/[]"): Retained,
    ("verify", "alterations/[]"): Alteration,
    ("verify", "clinic"): ClinicVerification,
    ("verify", "clinic/alterations/[]"): ClinicAlteration,
    ("verify", "clock_steps/[]"): ClockStep,
    ("verify-bundle", "alterations/[]"): Alteration,
}
"""Where a command prints the fields of a class as they are."""
ONE_OF: Mapping[tuple[str, str], type[Enum]] = {
    ("order-check", "region"): Region,
    ("order-check", "mode"): Mode,
    ("order-check", "table"): Table,
    ("today", "visits/[]/state"): VisitState,
    ("where", "force_unit"): ForceUnit,
}
"""Where it prints one of the values of an enumeration."""
BY_KIND = {"standing/record", "standing-list/records/[]/record", "standing-import/kept/[]/record"}
"""Objects whose keys are those of a kind of record (docs/reference/standing-data.md)."""
Schema = dict[str, Any]


def schema_of(name: str) -> Schema:
    found: Schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return found


def at(name: str, path: str) -> Schema:
    """The part of a schema; [] leads into the items of a list, {} into any key of an object."""
    found = schema_of(name)
    for step in filter(None, path.split("/")):
        if step == "[]":
            found = found["items"]
        elif step == "{}":
            found = found["additionalProperties"]
        else:
            found = found["properties"][step]
    return found


def json_types(annotation: Any) -> set[str]:
    """The JSON types of a value of a Python type."""
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return json_types(inside[0])
    if origin in (types.UnionType, typing.Union):
        return set[str]().union(*map(json_types, inside))
    if origin is typing.Literal:
        return set[str]().union(*(json_types(type(value)) for value in inside))
    known = {bool: "boolean", int: "integer", float: "number", str: "string"}
    known[types.NoneType] = "null"
    plain = origin or annotation
    if plain in known:
        return {known[plain]}
    if is_dataclass(plain) or issubclass(plain, Mapping | BaseModel):
        return {"object"}
    if issubclass(plain, Sequence | set | frozenset) and not issubclass(plain, str):
        return {"array"}
    return {"string"}


def annotations_of(printed: type) -> dict[str, Any]:
    """Each field with its type; computed fields are not printed."""
    hints = typing.get_type_hints(printed, include_extras=True)
    if issubclass(printed, BaseModel):
        return {name: hints[name] for name in printed.model_fields}
    assert is_dataclass(printed)
    return {each.name: hints[each.name] for each in fields(printed)}


def said_types(schema: Schema) -> set[str]:
    if "const" in schema or "enum" in schema:
        return set[str]().union(
            *(json_types(type(value)) for value in schema.get("enum", [schema.get("const")]))
        )
    if "$ref" in schema:
        return {"object"}
    if "anyOf" in schema:
        return set[str]().union(*map(said_types, schema["anyOf"]))
    said = schema.get("type", [])
    return {said} if isinstance(said, str) else set(said)


@pytest.mark.parametrize(("name", "path"), PRINTED)
def test_a_schema_says_the_types_of_the_class_and_no_others(name: str, path: str) -> None:
    schema = at(name, path)
    wanted = annotations_of(PRINTED[name, path])
    assert wanted.keys() <= schema["properties"].keys()
    assert wanted.keys() <= set(schema["required"])
    said = {key: said_types(schema["properties"][key]) for key in wanted}
    assert said == {key: json_types(annotation) for key, annotation in wanted.items()}


@pytest.mark.parametrize(("name", "path"), ONE_OF)
def test_a_value_of_an_enumeration_is_one_of_it(name: str, path: str) -> None:
    assert set(at(name, path)["enum"]) - {None} == {each.value for each in ONE_OF[name, path]}


def loose(schema: Schema, where: str) -> Iterator[str]:
    """Places where any value would be valid."""
    if "$ref" in schema:
        return
    if not {"type", "enum", "const", "anyOf", "oneOf"} & schema.keys():
        yield f"{where}: no type"
    kind = said_types(schema)
    if "object" in kind and "anyOf" not in schema:
        closed = schema.get("additionalProperties", True)
        if closed is True and where not in BY_KIND:
            yield f"{where}: any key"
        for key in schema.get("properties", {}).keys() - set(schema.get("required", [])):
            yield f"{where}/{key}: never required"
    if "array" in kind and "anyOf" not in schema and "items" not in schema:
        yield f"{where}: a list of anything"
    if kind == {"null"} and where.rpartition("/")[2] != "|":
        yield f"{where}: nothing but null"
    for key, part in schema.get("properties", {}).items():
        yield from loose(part, f"{where}/{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from loose(schema[key], f"{where}/{'[]' if key == 'items' else '{}'}")
    for key in ("anyOf", "oneOf"):
        for part in schema.get(key, []):
            yield from loose(part, f"{where}/|")


@pytest.mark.parametrize("name", sorted(p.name.partition(".")[0] for p in SCHEMAS.glob("*.json")))
def test_no_schema_lets_anything_pass(name: str) -> None:
    schema = schema_of(name)
    parts = {name: schema, **schema.get("$defs", {})}
    assert [line for where, part in parts.items() for line in loose(part, where)] == []
