"""A TOML file that a person typed: read completely, or every invalid line with its repair."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from records.toml_text import toml_of

_AT_LINE = re.compile(r"\(at line (?P<line>\d+), column \d+\)")
_KEY_AND_VALUE = re.compile(r"\s*(?P<key>[A-Za-z_]+)\s*=\s*(?P<value>[^#]*?)\s*(?P<remark>#.*)?")
_QUOTES = "\"'\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019"
_SHOWN_CHARACTERS = 60


def parsed_lines(text: str) -> tuple[dict[str, Any], list[str]]:
    """Returns the content of the text, and its mistakes, one sentence each.

    A line whose value only lacks its quotes is read as if it had them, so that the rest is checked
    as well; a file with a mistake is never used.
    """
    lines = text.split("\n")
    mistakes: list[str] = []
    for _ in range(len(lines) + 1):
        try:
            return toml_of("\n".join(lines)), mistakes
        except ValueError as error:
            number = _line_of(error, lines)
            quoted = _quoted(lines[number]) if number is not None else None
            if number is None or quoted is None:
                mistakes.append(f"not valid TOML ({error}); correct it")
                return {}, mistakes
            shown = lines[number].strip()[:_SHOWN_CHARACTERS]
            mistakes.append(f"line {number + 1}, {shown}: a value stands in quotes; write {quoted}")
            lines[number] = quoted
    raise AssertionError("a repaired line was refused again")


def _line_of(error: ValueError, lines: list[str]) -> int | None:
    """Returns the line in a message of tomllib, counted from 0; None where it names none."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        return None
    found = _AT_LINE.search(str(error))
    number = int(found["line"]) - 1 if found else len(lines) - 1
    return number if 0 <= number < len(lines) else None


def _quoted(line: str) -> str | None:
    """Returns the line with its value in plain quotes; None where that would change nothing."""
    found = _KEY_AND_VALUE.fullmatch(line.rstrip("\r"))
    if found is None:
        return None
    value = found["value"].strip(_QUOTES).strip()
    if not value or value[0] in "[{" or '"' in value or "\\" in value:
        return None
    repaired = f'{found["key"]} = "{value}"'
    return None if repaired == line else repaired
