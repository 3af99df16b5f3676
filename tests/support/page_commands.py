"""Reads a how-to page as instructions: its steps in order, and the edits that it asks for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ASKED = re.compile(r"(Write|Put these values in) `([\w.]+)`[^`\n]*(?:`#`[^`\n]*)?:\n\n\Z")
_STATUS = re.compile(r"\s+# exit status (\d+)$")


@dataclass(frozen=True, slots=True)
class Write:
    """A file that the reader writes."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Put:
    """Values that the reader puts into a file with commented keys."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a shell block and the exit status that the page promises."""

    words: tuple[str, ...]
    status: int


@dataclass(frozen=True, slots=True)
class Promise:
    """Lines that the commands of the block before must print; ``...`` stands for anything."""

    lines: tuple[str, ...]


Step = Write | Put | Command | Promise


def steps(text: str) -> Iterator[Step]:
    """All steps of a page in order. An unknown kind of block is refused."""
    for block in _BLOCK.finditer(text):
        language, content = block.groups()
        asked = _ASKED.search(text, 0, block.start())
        if language == "sh":
            yield from (_command(line) for line in content.splitlines())
        elif language == "text":
            yield Promise(tuple(content.splitlines()))
        else:
            assert asked, f"the page does not say what to do with:\n{content}"
            yield (Write if asked[1] == "Write" else Put)(asked[2], content)


def _command(line: str) -> Command:
    status = _STATUS.search(line)
    words = shlex.split(_STATUS.sub("", line))
    return Command(tuple(words), int(status[1]) if status else 0)


def promised(line: str, output: str) -> bool:
    """True if a line of the output matches; runs of blanks count as one."""
    parts = [re.escape(" ".join(part.split())) for part in line.split("...")]
    wanted = re.compile(r"\s*" + r".*".join(rf"\s?{part}\s?" for part in parts) + r"\s*")
    return any(wanted.fullmatch(" ".join(said.split())) for said in output.splitlines())


def put(path: Path, values: str) -> None:
    """Edit ``path`` as a reader would: uncomment tables and keys, replace values."""
    lines = path.read_text(encoding="utf-8").splitlines()
    table = ""
    for wanted in filter(None, values.splitlines()):
        if wanted.startswith("["):
            table = wanted
            lines[_row(lines, "", rf"(# )?{re.escape(table)}(\s|$)")] = table
        else:
            key = wanted.partition(" = ")[0]
            lines[_row(lines, table, rf"(# )?{re.escape(key)} = ")] = wanted
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(lines: list[str], table: str, pattern: str) -> int:
    """The first matching row after ``table``."""
    first = lines.index(table) if table else 0
    return next(i for i in range(first, len(lines)) if re.match(pattern, lines[i]))
