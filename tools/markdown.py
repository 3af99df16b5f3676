"""Wraps Markdown, so that a person can read and compare it.

python -m tools.markdown FILE...

The programs that write reports use ``wrapped``; a contract test looks at every page.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

WIDTH: Final = 160
"""Characters of the longest line outside of tables and fenced examples."""
_START = re.compile(r" *(?:(?:[-*]|\d+\.) +)?")
_BREAKS = re.compile(r" *(?:[-*] |\d+\. |```)|[|#<]")


def wrapped(text: str) -> str:
    """Returns the text with each paragraph and list item that has a longer line wrapped again."""
    return "".join(f"{line}\n" for block in _blocks(text) for line in _fitted(block))


def long_lines(text: str) -> list[int]:
    """Numbers of the lines, from 1, that are longer and neither of a table nor of an example."""
    numbered = ((len(block), block) for block in _blocks(text))
    found, at = [], 1
    for size, block in numbered:
        if not _is_kept(block):
            found += [at + i for i, line in enumerate(block) if len(line) > WIDTH]
        at += size
    return found


def _blocks(text: str) -> Iterator[list[str]]:
    """Paragraphs, list items and fenced examples; other lines and indented ones on their own."""
    block: list[str] = []
    fenced = False
    for line in text.splitlines():
        is_fence = line.lstrip().startswith("```")
        goes_on = fenced or (block and line.strip() and not _BREAKS.match(line))
        if goes_on and (fenced or not _is_kept(block)):
            block.append(line)
        else:
            yield from [block] if block else []
            block = [line]
        fenced = fenced != is_fence
    yield from [block] if block else []


def _is_kept(block: list[str]) -> bool:
    first = block[0].lstrip()
    return not first or first.startswith(("|", "#", "<", "```")) or block[0].startswith("    ")


def _fitted(block: list[str]) -> list[str]:
    if _is_kept(block) or all(len(line) <= WIDTH for line in block):
        return block
    start = _START.match(block[0])
    first = start.group(0) if start else ""
    words = " ".join(line.strip() for line in [block[0].removeprefix(first), *block[1:]])
    return textwrap.wrap(
        words,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(wrapped(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
