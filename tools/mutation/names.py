"""The facts of the whole program for changing one file: enumerations and defaults."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

EXCHANGED: Final = frozenset({"Action", "CommandKind", "Phase", "UnitState"})
"""Enumerations whose members are exchanged for their neighbours."""


class Names:
    """Members of enumerations and parameters with a default, by the name of class or function."""

    def __init__(self) -> None:
        self._members: dict[str, list[str]] = {}
        self._defaults: defaultdict[str, set[str]] = defaultdict(set)

    @classmethod
    def of(cls, root: Path, packages: tuple[str, ...]) -> Names:
        """Read from every file of the packages."""
        names = cls()
        for package in packages:
            for path in sorted((root / package).rglob("*.py")):
                names.learn(ast.parse(path.read_text(encoding="utf-8")))
        return names

    def neighbours(self, owner: str, member: str) -> list[str]:
        """The members beside one that is exchanged; the enumeration is treated as a ring."""
        members = self._members.get(owner, [])
        if member not in members:
            return []
        at = members.index(member)
        beside = dict.fromkeys((members[at - 1], members[(at + 1) % len(members)]))
        return [name for name in beside if name != member]

    def with_default(self, called: str) -> frozenset[str]:
        """The keywords that a call of this name may leave out."""
        return frozenset(self._defaults.get(called, ()))

    def learn(self, tree: ast.Module) -> None:
        """Take the classes and functions of one file."""
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                self._defaults[node.name] |= _optional(node.args)
            elif isinstance(node, ast.ClassDef):
                self._learn_class(node)

    def _learn_class(self, node: ast.ClassDef) -> None:
        if node.name in EXCHANGED:
            self._members[node.name] = [
                target.id
                for statement in node.body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name)
            ]
        for statement in node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                    self._defaults[node.name].add(name)
                case ast.FunctionDef(name="__init__", args=arguments):
                    self._defaults[node.name] |= _optional(arguments)


def _optional(arguments: ast.arguments) -> set[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    optional = positional[len(positional) - len(arguments.defaults) :]
    keyword = [
        argument
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    ]
    return {argument.arg for argument in (*optional, *keyword)}
