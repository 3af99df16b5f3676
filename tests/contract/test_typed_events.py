"""An event's detail is written and read by its class: no other place names a key of one.

The clinic's chain has details of its own (``Entry``), of other kinds; its readers are named here
and may not use a session's events.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

import pytest

from tools.parsed_sources import nodes_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("controller", "firmware_bridge", "records", "simulator", "workstation", "tools")
CODEC = "controller/event_details/"
CLINIC_CHAIN = {
    "records/accounts/accounts.py",
    "records/clinic/acceptance.py",
    "records/clinic/audit.py",
    "records/clinic/claim_exports.py",
    "records/clinic/paper_sheets.py",
    "records/clinic/clinic_verify.py",
    "records/clinic/session_register.py",
    "records/clinic/session_words.py",
    "records/clinic/standing_used.py",
    "records/clinic/visit_sessions.py",
    "records/clinic/visit_steps.py",
    "records/evidence/quarantine.py",
    "records/evidence/year_files.py",
    "records/keeping/legal_hold.py",
    "records/keeping/visit_words.py",
    "records/note/words.py",
    "records/standing/account_entries.py",
    "records/standing/appointments.py",
    "records/standing/versions.py",
    "records/store/clinic_chain.py",
}
SESSION_EVENTS = {"StoredEvent", "SessionEvent", "SessionRecord"}
DETAILS = {"detail", "detail_json"}
MAKERS = {"SessionEvent", "StoredEvent", "SessionOpening", "EventRow"}
PARSERS = {"parse_object", "parse_json", "loads", "object_or_empty"}


def by_key(nodes: Sequence[ast.AST]) -> Iterator[int]:
    """Lines that read or write a detail by a key."""
    parsed = set(_names_of_parsed(nodes))
    for node in nodes:
        if _reads(node, parsed):
            yield node.lineno
        elif isinstance(node, ast.Call) and _called(node) in MAKERS:
            yield from (
                k.value.lineno for k in node.keywords if k.arg in DETAILS and _dict(k.value)
            )
        elif isinstance(node, ast.Call) and _called(node) in {"Emit", "event"}:
            yield from (arg.lineno for arg in node.args if _dict(arg))


def _reads(node: ast.AST, parsed: set[str]) -> TypeGuard[ast.expr]:
    if isinstance(node, ast.Subscript):
        return _is_detail(node.value, parsed)
    got = node.func if isinstance(node, ast.Call) else None
    return isinstance(got, ast.Attribute) and got.attr == "get" and _is_detail(got.value, parsed)


def _is_detail(value: ast.expr, parsed: set[str]) -> bool:
    """``x.detail``, a parsed ``detail_json``, or a name assigned from one of these."""
    if isinstance(value, ast.Attribute):
        return value.attr == "detail"
    if isinstance(value, ast.Call) and _called(value) in {*PARSERS, "dict"}:
        return any(_mentions_detail(arg) for arg in value.args)
    return isinstance(value, ast.Name) and value.id in parsed


def _names_of_parsed(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Assign) and _is_detail_value(node.value):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_detail_value(value: ast.expr) -> bool:
    return _is_detail(value, set())


def _mentions_detail(value: ast.expr) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr in DETAILS for node in ast.walk(value))


def _dict(value: ast.expr) -> bool:
    return any(isinstance(node, ast.Dict) for node in ast.walk(value)) or (
        isinstance(value, ast.Call) and _called(value) == "dict"
    )


def _called(node: ast.Call) -> str:
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")


def sources() -> Iterator[tuple[str, Sequence[ast.AST]]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(CODEC):
                yield name, nodes_of(path)


def test_no_place_reads_or_writes_an_event_by_a_key() -> None:
    found = {
        name: lines
        for name, nodes in sources()
        if name not in CLINIC_CHAIN and (lines := sorted(set(by_key(nodes))))
    }
    assert found == {}


def test_the_readers_of_the_clinic_s_chain_touch_no_event_of_a_session() -> None:
    names = {
        name: {node.id for node in nodes if isinstance(node, ast.Name)} & SESSION_EVENTS
        for name, nodes in sources()
        if name in CLINIC_CHAIN
    }
    assert names == {name: set() for name in CLINIC_CHAIN}


@pytest.mark.parametrize(
    "source",
    [
        "x = event.detail['to']",
        "x = event.detail.get('to')",
        "x = record.opening.detail['identity']['model']",
        "said = event.detail\nx = said['to']",
        "said = parse_object(event.detail_json)\nx = said['to']",
        "x = json.loads(row.detail_json)['to']",
        "x = dict(event.detail)['to']",
        "SessionEvent(kind=k, at_ms=0, detail={'to': 1})",
        "SessionEvent(kind=k, at_ms=0, detail={})",
        "EventRow(detail_json=canonical_json({'to': 1}))",
        "SessionOpening(detail={'uri': ''})",
        "Emit(kind, {'to': 1})",
        "recorder.event(kind, dict(detail), now_s=0)",
    ],
)
def test_what_is_counted(source: str) -> None:
    assert list(by_key(list(ast.walk(ast.parse(source))))) != []


@pytest.mark.parametrize(
    "source",
    [
        "x = event.said(PhaseChanged).to_phase",
        "x = dict(event.detail)",
        "parse_object(event.detail_json)",
        "SessionEvent(kind=k, at_ms=0, detail=encode(said))",
        "raise Refused('x', detail='words')",
    ],
)
def test_what_is_not_counted(source: str) -> None:
    assert list(by_key(list(ast.walk(ast.parse(source))))) == []
