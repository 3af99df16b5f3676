"""JSON of a record, parsed so that every reader gets the same: one meaning or an error.

A repeated key, a number with a point, a word such as NaN, half a character and nesting deeper than
in any record are refused. The program writes none of these. A message between processes is parsed
in the same way, except that its numbers may have a point.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

_DIGITS = 16
"""Of an integer in a message: milliseconds since 1970 have 13."""
MOST_LEVELS = 32
"""Nested lists and objects; the deepest record of the program has 6."""
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def parse_json(text: object, *, decoder: json.JSONDecoder | None = None) -> Any:
    """Returns the content of ``text``; raises ValueError saying in words what is wrong with it."""
    if not isinstance(text, str):
        raise ValueError(f"it is {type(text).__name__}, not text")
    _refuse_depth(text)
    said = _decoded(text, decoder or _DECODER)
    if "\\u" in text:
        _refuse_halves(said)
    return said


def parse_object(text: object) -> dict[str, Any]:
    """Returns the same for a text that must be an object."""
    said = parse_json(text)
    if not isinstance(said, dict):
        raise ValueError("it is no JSON object")
    return said


def parse_message(text: object) -> dict[str, Any]:
    """Returns an object whose numbers may have a point, and fit a float."""
    said = parse_json(text, decoder=_MESSAGES)
    if not isinstance(said, dict):
        raise ValueError("it is no JSON object")
    return said


def object_or_empty(text: object) -> dict[str, Any]:
    """Returns the same, empty for invalid text: damage shows as a link that does not match."""
    try:
        return parse_object(text)
    except ValueError:
        return {}


def _decoded(text: str, decoder: json.JSONDecoder) -> Any:
    """Returns the decoded text without searching for blanks, which the program never writes."""
    if text[:1] == "{":
        said, end = decoder.raw_decode(text)
        if end == len(text):
            return said
    return decoder.decode(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands in it twice")
    return said


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no whole number")


def _small_number(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"{text[:_DIGITS]}... has too many digits")
    return int(text)


def _refuse_halves(said: Any) -> None:
    """Refuse half a surrogate pair, which only an escape can produce."""
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("it holds half a character") from error


def _refuse_depth(text: str) -> None:
    """Refuse deep nesting before parsing: a parser's own limit depends on its caller."""
    if text.count("[") + text.count("{") <= MOST_LEVELS:
        return
    level = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in "[{":
            level += 1
        elif found[0] in "]}":
            level -= 1
        if level > MOST_LEVELS:
            raise ValueError(f"it nests deeper than {MOST_LEVELS} levels")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_refuse_number, parse_constant=_refuse_number
)
_MESSAGES = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_small_number, parse_constant=_refuse_number
)
