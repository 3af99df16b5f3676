"""The project's own modules as syntax trees, each parsed and walked only once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    """Returns the tree of a module, shared by all callers: nobody may change it."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of that tree, in the order of ``ast.walk``."""
    return tuple(ast.walk(tree_of(path)))
