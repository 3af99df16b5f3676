"""Reads the project's own pages: headings, tables, links and example commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.parsed_sources import tree_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGES = ("controller", "firmware_bridge", "records", "simulator", "workstation")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^\s*```(\w*)\n(.*?)^\s*```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Every page of the project."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def shipped_modules() -> list[Path]:
    """Every installed Python file, and the tools and the set-up script."""
    found = [path for package in (*PACKAGES, "tools") for path in (ROOT / package).rglob("*.py")]
    return [*sorted(found), ROOT / "bootstrap.py"]


def read(*names: str) -> str:
    """The text of pages below docs/, joined; a name may have a wildcard."""
    found = [path for name in names for path in sorted(DOCS.glob(name))]
    assert found, f"no page fits {names}"
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def sections(text: str) -> dict[str, str]:
    """Second-level headings and the text below each."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """Cells of every table row, without headers and rulers."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    rulers = [i for i, line in enumerate(lines) if set(line) <= set("|-: ")]
    return [row for i, row in enumerate(cells) if i not in rulers and i + 1 not in rulers]


def code_names(text: str) -> set[str]:
    """Everything between backticks in the first cells of tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return {name for line in lines for name in re.findall(r"`([^`]+)`", line.split("|")[1])}


def links(page: Path) -> list[str]:
    """Targets of a page's links to other pages, outside of code."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if "://" not in target]


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def example_lines(page: Path) -> Iterator[str]:
    """Command lines in a page's shell examples."""
    for language, body in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language in ("sh", "bat"):
            yield from (line.strip() for line in body.splitlines() if line.strip())


def catch_alls(path: Path) -> list[str]:
    """Functions of a file with a broad handler that does not raise again."""
    found: list[str] = []

    def walk(node: ast.AST, function: str) -> None:
        for child in ast.iter_child_nodes(node):
            inside = child.name if isinstance(child, ast.FunctionDef) else function
            if isinstance(child, ast.ExceptHandler) and _is_broad(child.type):
                again = isinstance(child.body[-1], ast.Raise) and child.body[-1].exc is None
                found.extend([] if again else [inside])
            if isinstance(child, ast.Call) and _name_of(child.func) == "suppress":
                found.extend([inside] if any(map(_is_broad, child.args)) else [])
            walk(child, inside)

    walk(tree_of(path), "(module)")
    return found


def _name_of(function: ast.expr) -> str:
    """The last part of its name: ``suppress`` of ``contextlib.suppress``."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_broad(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(ast.unparse(name) in ("Exception", "BaseException") for name in names)
