"""The structure of the packages in figures."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools.structure import (
    Imports,
    cycles,
    depth_of,
    figures_of,
    functions_of,
    layers_of,
    length_of,
    parameters_of,
    subpackages_of,
    upwards,
)

FILES: Imports = {
    "p": frozenset(),
    "p.words": frozenset(),
    "p.low": frozenset({"p"}),
    "p.low.ground": frozenset({"p.words"}),
    "p.high": frozenset(),
    "p.high.roof": frozenset({"p.low.ground", "p.high.beam"}),
    "p.high.beam": frozenset({"p.low.ground"}),
}
LAYERS = [["high"], ["low"], ["words"]]


def test_a_subpackage_is_what_lies_below_the_package() -> None:
    subpackages = subpackages_of("p", FILES)
    assert subpackages == {"words": set(), "low": {"words"}, "high": {"low"}}


def test_the_depth_is_the_longest_chain_and_a_cycle_is_one_node() -> None:
    assert depth_of({}) == 0
    assert depth_of(subpackages_of("p", FILES)) == 3
    cycle: Imports = {"a": frozenset("b"), "b": frozenset("ac"), "c": frozenset()}
    assert depth_of(cycle) == 2


def test_every_cycle_is_found_once() -> None:
    assert list(cycles(FILES)) == []
    imports: Imports = {
        "a": frozenset("b"),
        "b": frozenset("a"),
        "c": frozenset("a"),
        "d": frozenset("e"),
        "e": frozenset("f"),
        "f": frozenset("d"),
    }
    assert list(cycles(imports)) == [frozenset("ab"), frozenset("def")]


def test_an_import_of_a_higher_layer_or_a_neighbour_leads_upwards() -> None:
    subpackages = subpackages_of("p", FILES)
    assert list(upwards(subpackages, LAYERS)) == []
    assert list(upwards(subpackages, LAYERS[::-1])) == [("high", "low"), ("low", "words")]
    assert list(upwards(subpackages, [["high", "low"], ["words"]])) == [("high", "low")]
    assert list(upwards(subpackages, [["low"], ["high"]])) == [("high", "low")]


@pytest.mark.parametrize("layer", ["session | start", "session : start", "session|start"])
def test_layers_come_from_the_contract_of_the_package(layer: str) -> None:
    other = {"type": "layers", "layers": ["x"], "containers": ["other"]}
    own = {"type": "layers", "layers": ["runtime", layer, "(words)"], "containers": ["p"]}
    settings = {"tool": {"importlinter": {"contracts": [other, own]}}}
    assert layers_of("p", settings) == [["runtime"], ["session", "start"], ["words"]]
    assert layers_of("q", settings) == []


def test_functions_are_counted_with_those_within_others(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text(
        "class A:\n"
        "    def wide(self, a, b, /, c, *rest, d, e, f, g, **more): ...\n"
        "    async def outer(cls):\n"
        "        def inner(a):\n"
        "            return a\n" + "        x = 1\n" * 50
    )
    functions = {one.name: one for one in functions_of(path)}
    assert {name: parameters_of(one) for name, one in functions.items()} == {
        "wide": 7,
        "outer": 0,
        "inner": 1,
    }
    assert {name: length_of(one) for name, one in functions.items()} == {
        "wide": 1,
        "outer": 53,
        "inner": 2,
    }
    plan = figures_of("p", tmp_path, FILES, LAYERS)
    assert (plan.files, plan.subpackages, plan.depth, plan.imports) == (1, 3, 3, 2)
    assert (plan.long_functions, plan.wide_functions) == (1, 1)
    assert isinstance(functions["inner"], ast.FunctionDef)
