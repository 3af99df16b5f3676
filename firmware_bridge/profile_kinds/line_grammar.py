"""A grammar of whole lines that is matched in linear time, however hostile the line.

A grammar is a regular expression of a small, closed kind: printable characters, classes, groups,
alternatives and bounded repeats. Each repeat is made possessive and each group atomic (Python
3.11), so the matcher never backtracks. An alternative that begins like another one must therefore
come first (``kN|k``), and a repeat must not match what follows it.
"""

from __future__ import annotations

import re
from typing import Final

MOST_CHARACTERS: Final = 200
"""Maximum characters of a grammar."""
MOST_REPEATS: Final = 32
"""Maximum repeats of one item; no gauge sends a longer run."""
_GROUP: Final = re.compile(r"\?P<([a-z][a-z_]*)>|\?:")
_REPEAT: Final = re.compile(r"\?|\{(\d{1,2})(?:,(\d{1,2}))?\}")
_CLASS: Final = re.compile(r"\[(?![^\]]{0,30}(?:--|&&|\|\||~~))[^\\\[\]^]{1,30}\]")
_ESCAPED: Final = frozenset(r"\.*+?()[]{}|^$")
_PLAIN: Final = frozenset(map(chr, range(0x20, 0x7F))) - frozenset(r"\*+?()[]{}|^$.")


def compile_grammar(text: str) -> re.Pattern[str]:
    """Returns the pattern of a whole line; raises ValueError naming what is not allowed."""
    if not 1 <= len(text) <= MOST_CHARACTERS:
        raise ValueError(f"a grammar has 1 to {MOST_CHARACTERS} characters, this one {len(text)}")
    pattern, at = _alternatives(text, 0)
    if at != len(text):
        raise ValueError(f"character {at + 1} of the grammar closes a group that is not open")
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(f"the grammar does not compile ({error}); correct it") from error


def match_line(grammar: re.Pattern[str], line: str) -> dict[str, str] | None:
    """Returns the groups that took part in a match of the whole line; None without a match."""
    found = grammar.fullmatch(line)
    if found is None:
        return None
    return {name: text for name, text in found.groupdict().items() if text is not None}


def _alternatives(text: str, at: int) -> tuple[str, int]:
    """Converts sequences from ``at`` to the end of their group, with ``|``, to an atomic group."""
    options = []
    while True:
        sequence, at = _sequence(text, at)
        options.append(sequence)
        if at >= len(text) or text[at] != "|":
            return f"(?>{'|'.join(options)})", at
        at += 1


def _sequence(text: str, at: int) -> tuple[str, int]:
    pattern = ""
    while at < len(text) and text[at] not in "|)":
        item, at = _item(text, at)
        repeat = _REPEAT.match(text, at)
        if repeat is not None:
            item, at = item + _possessive(item, repeat), repeat.end()
        pattern += item
    return pattern, at


def _item(text: str, at: int) -> tuple[str, int]:
    """Converts one character, class or group."""
    character = text[at]
    if character == "(":
        return _group(text, at)
    if character == "[":
        found = _CLASS.match(text, at)
        if found is None:
            raise ValueError(
                f"the class at character {at + 1} of the grammar is not of plain characters, "
                "as in [0-9A-F]"
            )
        return found[0], found.end()
    if character == "\\" and at + 1 < len(text) and text[at + 1] in _ESCAPED:
        return text[at : at + 2], at + 2
    if character in _PLAIN:
        return re.escape(character), at + 1
    raise ValueError(
        f"character {at + 1} of the grammar, {character!r}, is not allowed there: allowed are "
        "printable characters, [classes], (?P<name>groups), (?:groups), |, ? and {n,m}; "
        "write a special character with \\ before it"
    )


def _group(text: str, at: int) -> tuple[str, int]:
    head = _GROUP.match(text, at + 1)
    if head is None:
        raise ValueError(
            f"the group at character {at + 1} of the grammar begins neither (?P<name> nor (?:"
        )
    inner, end = _alternatives(text, head.end())
    if end >= len(text):
        raise ValueError(f"the group at character {at + 1} of the grammar is not closed")
    return (f"(?P<{head[1]}>{inner})" if head[1] else inner), end + 1


def _possessive(item: str, repeat: re.Match[str]) -> str:
    """Returns the possessive repeat of one item."""
    if repeat[0] == "?":
        return "?+"
    low, high = int(repeat[1]), int(repeat[2] or repeat[1])
    if not low <= high <= MOST_REPEATS or high == 0:
        raise ValueError(
            f"repeat {repeat[0]} in the grammar is not from a smaller to a larger number "
            f"of at most {MOST_REPEATS}"
        )
    if item.startswith("("):
        raise ValueError(f"repeat {repeat[0]} in the grammar follows a group; only ? may")
    return f"{{{low},{high}}}+"
