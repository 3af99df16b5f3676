"""Imports point down without cycles, layers are declared and documented, signatures are narrow."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.pages import DOCS, sections
from tools.structure import (
    MANY_PARAMETERS,
    ROOT,
    PackageFigures,
    functions_of,
    layers_of,
    parameters_of,
    project_figures,
)

WIDE_FUNCTIONS = 5
"""Fewer functions than this may have more than six parameters, in all packages together."""


LONG_FUNCTIONS = 3
"""Fewer functions than this may have more than 50 lines: a simulated step, and one long list."""


@pytest.fixture(scope="module")
def figures() -> dict[str, PackageFigures]:
    return {each.package: each for each in project_figures()}


def test_no_import_leads_upwards_and_none_in_a_cycle(figures: dict[str, PackageFigures]) -> None:
    assert {name: (each.upwards, each.cycles) for name, each in figures.items()} == dict.fromkeys(
        figures, ((), ())
    )


def test_every_subpackage_stands_in_a_layer(figures: dict[str, PackageFigures]) -> None:
    assert {name: each.outside_of_layers for name, each in figures.items()} == dict.fromkeys(
        figures, ()
    )


def test_the_architecture_page_shows_every_subpackage(figures: dict[str, PackageFigures]) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    page = (DOCS / "explanations" / "architecture.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\w+", sections(page)["Packages and layers"]))
    declared = {
        name for package in figures for layer in layers_of(package, settings) for name in layer
    }
    assert len(declared) > 60
    assert not declared - shown, "draw them in docs/explanations/architecture.md"


def test_few_functions_are_long(figures: dict[str, PackageFigures]) -> None:
    long = {name: each.long_functions for name, each in figures.items() if each.long_functions}
    assert sum(long.values()) < LONG_FUNCTIONS, long


def test_few_functions_have_many_parameters(figures: dict[str, PackageFigures]) -> None:
    """Related values are grouped into one, and a command takes its options in groups."""
    wide = [
        f"{path.relative_to(ROOT)}: {one.name}"
        for package in figures
        for path in sorted((ROOT / package).rglob("*.py"))
        for one in functions_of(path)
        if parameters_of(one) > MANY_PARAMETERS
    ]
    assert len(wide) < WIDE_FUNCTIONS, wide
    assert len(wide) == sum(each.wide_functions for each in figures.values())
