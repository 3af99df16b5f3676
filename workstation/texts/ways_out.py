"""Rewrites the next step of a refusal: a command at a terminal, a page in a browser.

Records and programs name a command, as in "`traction verify --all` says where". A person at a page
has no command line: the same sentence then names the page and its button, or says that an engineer
is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from controller.words import AS_WRITTEN

PAGES: Final[Mapping[str, str]] = {
    "accept --billing": "[Decide whether it is billed] on the claim's page of the visit",
    "appointments list": "the day's list on the Overview",
    "audit": "the page Audit (under More)",
    "claim new": "[Download a claim context to fill in] on the claim's page of the visit",
    "export": "the claim's page of the visit",
    "note .*--with(out)?": "the sessions of the visit on the note's page (under Notes)",
    "note": "the note's page (under Notes)",
    "order (new|check)": "the order page of the visit",
    "patients add": "[New patient] (under Patients)",
    "patients change": "[Change] on the patient's page",
    "patients end-flag": "[End this flag] on the patient's page",
    "patients flag": "[Set a flag] on the patient's page",
    "patients list": "the page Patients",
    "patients show": "the patient's page",
    "presets (add|list)": "the dose page of a visit",
    "run": "session",
    "scrub": "the claim's page of the visit",
    "sessions": "the page History",
    "show": "the session's page (under History)",
    "sound-check( .*)? --without": "[Work without sound today] under [Sound of the day]",
    "sound-check": "[Sound of the day] on the Overview",
    "today": "the Overview",
    "units list": "the page Settings (under More)",
    "verify( .*)? --(all|bundle)": "",
    "verify": "[Verify] on the session's page (under History)",
    "visit": "[New visit] on the patient's page",
    "watch": "the table's page",
}
"""The page that does the same, by how the command begins; the first match counts."""
_COMMAND: Final = re.compile(rf"{AS_WRITTEN}|`traction (?P<command>[^`]+)`")
"""A command, or before it quoted text, which stays as somebody wrote it."""


def on_a_page(sentence: str) -> str:
    """Returns a sentence of the program for a person at a page."""

    def said(found: re.Match[str]) -> str:
        command = found["command"]
        return found[0] if command is None else _page_of(command)

    return _COMMAND.sub(said, sentence)


@lru_cache(maxsize=256)
def _page_of(command: str) -> str:
    """Returns the page; else the command for an engineer. The overview asks for the same ones."""
    page = next((page for begins, page in PAGES.items() if _begins(begins, command)), "")
    return page or f'"{command}" at the command line (an engineer)'


def _begins(pattern: str, command: str) -> bool:
    return re.match(rf"{pattern}\b", command) is not None
