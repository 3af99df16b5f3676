"""A text of a note is written and read in one module: no other place parses one.

Every call that takes a text apart is counted, in the packages that read notes and claims.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tools.parsed_sources import nodes_of

ROOT = Path(__file__).parents[2]
READERS = ("records/note", "records/claim/rules", "records/visit", "records/exports/note")
CODEC = "records/note/stored_text.py"
APART = {"split", "partition", "rpartition", "startswith", "endswith", "replace", "removesuffix"}
TEXTS = {"value", "source", "reason", "cause", "by", "outcome"}
"""Attributes of a field, a word, a stop or an answer that hold a text."""
READ = {"word", "field"}
"""What gives a field of the note, or its text."""


def parses(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Lines that take a text of a note apart, or convert it to a number or a time."""
    for node in nodes:
        if isinstance(node, ast.Call) and any(_of_a_note(each) for each in _parsed(node)):
            yield node.lineno


def _parsed(call: ast.Call) -> list[ast.expr]:
    func = call.func
    if isinstance(func, ast.Name):
        return call.args if func.id in {"int", "float"} else []
    if not isinstance(func, ast.Attribute):
        return []
    if func.attr == "fromisoformat":
        return call.args
    if isinstance(func.value, ast.Name) and func.value.id == "re":
        return call.args
    lays_out = func.attr == "split" and not call.args  # whitespace normalised for display
    return [func.value] if func.attr in APART and not lays_out else []


def _of_a_note(value: ast.expr) -> bool:
    """``x.value`` and its like, ``facts.word(...)``, also with a default: ``... or ""``."""
    if isinstance(value, ast.BoolOp):
        return any(_of_a_note(each) for each in value.values)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return value.func.attr in READ
    return isinstance(value, ast.Attribute) and value.attr in TEXTS


def test_no_reader_takes_a_text_of_a_note_apart() -> None:
    found: dict[str, list[int]] = {}
    for folder in READERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            lines = sorted(set(parses(nodes_of(path))))
            if lines and name != CODEC:
                found[name] = lines
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "int(facts.word('total_timed_minutes'))",
        "re.search('[0-9]+', facts.word('total_timed_minutes') or '')",
        "datetime.fromisoformat(note.field('started_at').value)",
        "(note.field('diagnosis').value or '').split(',')",
        "answer.by.startswith('script')",
        "proposed.source.replace('proposed from', 'confirmed from')",
    ],
)
def test_what_is_counted(source: str) -> None:
    assert list(parses(ast.walk(ast.parse(source)))) != []


@pytest.mark.parametrize(
    "source",
    [
        "facts.number('total_timed_minutes')",
        "answer.by_script",
        "codes_in(note.field('diagnosis').value)",
        "name.startswith(REMARK)",
        "replace(words, checkpoint='')",
        "' '.join((note.field('region').value or '').split())",
    ],
)
def test_what_is_not_counted(source: str) -> None:
    assert list(parses(ast.walk(ast.parse(source)))) == []
