"""All mutants of a file, each with its place and the lines that a test must run to notice it."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Final

from tools.mutation.edits import Edit, edits, one_line
from tools.mutation.names import Names

LONGEST: Final = 100
"""Characters of one side of a change and of the statement around it."""

_Home = ast.stmt | ast.ExceptHandler | ast.match_case


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change. Path, function and change together name it, whatever lines stand above it.

    ``number`` counts the changes of the file. ``first_line`` to ``last_line`` is the statement
    around it, without the statements inside. ``at_import`` says that this statement runs when the
    module is loaded; then ``names`` are the names that it gives a value to.
    """

    path: str
    number: int
    line: int
    function: str
    change: str
    first_line: int
    last_line: int
    at_import: bool
    names: frozenset[str]

    @property
    def identity(self) -> str:
        """The name of the mutant."""
        return f"{self.path}::{self.function}::{self.change}"

    @property
    def lot(self) -> bytes:
        """Returns the key by which mutants are drawn: constant, and unlike for neighbours."""
        return hashlib.sha256(self.identity.encode()).digest()


def mutants(path: str, root: Path, names: Names) -> list[Mutant]:
    """Returns all mutants of one file, in the order of its lines."""
    tree = _tree(path, root)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found: list[Mutant] = []
    seen: Counter[tuple[str, str]] = Counter()
    for number, edit in enumerate(edits(tree, names)):
        mutant = _mutant(path, number, edit, parents, seen)
        found.append(mutant)
    return sorted(found, key=lambda mutant: (mutant.line, mutant.number))


def code_of(mutant: Mutant, root: Path, names: Names) -> CodeType:
    """The module with the change, compiled."""
    tree = _tree(mutant.path, root)
    for number, edit in enumerate(edits(tree, names)):
        if number == mutant.number:
            setattr(edit.node, edit.field, edit.value)
            break
    whole = ast.fix_missing_locations(_LastOperand().visit(tree))
    return compile(whole, str(root / mutant.path), "exec")


class _LastOperand(ast.NodeTransformer):
    """One of two operands was omitted: the other is used alone, as the compiler needs it."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        return node if len(node.values) > 1 else node.values[0]


def _tree(path: str, root: Path) -> ast.Module:
    return ast.parse((root / path).read_text(encoding="utf-8"))


def _mutant(
    path: str,
    number: int,
    edit: Edit,
    parents: dict[ast.AST, ast.AST],
    seen: Counter[tuple[str, str]],
) -> Mutant:
    around = [edit.shown, *_ancestors(edit.shown, parents)]
    home = next(node for node in around if isinstance(node, _Home))
    outside = around[around.index(home) + 1 :]
    scopes = [node for node in outside if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    at_import = not any(isinstance(node, ast.FunctionDef) for node in scopes)
    function = ".".join(scope.name for scope in reversed(scopes)) or "(module)"
    change = _words(edit, home)
    seen[function, change] += 1
    if seen[function, change] > 1:
        change += f" ({seen[function, change]})"
    first, last = _lines(home)
    return Mutant(
        path=path,
        number=number,
        line=getattr(edit.shown, "lineno", first),
        function=function,
        change=change,
        first_line=first,
        last_line=last,
        at_import=at_import,
        names=frozenset({*_bound(home), *(scope.name for scope in scopes if at_import)}),
    )


def _ancestors(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> list[ast.AST]:
    found = []
    while node in parents:
        node = parents[node]
        found.append(node)
    return found


def _words(edit: Edit, home: _Home) -> str:
    change = f"{_cut(edit.before)} -> {_cut(edit.after)}"
    statement = one_line(home)
    return (
        change if edit.before in (statement, statement[:-1]) else f"{change} in: {_cut(statement)}"
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _lines(home: _Home) -> tuple[int, int]:
    """First and last line of a statement, without nested statements."""
    start: ast.AST = home.pattern if isinstance(home, ast.match_case) else home
    options = getattr(home, "decorator_list", [])
    first = min(getattr(node, "lineno", 0) for node in (start, *options))
    body = getattr(home, "cases" if isinstance(home, ast.Match) else "body", None)
    if not body:
        return first, getattr(home, "end_lineno", None) or first
    inner = body[0].pattern if isinstance(body[0], ast.match_case) else body[0]
    return first, max(first, inner.lineno - 1)


def _bound(home: _Home) -> list[str]:
    match home:
        case ast.Assign(targets=targets):
            return [
                node.id
                for target in targets
                for node in ast.walk(target)
                if isinstance(node, ast.Name)
            ]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
    return []
