"""Text that people type: what the program accepts, and how any text is made safe to show.

Every entry point (typed lines, options, scripts, order files, notes) calls ``check_text`` or
``check_name`` before text can reach a session, a record or another person's screen. Text already on
file is not checked again: it is shown through ``one_line``, so that no text of a record begins a
line of its own, or through ``visible`` if the program itself made the lines.

Source of the invisible characters: Unicode's categories Cc, Cf, Cs, Zl and Zp, and its property
Default_Ignorable_Code_Point (DerivedCoreProperties.txt), plus the blank of the Braille block.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from controller.errors import RequestRefused

NAME_CHARACTERS: Final = 100
"""Maximum characters of a name: a person with credentials and place of work."""
TEXT_CHARACTERS: Final = 2000
"""Maximum characters of a remark, a reason or a field of order and note."""
ADDRESS_CHARACTERS: Final = 300
"""Maximum characters of a unit's address: a serial device's longest path, a host name of 253."""

AS_WRITTEN: Final = r"""(?<!\w)(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")(?!\w)"""
"""Quoted text, as ``repr`` writes it or in double quotes: somebody's own words, which must not be
changed when the sentence is rewritten.
"""
_INVISIBLE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_INVISIBLE_RANGES: Final = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xFDD0, 0xFDEF),
    (0xE0000, 0xE0FFF),
)
"""Code points that show nothing although their category is another one, or that are unassigned."""
_TURNING: Final = frozenset(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
"""Marks, embeddings, overrides and isolates: they change the order in which text is read."""
_ENDS_OF_LINES: Final = "\n\r\u0085\u2028\u2029"
_UNUSUAL: Final = re.compile(r"[^ -~]")
"""Characters to be examined one by one; most text has none."""
_BYTES: Final = range(0xDC80, 0xDD00)
"""How Python represents a byte of an argument that is invalid in the locale's encoding."""


def check_name(field: str, name: str) -> str:
    """Returns ``name`` if it may stand for a person; raises RequestRefused naming ``field``."""
    if not name.strip():
        raise RequestRefused(f"{field} is empty; say who it is")
    return check_text(field, name, NAME_CHARACTERS)


def check_text(field: str, text: str, most: int = TEXT_CHARACTERS) -> str:
    """Returns ``text`` if it is one line that everybody can read, at most ``most`` characters.

    Raises RequestRefused naming ``field``, the fault and its place, the limit and the next step.
    The message never contains the character itself.
    """
    if fault := fault_of(text, most):
        raise RequestRefused(f"{field} {fault}")
    return text


def fault_of(text: str, most: int = TEXT_CHARACTERS) -> str:
    """Returns the fault of ``text``, to be read after its field's name; "" if there is none."""
    if len(text) > most:
        return f"has {len(text)} characters, at most {most}; shorten it"
    for found in _UNUSUAL.finditer(text):
        if hides(found[0]):
            return _fault_at(found[0], found.start() + 1, len(text))
    return ""


def one_line(text: str) -> str:
    """Returns ``text`` for a line of a list, a note or a table, with line ends written out too.

    So no text in a record can look like a line of the program, such as "Signed by".
    """
    return _UNUSUAL.sub(lambda found: _shown_in_line(found[0]), text)


def lines_of(lines: Iterable[str]) -> str:
    """Returns a document of lines, each kept to one line; ends with a newline."""
    return "".join(f"{one_line(line)}\n" for line in lines)


def texts_in(document: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yields every text of a parsed file with its key, and each key as a text itself."""
    if isinstance(document, str):
        yield key, document
    elif isinstance(document, Mapping):
        for name, inner in document.items():
            if isinstance(name, str):
                yield (f"a key in {key}" if key else "a key"), name
            yield from texts_in(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(document, (list, tuple)):
        for number, inner in enumerate(document):
            yield from texts_in(inner, f"{key}.{number}")


def visible(text: str) -> str:
    """Returns ``text`` with characters that hide, turn or control written out, as in <U+001B>.

    Line ends stay; a tab becomes a space.
    """
    return _UNUSUAL.sub(lambda found: _shown(found[0]), text)


def _shown_in_line(character: str) -> str:
    return f"<{_code(character)}>" if character == "\n" else _shown(character)


def _shown(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    return f"<{_code(character)}>" if hides(character) else character


def hides(character: str) -> bool:
    """True for a character that shows nothing, turns the direction of text or controls a screen."""
    if " " <= character <= "~":
        return False
    if unicodedata.category(character) in _INVISIBLE_CATEGORIES:
        return True
    code = ord(character)
    if code & 0xFFFE == 0xFFFE:
        return True
    return any(first <= code <= last for first, last in _INVISIBLE_RANGES)


def _fault_at(character: str, place: int, length: int) -> str:
    code = ord(character)
    what, todo = "an invisible character", "leave it out"
    if code in _BYTES:
        what = f"the byte 0x{code - 0xDC00:02X}, no text in this system's encoding,"
        todo = "type it in that encoding"
    elif character in _ENDS_OF_LINES:
        what, todo = "an end of line", "write it on one line"
    elif unicodedata.category(character) == "Cc":
        what = "a control character"
    elif code in _TURNING:
        what = "a mark that turns the direction of text"
    where = f"{_code(character)} at character {place} of {length}"
    return f"has {what} ({where}); only visible characters on one line are taken: {todo}"


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
