"""Checks the texts of a file that a person wrote before anything else is done with them.

Only entry points check: what was filed with a session stays readable whatever it contains.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.errors import RequestRefused
from controller.words import NAME_CHARACTERS, TEXT_CHARACTERS, fault_of, texts_in

NAME_KEYS = frozenset({"by", "patient_reference", "prescriber", "set_up_by", "supervised_by"})
"""Keys whose text is a name or a record number."""


def check_words(document: dict[str, Any]) -> None:
    """Check every key and text of a parsed TOML file; raises RequestRefused naming the key."""
    for fault in word_faults(document):
        raise RequestRefused(fault)


def word_faults(document: dict[str, Any]) -> Iterator[str]:
    """Returns what is wrong with the keys and texts of a parsed TOML file, one sentence each."""
    for key, text in texts_in(document):
        name = key.startswith("a key") or key.rpartition(".")[2] in NAME_KEYS
        if fault := fault_of(text, NAME_CHARACTERS if name else TEXT_CHARACTERS):
            yield f"{key} {fault}"


def line_faults(text: str) -> Iterator[str]:
    """Returns what is wrong with the lines of a file that is kept as written, comments included.

    Tabs between the keys are TOML's own.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        plain = line.removesuffix("\r").replace("\t", " ")
        if fault := fault_of(plain, len(plain)):
            yield f"line {number} {fault}"
