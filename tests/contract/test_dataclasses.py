"""Which modules make frozen classes how, and that each is as the library would make it."""

from __future__ import annotations

import ast
import inspect
from dataclasses import MISSING, field, fields, is_dataclass, make_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.pages import ROOT
from tests.support.parsed_sources import tree_of

QUICK, LIBRARY = "controller.quick_dataclasses", "dataclasses"
PACKAGES = ("controller", "firmware_bridge", "records", "workstation")
RELY_ON_THE_LIBRARY = (
    "controller/safety/",
    "controller/telemetry.py",
    "controller/quick_dataclasses.py",
    "workstation/awake/",
    "workstation/updating/installation.py",
    "workstation/updating/release_file.py",
)
"""The judges of the force rest on nothing of ours; what opens a release, installs it or keeps the
machine awake runs without the rest of the program. The simulator shares nothing with the host."""


def _modules() -> dict[str, set[str]]:
    """Each module that makes classes, with where its ``dataclass`` comes from."""
    found = {}
    for package in (*PACKAGES, "simulator"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if sources := _sources(path):
                found[path.relative_to(ROOT).as_posix()] = sources
    return found


def _sources(path: Path) -> set[str]:
    return {
        node.module or ""
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        if any(one.name == "dataclass" for one in node.names)
    }


MODULES = _modules()
QUICK_MODULES = [name for name, sources in MODULES.items() if sources == {QUICK}]


def test_only_the_judges_and_the_simulator_use_the_library_s() -> None:
    by_the_library = [name for name, sources in MODULES.items() if LIBRARY in sources]
    expected = ("simulator/", *RELY_ON_THE_LIBRARY)
    assert [name for name in by_the_library if not name.startswith(expected)] == []
    assert [name for name in QUICK_MODULES if name.startswith(expected)] == []
    assert len(QUICK_MODULES) > 250


@pytest.mark.parametrize("name", QUICK_MODULES)
def test_every_quick_class_is_as_the_library_would_make_it(name: str) -> None:
    module = import_module(name.removesuffix(".py").replace("/", "."))
    quick: list[Any] = [
        one
        for one in vars(module).values()
        if inspect.isclass(one) and is_dataclass(one) and one.__module__ == module.__name__
    ]
    assert quick
    for one in quick:
        if "__setattr__" in vars(one):
            again = _again(one)
            assert _parameters(one) == _parameters(again), one
            assert one.__match_args__ == again.__match_args__, one


def _again(one: type[Any]) -> Any:
    """A class with the same fields, made by the library."""
    asked = ("init", "repr", "hash", "compare", "kw_only")
    held = []
    for each in fields(one):
        said: dict[str, Any] = {name: getattr(each, name) for name in asked}
        if each.default is not MISSING:
            said["default"] = each.default
        if each.default_factory is not MISSING:
            said["default_factory"] = each.default_factory
        held.append((each.name, each.type, field(**said)))
    return make_dataclass(one.__name__, held, frozen=True, slots=True)


def _parameters(one: Any) -> list[tuple[str, Any, str]]:
    given = inspect.signature(one).parameters.values()
    return [(each.name, each.kind, repr(each.default)) for each in given]
