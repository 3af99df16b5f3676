"""Texts for X12: capitals, no separator, and only characters of the receiver's set.

Basic and extended character set are those of X12.5 as the implementation guides print them. A text
is written in the available letters, and every change beyond capitals and blanks is reported. An
identifier is never changed: another number would be another claim.
"""

from __future__ import annotations

import re
import unicodedata

from controller.errors import ExportIncomplete
from records.exports.claim.x12 import COMPONENT, ELEMENT, REPETITION, SEGMENT
from records.exports.messages.receiver_maps import X12Characters

BASIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !\"&'()+,-./;?=")
"""Without the separators; the asterisk and the colon are part of the set."""
EXTENDED = BASIC | frozenset("%@[]_{}\\|<>#$")
CARRIED: dict[X12Characters, frozenset[str]] = {"basic": BASIC, "extended": EXTENDED}
_SEPARATORS = ELEMENT + COMPONENT + REPETITION + SEGMENT
_TYPED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02b9\u02bb\u02bc\u02bd\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00b7", "-"),
        "\u2044": "/",
        **dict.fromkeys(_SEPARATORS, " "),
    }
)
"""Typographic signs as on a typewriter; separators as blanks."""
_IN_BASIC = str.maketrans(
    {
        "#": " NO. ",
        "@": " AT ",
        "%": " PCT ",
        "$": " USD ",
        "_": "-",
        **dict.fromkeys("[{<", "("),
        **dict.fromkeys("]}>", ")"),
        **dict.fromkeys("\\|", "/"),
    }
)
_SHORT = str.maketrans(dict.fromkeys("#@%$", " "))
"""The same where words would be too long for their element."""
_LATIN = re.compile(
    r"LATIN (?:CAPITAL |SMALL )?(?:LETTER|LIGATURE) (?:DOTLESS )?([A-Z]{1,2})(?: WITH .*)?"
)
_NAMED = {"\u00d0": "D", "\u00de": "TH", "\u014a": "N", "\u018f": "E", "\u1e9e": "SS"}
"""Capital Eth, Thorn, Eng, Schwa and sharp S: their Unicode names do not name the letters."""


class Wording:
    """Writes the texts of one claim in one character set; records changes and failures."""

    def __init__(self, characters: X12Characters = "basic") -> None:
        self._characters: X12Characters = characters
        self.notices: list[str] = []
        self._refusals: list[str] = []

    def words(self, name: str, text: str | None, longest: int, shortest: int = 0) -> str:
        """Returns a name or an address of ``shortest`` to ``longest`` characters."""
        said = text or ""
        plain = plain_words(said, self._characters)
        if len(plain) > longest and self._characters == "basic":
            plain = plain_words(said.translate(_SHORT), self._characters)
        if strange := _strange(plain, self._characters):
            self._refuse(
                f"{name}={said!r} holds {strange}, which X12 cannot carry; write it in Latin "
                "letters, as on the card of the insured"
            )
            return ""
        if plain != " ".join(said.upper().split()):
            self._tell(f"{name}: {said!r} is written {plain!r}")
        return self._fitting(name, said, plain, (shortest, longest))

    def identifier(self, name: str, text: str | None, longest: int, shortest: int = 0) -> str:
        """Returns a number or a code: in capitals, otherwise unchanged, or not at all."""
        said = text or ""
        plain = said.strip().upper()
        if strange := _strange(plain, self._characters):
            self._refuse(
                f"{name}={said!r} holds {strange}, which X12's {self._characters} character set "
                "does not have; an identifier is never changed, so correct it"
            )
            return ""
        return self._fitting(name, said, plain, (shortest, longest))

    def check(self) -> None:
        """Raises ExportIncomplete naming every text that cannot be written."""
        if self._refusals:
            raise ExportIncomplete("; ".join(dict.fromkeys(self._refusals)))

    def _fitting(self, name: str, said: str, plain: str, taken: tuple[int, int]) -> str:
        shortest, longest = taken
        if shortest <= len(plain) <= longest:
            return plain
        mend = "shorten it" if len(plain) > longest else "write it in full"
        self._refuse(
            f"{name}={said!r} has {len(plain)} characters, X12 takes {shortest} to {longest}; "
            f"{mend}"
        )
        return ""

    def _refuse(self, text: str) -> None:
        self._refusals.append(text)

    def _tell(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)


def plain_words(text: str, characters: X12Characters) -> str:
    """Returns ``text`` in capitals and in letters that a character set may have.

    A character without such a form stays as it is.
    """
    typed = unicodedata.normalize("NFKD", text.translate(_TYPED)).translate(_TYPED)
    bare = "".join(c for c in typed if not unicodedata.combining(c))
    capitals = "".join(map(_latin, bare.upper()))
    shown = capitals if characters == "extended" else capitals.translate(_IN_BASIC)
    return " ".join(shown.split())


def _latin(character: str) -> str:
    """Returns the letters that replace a Latin letter: Ł as L."""
    if character.isascii():
        return character
    if character in _NAMED:
        return _NAMED[character]
    found = _LATIN.fullmatch(unicodedata.name(character, ""))
    return found[1] if found else character


def _strange(text: str, characters: X12Characters) -> str:
    """Returns the characters of a text that are not in a set, each once."""
    strange = dict.fromkeys(c for c in text if c not in CARRIED[characters])
    return ", ".join(f"{c!r} (U+{ord(c):04X})" for c in strange)
