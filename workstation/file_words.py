"""The words of a file that a person wrote, checked before anything else is made of them.

Only doors ask: what was filed with a session stays readable whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.words import NAME_CHARACTERS, TEXT_CHARACTERS, check_text

NAME_KEYS = frozenset({"by", "patient_reference", "prescriber", "set_up_by", "supervised_by"})
"""Keys whose text is a name or a number of record."""


def check_words(document: dict[str, Any]) -> None:
    """Check every key and text of a parsed TOML file; raises RequestRefused naming the key."""
    for key, text in _texts(document, ""):
        name = key.rpartition(".")[2] in NAME_KEYS
        check_text(key, text, NAME_CHARACTERS if name else TEXT_CHARACTERS)


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            within = f"a key in {key}" if key else "a key"
            check_text(within, name, NAME_CHARACTERS)
            yield from _texts(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{key}.{number}")
