"""Orders that no session on file followed: refused, or never begun. Read-only.

They are in one list with sessions, and found by the same queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from controller.errors import JournalCorrupt, RecordNotFound
from records.checked_data import digest_of
from records.clinic.filed_orders import filed_order, reference_of
from records.evidence.reader import is_on_file
from records.keeping.search import ALWAYS_MS, SearchedSessions, SessionQuery
from records.store.clinic_chain import EntryKind
from records.store.clinic_file import clinic_reading, has_chain
from records.store.database import rows
from records.store.record_folder import RecordFolder
from records.strict_json import object_or_empty

NO_SESSION: Final = "no session on file"
"""The outcome of an order without a session."""
_OPENED: Final = (
    "SELECT session_id, utc_ms, detail FROM entry WHERE kind = ? AND utc_ms BETWEEN ? AND ? "
    "AND session_id IN (SELECT value FROM json_each(?)) ORDER BY utc_ms DESC, session_id DESC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfollowedOrder:
    """An order by the id that its session would have had; ``unit_id`` is "" if unknown.

    ``reference`` is the patient's; ``by`` is who filed it.
    """

    session_id: str
    unit_id: str
    filed_utc_ms: int
    reference: str
    patient_key: str
    by: str


def find_unfollowed(
    folder: RecordFolder,
    query: SessionQuery,
    day_of: Callable[[int], date],
    searched: SearchedSessions,
) -> list[UnfollowedOrder]:
    """Returns the matches, newest first; ``searched`` is the session search of this query.

    Every file of the sessions must have been read: an unknown session is not a missing one.
    """
    waiting = searched.spoken.keys() - searched.begun
    found = []
    for name, filed_utc_ms, said in _opened(folder, query.around_ms, waiting):
        spoken, unit_id = searched.spoken[name], str(said.get("unit_id", ""))
        if query.fits(NO_SESSION, spoken.references, spoken.texts, unit_id) and query.fits_day(
            filed_utc_ms, day_of
        ):
            found.append(_order(name, filed_utc_ms, said, spoken.reference))
    return found


def unfollowed_order(folder: RecordFolder, session_id: str) -> tuple[UnfollowedOrder, str]:
    """Returns one of them with its text, by its whole id; raises RecordNotFound, JournalCorrupt."""
    opened = list(_opened(folder, ALWAYS_MS, {session_id}))
    if not opened or is_on_file(folder, session_id):
        raise RecordNotFound(
            f"session {session_id!r} is not on file in {folder}, nor is an order without a "
            "session; `traction sessions` lists them"
        )
    with clinic_reading(folder) as db:
        text, reference = filed_order(db, session_id).order_text, reference_of(db, session_id)
    ((name, filed_utc_ms, said),) = opened
    if said.get("order_digest") != digest_of(text):
        raise JournalCorrupt(
            f"the order of session {session_id} does not fit the entry with which it was filed; "
            "`traction verify --all` says what else was altered"
        )
    return _order(name, filed_utc_ms, said, reference), text


def _opened(
    folder: RecordFolder, between_ms: tuple[int, int], names: Collection[str]
) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Yields each of these orders that was filed in this time: id, when, and its content."""
    if not names:
        return
    with clinic_reading(folder) as db:
        asked = (int(EntryKind.SESSION_OPENED), *between_ms, json.dumps(sorted(names)))
        opened = rows(db, _OPENED, asked) if has_chain(db) else []
    for name, filed_utc_ms, detail in opened:
        yield name, filed_utc_ms, object_or_empty(detail)


def _order(
    name: str, filed_utc_ms: int, said: Mapping[str, Any], reference: str
) -> UnfollowedOrder:
    return UnfollowedOrder(
        session_id=name,
        unit_id=str(said.get("unit_id", "")),
        filed_utc_ms=filed_utc_ms,
        reference=reference,
        patient_key=str(said.get("patient_key", "")),
        by=str(said.get("by", "")),
    )
