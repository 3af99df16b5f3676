"""Lists of diagnosis codes as CMS and NCHS publish them, read into rows."""

from __future__ import annotations

import re


def codes_of_note(note: str) -> list[str]:
    """The codes in a note's brackets, without dots and dashes: "(M51.2-)" gives M512."""
    found: list[str] = []
    for bracket in re.findall(r"\(([^()]*)\)", note):
        found += re.findall(r"[A-TV-Z]\d[0-9A-Z](?:\.?[0-9A-Z]+)?", bracket)
    return [code.replace(".", "") for code in found]
