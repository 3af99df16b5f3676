"""The project's own modules as syntax trees, each parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    """The tree of a module, the same for everybody who asks: no test may change it."""
    return ast.parse(path.read_text(encoding="utf-8"))
