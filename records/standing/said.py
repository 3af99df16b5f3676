"""Makes a standing record of keys with texts, based on what is on file.

A command's arguments and a page's form have the same form: a dotted path of keys, each with a text.
None removes a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from controller.errors import RequestRefused
from records.standing.files import record_of
from records.standing.fit import plan_ran_out
from records.standing.kinds import KINDS, PatientRecord, require_name
from records.standing.payers import payer_not_in_use
from records.standing.shipped import shipped_table
from records.standing.versions import StandingData, StandingVersion, label, record_json
from records.standing.write import StandingChange, namesakes


def added(kind: str, name: str, said: Mapping[str, Any], reason: str = "") -> StandingChange:
    """Returns a new record; raises StandingInvalid."""
    called = KINDS[kind].called
    table = (shipped_table(name) if kind == "preset" else None) or {}
    table = merged(table, {**({called: name} if called else {}), **said})
    return StandingChange(record=record_of(kind, table, label(kind, name)), reason=reason)


def changed(
    held: StandingData, kind: str, name: str, said: Mapping[str, Any], why: tuple[int | None, str]
) -> StandingChange:
    """Returns a change of a record, made from a version (None: the newest) for a reason.

    Raises RecordNotFound, StandingInvalid, and RequestRefused for an empty change.
    """
    version, reason = why
    found = held.found(kind, name)
    if not said:
        raise RequestRefused("nothing to change; say which key gets which value, as in key=value")
    record = record_of(kind, merged(record_json(found.record), said), label(kind, name))
    require_name(kind, record, found.name)
    made_from = found.number if version is None else version
    return StandingChange(record=record, made_from=made_from, reason=reason)


def merged(table: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Returns ``table`` with the given values; None removes a key."""
    made = dict(table)
    for key, value in said.items():
        old = made.get(key)
        if isinstance(value, dict):
            made[key] = merged(old if isinstance(old, dict) else {}, value)
        elif value is None:
            made.pop(key, None)
        else:
            made[key] = value
    return made


def remarks(version: StandingVersion[Any], held: StandingData, day: date) -> Iterator[str]:
    """Yields what a person should look at in a record, without refusing it."""
    record = version.record
    if not isinstance(record, PatientRecord):
        return
    for reference in namesakes(held, record):
        yield (
            f"patient {reference} has the same names and day of birth as {version.name}: if it is "
            "the same person, use one reference only"
        )
    if text := plan_ran_out(record, day):
        yield text
    if text := payer_not_in_use(record, held):
        yield text
