"""The conditions for the compiled copy of ``tools/compiled.py``, without compiling anything."""

from __future__ import annotations

import ast

import pytest

from tests.support.pages import ROOT
from tools.compiled import COMPILED, LEFT, LEFT_FOLDERS, is_compiled
from tools.parsed_sources import nodes_of

SOURCES = sorted({path for pattern in COMPILED for path in ROOT.glob(pattern)})


@pytest.mark.parametrize("pattern", COMPILED)
def test_every_pattern_finds_a_module(pattern: str) -> None:
    assert list(ROOT.glob(pattern))


@pytest.mark.parametrize("name", LEFT)
def test_every_module_that_is_left_is_there(name: str) -> None:
    assert name in {path.name for path in SOURCES}


@pytest.mark.parametrize("name", LEFT_FOLDERS)
def test_every_folder_that_is_left_is_there(name: str) -> None:
    assert name in {path.parent.name for path in SOURCES}


def test_no_compiled_module_reads_annotations_of_its_own_classes() -> None:
    """Mypyc does not keep the names of those classes."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        if is_compiled(path)
        if "get_type_hints" in path.read_text(encoding="utf-8")
    ]
    assert readers == []


def test_one_name_catches_one_type_in_a_function() -> None:
    """Mypyc gives the name the type of the first clause and fails in the second."""
    twice = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in SOURCES
        if path.name not in LEFT
        for function in nodes_of(path)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if _caught_as_different_types(function)
    ]
    assert twice == []


def _caught_as_different_types(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    types: dict[str, set[str]] = {}
    for clause in ast.walk(function):
        if isinstance(clause, ast.ExceptHandler) and clause.name and clause.type:
            types.setdefault(clause.name, set()).add(ast.unparse(clause.type))
    return any(len(of_one_name) > 1 for of_one_name in types.values())
