"""Every source cited by code, tests and pages is in the repository."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.pages import DOCS, PACKAGES, ROOT, anchors, pages

MAP = DOCS / "reference" / "reference-map-v1.md"
OUR_SECTIONS = {
    match.group(1)
    for match in re.finditer(r"^## ([A-Z]\.\d+) ", MAP.read_text(encoding="utf-8"), re.MULTILINE)
}
BY_NAME = Counter(page.name for page in pages())
_PAGE = re.compile(r"(?<![\w/.*{}-])((?:[\w.-]+/)*[\w.-]+\.md)(?:#([\w-]+))?")
_SECTION = re.compile(r"(?<![\w.-])([A-G]\.\d{1,2})(?!\.?\d)(?!\w)")
_LETTER = re.compile(r"[Ss]ection ([A-G])\b")
_PATTERNS = {"command-line-TOPIC.md", "NNNN-title.md"}
"""How pages are named, not pages."""
_PAYERS_POLICIES = ("records/claim/rules/", "docs/reference/rules.md")
"""Their numbers are those of payers' policies, such as A.8.03.09."""


def citing_files() -> list[Path]:
    """Program, tests, tools, data and pages: everything that may name a source."""
    found = [ROOT / "Makefile", ROOT / "bootstrap.py", ROOT / "pyproject.toml", *pages()]
    for package in (*PACKAGES, "tests", "tools"):
        found += (ROOT / package).rglob("*.py")
        found += (ROOT / package).rglob("*.toml")
    return sorted(path for path in found if path != Path(__file__))


def page_named(name: str, cited_in: Path) -> Path | None:
    """The page that a name refers to: a path, or a name that only one page has."""
    for path in (cited_in.parent / name, ROOT / name, DOCS / name, DOCS / "reports" / name):
        if path.is_file():
            return path
    if "/" not in name and BY_NAME[name] == 1:
        return next(page for page in pages() if page.name == name)
    return None


def unresolved(text: str, cited_in: Path) -> list[str]:
    """Sources that a file's text cites and that are not here."""
    found = []
    naming_pages = "\n".join(line for line in text.splitlines() if ".md" in line)
    for name, anchor in _PAGE.findall(naming_pages):
        page = page_named(name, cited_in)
        if name in _PATTERNS:
            continue
        if page is None:
            found.append(f"page {name}")
        elif anchor and anchor not in anchors(page):
            found.append(f"heading {name}#{anchor}")
    if not cited_in.relative_to(ROOT).as_posix().startswith(_PAYERS_POLICIES):
        found += [f"section {s}" for s in _SECTION.findall(text) if s not in OUR_SECTIONS]
        found += [f"section {s}" for s in _LETTER.findall(text) if s != "B"]
    return found + re.findall("Times that bind", text)


def test_every_citation_resolves() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): missing
        for path in citing_files()
        if (missing := unresolved(path.read_text(encoding="utf-8"), path))
    }
    assert not found


def test_the_reference_map_has_all_its_sections() -> None:
    assert {f"B.{number}" for number in range(1, 11)} == OUR_SECTIONS


@pytest.mark.parametrize(
    "text",
    [
        "see devices.md, row 3",
        "(session.md 1.5)",
        "plant.md#no-such-heading",
        "docs/reference/no-such-page.md",
        "(E.2)",
        "reference map, B.11",
        "bit A.6",
        "section D",
        'the tick ("Times that bind")',
    ],
)
def test_a_source_that_is_not_here_is_found(text: str) -> None:
    assert unresolved(text, ROOT / "controller" / "ports.py")


@pytest.mark.parametrize(
    "text",
    ["(reference map, B.4 and B.10).", "plant.md#gain", "docs/reference/times.md", "I.E.1.d"],
)
def test_a_source_that_is_here_is_taken(text: str) -> None:
    assert not unresolved(text, ROOT / "controller" / "ports.py")
