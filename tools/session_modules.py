"""Lists what ``traction run`` has loaded before a unit moves, as a process of its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
RUN: Final = ROOT / "workstation" / "commands" / "run.py"
PACKAGES: Final = ("controller", "firmware_bridge", "records", "simulator", "workstation")
AFTER_THE_END: Final = "_leave_checkpoints"
"""The one function of the command that begins when the unit is free again."""


def imported_by_run() -> list[str]:
    """The program's own modules that the functions of the command import."""
    tree = ast.parse(RUN.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    session = [node for node in functions if node.name != AFTER_THE_END]
    inside = [node for function in session for node in ast.walk(function)]
    imported = [node.module for node in inside if isinstance(node, ast.ImportFrom)]
    return [name for name in imported if name and name.partition(".")[0] in PACKAGES]


@cache
def loaded_modules() -> tuple[str, ...]:
    """Every module loaded by then."""
    command = ".".join(RUN.relative_to(ROOT).with_suffix("").parts)
    lines = ["import sys", *(f"import {name}" for name in (command, *imported_by_run()))]
    lines.append("print(*sys.modules, sep='\\n')")
    asked = [sys.executable, "-c", "\n".join(lines)]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(told.stdout.split())


@cache
def loaded_distributions() -> frozenset[str]:
    """Third-party packages loaded by then, by their names in the lock."""
    of_module = packages_distributions()
    roots = {name.partition(".")[0] for name in loaded_modules()}
    found = {name for root in roots for name in of_module.get(root, ())}
    return frozenset(name.lower().replace("_", "-").replace(".", "-") for name in found)
