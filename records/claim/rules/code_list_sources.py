"""Reads lists of diagnosis codes as CMS and NCHS publish them into rows.

CMS gives the codes (``icd10cm_order_YYYY.txt``): a line each, with the columns 1-5 order number,
7-13 code without dot, 15 whether it may be billed (1) or is a heading (0), 17-76 short and from 78
on the long description. NCHS gives the tabular list (``icd10cm_tabular_YYYY.xml``): nested
chapters, blocks (``section``) and codes (``diag``), each with its notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import RulesInvalid
from records.claim.code_sets import plain
from records.claim.rules.code_list_file import CODE, LARGEST_BYTES, CodeRow
from records.order.order import ICD10_CATEGORY

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ORDER_LINE = re.compile(r"(\d{5}) ([A-Z][0-9A-Z]{2,6}) +([01]) \S.*")
_CODE_IN_NOTE = re.compile(rf"\b{ICD10_CATEGORY}(?:\.?[0-9A-Z]{{1,4}})?\b")
_FLAG_COLUMN, _LONG_COLUMN = 14, 77
CHAPTERS_END = "Z"
"""Every edition goes up to this letter."""
_NODES = ("chapter", "section", "diag")


@dataclass(frozen=True, slots=True, kw_only=True)
class TabularNode:
    """A chapter, a block or a code of the tabular list."""

    above: str
    named: tuple[str, ...]
    words: str
    is_code: bool


def order_rows(path: Path) -> dict[str, CodeRow]:
    """Returns the rows of an order file by code.

    Raises RulesInvalid naming file, row and reason.
    """
    rows: dict[str, CodeRow] = {}
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        row = _order_row(line, number, f"code file {path.name}: row {number}")
        if row.code in rows:
            raise RulesInvalid(
                f"code file {path.name}: row {number}: {row.code} stands twice; take the file "
                "as CMS published it"
            )
        rows[row.code] = row
    if not any(code.startswith(CHAPTERS_END) for code in rows):
        raise RulesInvalid(
            f"code file {path.name}: holds no code that begins with {CHAPTERS_END}; take the "
            "whole file as CMS published it"
        )
    return rows


def with_tabular(rows: Mapping[str, CodeRow], path: Path) -> list[CodeRow]:
    """Returns the rows with the blocks, chapters and notes of a tabular list.

    Raises RulesInvalid.
    """
    nodes = tabular_nodes(path)
    codes = {code for code, node in nodes.items() if node.is_code}
    categories = {code for code in rows if len(code) == 3}
    alien = sorted((codes - rows.keys()) | (categories - codes))
    if alien:
        raise RulesInvalid(
            f"tabular list {path.name}: is of another edition than the code file: "
            f"{', '.join(alien[:3])} ({len(alien)} in all) stands in one of them only; give both "
            "of one edition"
        )
    made = [_noted(row, nodes.get(row.code)) for row in rows.values()]
    above = (
        CodeRow(code=code, billable=False, above=node.above, named=node.named, words=node.words)
        for code, node in nodes.items()
        if not node.is_code
    )
    return [*made, *above]


def tabular_nodes(path: Path) -> dict[str, TabularNode]:
    """Yields chapters, blocks and codes of a tabular list; raises RulesInvalid."""
    from xml.etree.ElementTree import ParseError, fromstring

    content = _content(path)
    where = f"tabular list {path.name}"
    if b"<!ENTITY" in content:
        raise RulesInvalid(f"{where}: defines words of its own; take the file as NCHS published it")
    try:
        root = fromstring(content)
    except ParseError as error:
        raise RulesInvalid(f"{where}: is not XML ({error}); give the file's XML form") from error
    found: dict[str, TabularNode] = {}
    for chapter in root.iter("chapter"):
        for code, node in _nodes_in(chapter, ""):
            if code not in found or node.is_code:  # a block may have the name of its category
                found[code] = node
    if not found:
        raise RulesInvalid(f"{where}: holds no chapter; give the tabular list of NCHS")
    wrong = next((code for code in found if not CODE.fullmatch(code)), None)
    if wrong is not None:
        raise RulesInvalid(f"{where}: {wrong[:20]!r} is no code; take it as NCHS published it")
    return found


def codes_of_note(note: str) -> list[str]:
    """Returns the codes in a note's brackets, without dots and dashes: "(M51.2-)" gives M512."""
    found: list[str] = []
    for bracket in re.findall(r"\(([^()]*)\)", note):
        found += _CODE_IN_NOTE.findall(bracket)
    return [code.replace(".", "") for code in found]


def codes_of_notes(notes: list[str]) -> tuple[str, ...]:
    """Returns the codes of several notes, each once."""
    return tuple(dict.fromkeys(code for note in notes for code in codes_of_note(note)))


def _order_row(line: str, number: int, where: str) -> CodeRow:
    read = _ORDER_LINE.fullmatch(line)
    words = " ".join(line[_LONG_COLUMN:].split())
    if read is None or read.start(3) != _FLAG_COLUMN or not words:
        raise RulesInvalid(
            f"{where} is not laid out as order number, code, 0 or 1, short and long description; "
            "give the order file of CMS (icd10cm_order_YYYY.txt)"
        )
    if int(read[1]) != number:
        raise RulesInvalid(
            f"{where} has the order number {read[1]}; take the whole file as CMS published it"
        )
    return CodeRow(code=read[2], billable=read[3] == "1", words=words)


def _noted(row: CodeRow, node: TabularNode | None) -> CodeRow:
    """Returns a row with what the tabular list says of it; a category is below its block."""
    if node is None:
        return row
    return replace(row, named=node.named, above=node.above if len(row.code) == 3 else "")


def _nodes_in(element: Element, above: str) -> Iterator[tuple[str, TabularNode]]:
    """Yields a node and its children; one named like its parent is put below the grandparent."""
    code = plain(element.get("id") or element.findtext("name") or "")
    notes = [note.text or "" for note in element.iterfind("excludes1/note")]
    yield (
        code,
        TabularNode(
            above=above,
            named=codes_of_notes(notes),
            words=" ".join((element.findtext("desc") or "").split()),
            is_code=element.tag == "diag",
        ),
    )
    for each in element:
        if each.tag in _NODES:
            name = plain(each.get("id") or each.findtext("name") or "")
            yield from _nodes_in(each, above if name == code else code)


def _text(path: Path) -> str:
    """Returns the text of a CMS file; accents came in either encoding."""
    content = _content(path)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise RulesInvalid(
            f"code file {path} cannot be read ({error.strerror}); check its name"
        ) from error
    if len(content) > LARGEST_BYTES:
        raise RulesInvalid(
            f"code file {path.name}: has more than {LARGEST_BYTES} bytes; give the text file"
        )
    return content.removeprefix(b"\xef\xbb\xbf")
