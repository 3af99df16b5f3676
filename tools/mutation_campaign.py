"""Changes controller/safety in one place at a time and counts how many changes its tests notice.

python tools/mutation_campaign.py [file ...]

Mutations: comparisons and their boundaries, constants, boolean operators and negations, arithmetic,
returned values, conditions, ordered actions. A mutant that makes the tests fail or hang is killed.
A process is forked for each mutant, so that it costs the tests and not the start.
"""

from __future__ import annotations

import ast
import copy
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import hypothesis  # noqa: F401 - loaded once, before the forks
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("controller/safety")
TESTS = "tests/unit/controller/safety"
TIME_LIMIT_S = 60
WANTED_SHARE = 0.95

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Mod: ast.Mult, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
SWAPPED_CALLS = {"min": "max", "max": "min"}


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the line, what it was and the whole new text of the file."""

    path: Path
    line: int
    change: str
    text: str


def mutants(path: Path) -> Iterator[Mutant]:
    """All mutants of one file, in the order of its lines."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    never_run = set(_types_and_dataclass_options(tree))
    for at, node in enumerate(ast.walk(tree)):
        if node in never_run:
            continue
        for mutate in _mutations(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[at]
            before = _line_of(target)
            mutate(target)
            yield Mutant(
                path, getattr(node, "lineno", 0), f"{before} -> {_line_of(target)}",
                ast.unparse(ast.fix_missing_locations(changed)),
            )  # fmt: skip


def _types_and_dataclass_options(tree: ast.Module) -> Iterator[ast.AST]:
    """What the type checker reads, and the options of dataclasses: no behaviour of this package."""
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(annotation=hint) | ast.arg(annotation=ast.expr() as hint):
                yield from ast.walk(hint)
            case ast.FunctionDef(returns=ast.expr() as hint):
                yield from ast.walk(hint)
            case ast.Assign(value=ast.BinOp(right=ast.Constant(value=None)) as alias):
                yield from ast.walk(alias)
            case ast.ClassDef(decorator_list=options):
                yield from (inner for option in options for inner in ast.walk(option))


def _put(name: str, value: object, node: ast.AST) -> None:
    setattr(node, name, value)


def _line_of(node: ast.AST) -> str:
    return ast.unparse(node).replace("\n", " ")[:90]


def _mutations(node: ast.AST) -> Iterator[Callable[[ast.AST], None]]:
    match node:
        case ast.Compare(ops=[operator]):
            for other in COMPARISONS[type(operator)]:
                yield partial(_put, "ops", [other()])
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator):
            if type(operator) in ARITHMETIC:
                yield partial(_put, "op", ARITHMETIC[type(operator)]())
        case ast.BoolOp(op=operator):
            other_bool = ast.And() if isinstance(operator, ast.Or) else ast.Or()
            yield partial(_put, "op", other_bool)
        case ast.UnaryOp(op=ast.Not()):
            yield _drop_not
        case ast.UnaryOp(op=ast.USub()):
            yield partial(_put, "op", ast.UAdd())
        case ast.Constant(value=bool(value)):
            yield partial(_put, "value", not value)
        case ast.Constant(value=int(value)):
            yield partial(_put, "value", value + 1)
        case ast.Constant(value=float(value)):
            yield partial(_put, "value", value * 1.1 or 1.0)
        case ast.Return(value=ast.expr() as returned):
            if not (isinstance(returned, ast.Constant) and returned.value is None):
                yield partial(_put, "value", ast.Constant(None))
        case ast.Call(func=ast.Name(id=name)) if name in SWAPPED_CALLS:
            yield partial(_put, "func", ast.Name(SWAPPED_CALLS[name], ast.Load()))
        case ast.IfExp() | ast.If():
            yield partial(_put, "test", ast.Constant(True))
            yield partial(_put, "test", ast.Constant(False))
        case ast.Attribute(attr=attr) if attr in _ACTIONS and _of_action(node):
            yield partial(_put, "attr", _ACTIONS[attr])


_ACTIONS = {
    "ALLOW": "HOLD", "HOLD": "RELEASE", "RELEASE": "RELEASE_FAST", "RELEASE_FAST": "RELEASE",
    "CUT_POWER": "RELEASE_FAST",
}  # fmt: skip


def _of_action(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Action"


def _drop_not(node: ast.AST) -> None:
    """``not x`` becomes ``not not x``, which is x as a condition."""
    assert isinstance(node, ast.UnaryOp)
    node.operand = ast.UnaryOp(ast.Not(), node.operand)


class _MutantFinder(MetaPathFinder, Loader):
    """Loads one module from the mutant's text and leaves all others alone."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = ".".join(mutant.path.with_suffix("").parts)

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        del path, target
        return spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.text, self._mutant.path, "exec"), module.__dict__)


def start(mutant: Mutant) -> int:
    """Fork a process that runs the tests on the mutant; answers its id. 0 is a survivor."""
    child = os.fork()
    if child:
        return child
    signal.alarm(TIME_LIMIT_S)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.meta_path.insert(0, _MutantFinder(mutant))
    nearest = Path(TESTS) / f"test_{mutant.path.stem}.py"
    tests = [str(nearest)] * nearest.exists() + [TESTS]
    status = 1
    try:
        status = int(pytest.main([*tests, "-x", "-q", "--assert=plain", "-p", "no:cacheprovider"]))
    finally:  # the fork ends here, however the mutant failed
        os._exit(min(status, 1))


def survivors(todo: list[Mutant], jobs: int) -> list[Mutant]:
    """Run all mutants, ``jobs`` at a time."""
    running: dict[int, Mutant] = {}
    alive: list[Mutant] = []
    waiting = list(reversed(todo))
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[start(mutant)] = mutant
        child, status = os.wait()
        mutant = running.pop(child)
        if status == 0:
            alive.append(mutant)
            print(f"survived  {mutant.path}:{mutant.line}  {mutant.change}", flush=True)
    return alive


def main(names: list[str]) -> int:
    """Run the campaign on the named files (all of the package without any)."""
    paths = [Path(n) for n in names] or [
        p.relative_to(ROOT) for p in sorted((ROOT / PACKAGE).glob("*.py"))
    ]
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    if os.waitpid(start(Mutant(Path("none.py"), 0, "", "")), 0)[1]:
        print("mutation campaign: the tests fail without a mutation; mend them first")
        return 2
    todo = [mutant for path in paths for mutant in mutants(path)]
    started_s = time.perf_counter()
    alive = survivors(todo, os.cpu_count() or 1)
    killed = len(todo) - len(alive)
    share = killed / len(todo)
    print(f"{killed} of {len(todo)} mutants killed ({share:.1%}) in "
          f"{time.perf_counter() - started_s:.0f} s; wanted {WANTED_SHARE:.0%}")  # fmt: skip
    return 0 if share >= WANTED_SHARE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
