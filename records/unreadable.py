"""What stored values do to their readers when they are not what the program writes, and which row.

Only code that says what was altered uses this: its readers raise on what they cannot read, and that
becomes a finding which names the row.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from records.chain import LinkRange, compute_link
from records.stored_session import StoredSession
from records.strict_json import parse_object

UNREADABLE = (
    struct.error, zlib.error, ValueError, TypeError, KeyError, IndexError, AttributeError,
    OverflowError, RecursionError,
)  # fmt: skip
"""Text that is no UTF-8 is a ValueError."""


def unreadable_row(stored: StoredSession) -> str:
    """The first event or link that has no canonical form, for a finding."""
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
