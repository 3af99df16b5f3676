"""Measures the structure of the packages: subpackages, imports and functions that are too long.

Usage: python -m tools.structure

A subpackage is a module or a folder directly below a package. Imports between subpackages are
counted; one leads upwards where the layers in pyproject.toml forbid it. The depth is the number of
subpackages on the longest chain of imports. A cycle is a set of files that import each other. The
exit status is 1 with an upward import or a cycle, else 0.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
from rich.console import Console
from rich.table import Table

from tools.parsed_sources import nodes_of

ROOT = Path(__file__).resolve().parent.parent
LONG_FUNCTION_LINES = 50
MANY_PARAMETERS = 6
Imports = Mapping[str, frozenset[str]]
"""From a node to those that it imports; every node is a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFigures:
    """The figures of one package."""

    package: str
    files: int
    subpackages: int
    depth: int
    imports: int
    upwards: tuple[tuple[str, str], ...]
    outside_of_layers: tuple[str, ...]
    cycles: tuple[frozenset[str], ...]
    long_functions: int
    wide_functions: int


def figures_of(
    package: str, folder: Path, files: Imports, layers: list[list[str]]
) -> PackageFigures:
    """The figures of a package whose files import each other as ``files`` says."""
    subpackages = subpackages_of(package, files)
    functions = [one for path in sorted(folder.rglob("*.py")) for one in functions_of(path)]
    return PackageFigures(
        package=package,
        files=sum(1 for _ in folder.rglob("*.py")),
        subpackages=len(subpackages),
        depth=depth_of(subpackages),
        imports=sum(len(targets) for targets in subpackages.values()),
        upwards=tuple(upwards(subpackages, layers)),
        outside_of_layers=tuple(
            sorted(subpackages.keys() - {one for layer in layers for one in layer})
        ),
        cycles=tuple(cycles(files)),
        long_functions=sum(length_of(one) > LONG_FUNCTION_LINES for one in functions),
        wide_functions=sum(parameters_of(one) > MANY_PARAMETERS for one in functions),
    )


def subpackages_of(package: str, files: Imports) -> Imports:
    """Returns the imports between the direct parts of a package."""

    def subpackage(module: str) -> str:
        return module.removeprefix(package + ".").split(".")[0]

    found: dict[str, set[str]] = {
        subpackage(module): set() for module in files if module != package
    }
    for module, targets in files.items():
        for target in targets - {package}:
            if module != package and subpackage(target) != subpackage(module):
                found[subpackage(module)].add(subpackage(target))
    return {name: frozenset(targets) for name, targets in found.items()}


def cycles(imports: Imports) -> Iterator[frozenset[str]]:
    """Returns every largest set of nodes that can all reach each other."""
    reached = {node: _reached_from(node, imports) for node in imports}
    told: set[str] = set()
    for node in sorted(imports):
        cycle = frozenset(other for other in reached[node] if node in reached[other])
        if cycle and node not in told:
            told |= cycle
            yield cycle


def _reached_from(node: str, imports: Imports) -> set[str]:
    seen: set[str] = set()
    waiting = list(imports[node])
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            waiting += imports[name]
    return seen


def depth_of(imports: Imports) -> int:
    """Returns the number of nodes on the longest chain; a cycle counts as one node."""
    merged = {node: node for node in imports}
    for cycle in cycles(imports):
        merged |= dict.fromkeys(cycle, min(cycle))
    below: dict[str, set[str]] = {name: set() for name in merged.values()}
    for node, targets in imports.items():
        below[merged[node]] |= {merged[target] for target in targets} - {merged[node]}
    level: dict[str, int] = {}
    for name in TopologicalSorter(below).static_order():
        level[name] = 1 + max((level[other] for other in below[name]), default=0)
    return max(level.values(), default=0)


def upwards(subpackages: Imports, layers: list[list[str]]) -> Iterator[tuple[str, str]]:
    """Imports from a higher layer, or from a neighbour in the same one."""
    height = {name: -number for number, layer in enumerate(layers) for name in layer}
    for subpackage, targets in sorted(subpackages.items()):
        for target in sorted(targets):
            if {subpackage, target} <= height.keys() and height[target] >= height[subpackage]:
                yield subpackage, target


def layers_of(package: str, settings: Mapping[str, object]) -> list[list[str]]:
    """The layers of a package from the import contracts, highest first; none without a contract."""
    contracts = settings["tool"]["importlinter"]["contracts"]  # type: ignore[index]
    for contract in contracts:
        if contract["type"] == "layers" and contract.get("containers") == [package]:
            return [
                [one.strip(" ()") for one in layer.replace("|", ":").split(":")]
                for layer in contract["layers"]
            ]
    return []


@cache
def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, including methods and nested functions."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in nodes_of(path) if isinstance(node, kinds)]


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the last one."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Named parameters without ``self`` and ``cls``."""
    given = function.args
    named = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in named if name not in ("self", "cls")])


def project_figures(root: Path = ROOT) -> list[PackageFigures]:
    """The figures of every package of the project, the highest first."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    packages = settings["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*packages, cache_dir=None)

    def files(package: str) -> Imports:
        own = {name for name in graph.modules if name == package or name.startswith(package + ".")}
        return {
            name: frozenset(graph.find_modules_directly_imported_by(name) & own) for name in own
        }

    return [
        figures_of(package, root / package, files(package), layers_of(package, settings))
        for package in packages
    ]


def table_of(packages: Iterable[PackageFigures]) -> Table:
    """Returns a table with one line per package."""
    columns = (
        "files",
        "subpackages",
        "depth",
        "imports",
        "upwards",
        "cycles",
        f"functions > {LONG_FUNCTION_LINES} lines",
        f"functions > {MANY_PARAMETERS} parameters",
    )
    table = Table("package", *columns)
    for package in packages:
        figures = (
            package.files,
            package.subpackages,
            package.depth,
            package.imports,
            len(package.upwards),
            len(package.cycles),
            package.long_functions,
            package.wide_functions,
        )
        table.add_row(package.package, *map(str, figures))
    return table


def main() -> int:
    """Print the table, and each upward import and each cycle by name."""
    packages = project_figures()
    Console(width=120).print(table_of(packages))
    for package in packages:
        for subpackage, target in package.upwards:
            print(f"upwards: {package.package}.{subpackage} imports {package.package}.{target}")
        for cycle in package.cycles:
            print(f"cycle: {', '.join(sorted(cycle))}")
    return 1 if any(package.upwards or package.cycles for package in packages) else 0


if __name__ == "__main__":
    sys.exit(main())
