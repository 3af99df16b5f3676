"""ICD-10-CM codes: whether one can be billed and which exclude each other, with the list's dates.

The scrubber takes the list as an argument: reading the real one takes seconds.
"""

from __future__ import annotations

import re
import warnings
from datetime import date
from functools import cache
from typing import Literal, Protocol

from records.claim.code_sets import plain
from records.claim.rules.spine_regions import SPINE_PARTS, regions_of_words

CodeState = Literal["billable", "category", "unknown"]


class CodeList(Protocol):
    """A dated list of diagnosis codes; codes are given without dot, in capitals."""

    name: str
    valid_from: date
    valid_to: date

    def state(self, code: str) -> CodeState:
        """Billable (a leaf), only a category above billable codes, or not in the list."""
        ...

    def exclude_each_other(self, first: str, second: str) -> bool:
        """True when an Excludes1 note of one code or its categories names the other."""
        ...

    def regions(self, code: str) -> frozenset[str]:
        """The regions of the spine that a code names; empty when it names none."""
        ...


class InstalledCodeList:
    """The list inside the installed package simple_icd_10_cm (release of April 2026)."""

    name = "ICD-10-CM, release of April 2026"
    valid_from = date(2025, 10, 1)
    valid_to = date(2026, 9, 30)
    """A federal fiscal year: its release holds from 1 October to 30 September."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # The package reads its own data by a function that is called old.
            warnings.simplefilter("ignore", DeprecationWarning)
            import simple_icd_10_cm  # parses 10 MB of XML

        self._codes = simple_icd_10_cm

    def state(self, code: str) -> CodeState:
        """Whether a code may be billed, has children that are, or is in no list."""
        if not self._codes.is_valid_item(code):
            return "unknown"
        return "billable" if self._codes.is_leaf(code) else "category"

    def exclude_each_other(self, first: str, second: str) -> bool:
        """Whether one of two codes excludes the other where it stands (Excludes1)."""
        return self._names(first, second) or self._names(second, first)

    def regions(self, code: str) -> frozenset[str]:
        """The regions of the spine in a code's own words (spine_regions.py)."""
        if self.state(code) == "unknown":
            return frozenset()
        places = (code, *self._codes.get_ancestors(code))
        if SPINE_PARTS.isdisjoint(places):
            return frozenset()
        texts = [self._codes.get_description(place) for place in places if len(plain(place)) > 3]
        return regions_of_words(texts)

    def _names(self, first: str, second: str) -> bool:
        """Whether a note of ``first`` names ``second``; a note names "(M51.2-)" or "(M54.16)"."""
        if self.state(first) == "unknown":
            return False
        places = [first, *self._codes.get_ancestors(first)]
        notes = [note for place in places for note in self._codes.get_excludes1(place)]
        return any(second.startswith(named) for note in notes for named in codes_of_note(note))


def codes_of_note(note: str) -> list[str]:
    """The codes in a note's brackets, without dots and dashes: "(M51.2-)" gives M512."""
    found: list[str] = []
    for bracket in re.findall(r"\(([^()]*)\)", note):
        found += re.findall(r"[A-TV-Z]\d[0-9A-Z](?:\.?[0-9A-Z]+)?", bracket)
    return [code.replace(".", "") for code in found]


@cache
def installed_code_list() -> CodeList:
    """The installed list; takes seconds at its first use."""
    return InstalledCodeList()
