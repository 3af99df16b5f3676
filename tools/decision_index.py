"""Writes docs/decisions/README.md, the index of the decisions.

python -m tools.decision_index

Each decision has a title, a status and a date; the index repeats them in a table. A test compares
the file with what this writes.
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "decisions"
_HEAD = re.compile(
    r"# (?P<number>\d{4}) (?P<title>.+)\n\nStatus: (?P<status>[^\n]+(?:\n[^\n]+)*)\n\n"
    r"Date: (?P<date>\d{4}-\d{2}-\d{2})\n\n## Context\n"
)
_START = """\
# Decisions

Written by `python -m tools.decision_index` from the pages; do not edit.

One page per decision that somebody may want to undo later, of 15 to 40 lines: title, status, date,
context, decision, consequences. Numbers are given once and do not change. A decision is not
rewritten: a later page replaces it and both say so. Titles may become clearer; files keep their
names. Start with [0001](0001-record-decisions.md).

| number | title | status | date |
| --- | --- | --- | --- |
"""


def decision_pages() -> list[Path]:
    """Every decision, by its number."""
    return sorted(FOLDER.glob("[0-9][0-9][0-9][0-9]-*.md"))


def index() -> str:
    """The text of the index; raises ValueError for a page whose head has not the form."""
    return _START + "".join(map(_row, decision_pages()))


def _row(page: Path) -> str:
    head = _HEAD.match(page.read_text(encoding="utf-8"))
    if head is None or head["number"] != page.name[:4]:
        raise ValueError(
            f"{page.name}: the head must be '# NUMBER TITLE', 'Status: ...', 'Date: YYYY-MM-DD' "
            "and '## Context', with empty lines between them; NUMBER is that of the file's name"
        )
    status = " ".join(head["status"].split()).removesuffix(".")
    return f"| [{head['number']}]({page.name}) | {head['title']} | {status} | {head['date']} |\n"


if __name__ == "__main__":
    (FOLDER / "README.md").write_text(index(), encoding="utf-8", newline="\n")
