"""The interface of a list of ICD-10-CM codes for rules; the scrubber takes one as an argument."""

from __future__ import annotations

from datetime import date
from typing import Literal, Protocol

CodeState = Literal["billable", "category", "unknown"]


class CodeList(Protocol):
    """A dated list of diagnosis codes; codes are given without dot, in capitals."""

    name: str
    valid_from: date
    valid_to: date
    has_exclusions: bool
    """False where the source of the list has no Excludes1 notes."""

    def state(self, code: str) -> CodeState:
        """Returns billable (a leaf), only a category above billable codes, or not in the list."""
        ...

    def exclude_each_other(self, first: str, second: str) -> bool:
        """Returns True when an Excludes1 note of one code or its categories names the other."""
        ...

    def regions(self, code: str) -> frozenset[str]:
        """Returns the regions of the spine that a code names; empty for none."""
        ...
