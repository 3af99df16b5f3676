"""Errors of readers at stored values that the program does not write, and their rows.

Code that reports alterations makes a finding of it that names the row; every other reader refuses
with the record's name (``refused_in_words``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import JournalCorrupt
from records.evidence.stored_session import StoredSession
from records.store.chain import LinkRange, compute_link
from records.strict_json import parse_object

UNREADABLE = (
    struct.error,
    zlib.error,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""Text that is not UTF-8 is a ValueError."""


@contextmanager
def refused_in_words(what: str) -> Iterator[None]:
    """Turn a reader's error at a value into JournalCorrupt; ``what`` names the record."""
    try:
        yield
    except UNREADABLE as error:
        raise JournalCorrupt(
            f"{what} cannot be read ({type(error).__name__}: {error}): it was altered or damaged; "
            "`traction verify --all` says where"
        ) from error


def unreadable_row(stored: StoredSession) -> str:
    """Returns the first event or link that has no canonical form, for a finding."""
    return next(_unreadable_rows(stored), "the stored numbers")


def _unreadable_rows(stored: StoredSession) -> Iterator[str]:
    for index, event in enumerate(stored.events):
        try:
            event.canonical()
            parse_object(event.detail_json)
        except UNREADABLE:
            yield f"event {index}"
    for index, link in enumerate(stored.links):
        if not _packs(link.covered):
            yield f"link {index}"


def _packs(covered: LinkRange) -> bool:
    try:
        compute_link(b"", covered, b"", b"")
    except UNREADABLE:
        return False
    return True
