"""The entries of one session in clinic.db: its order, its other entries, and their alterations.

To show them, read them here, in one read of the file with the check of its chain. The links are
recomputed from the first to the last, since an entry that was removed or given to another session
may have been one of this session. Signatures are checked of every link since the session's order
was filed, and of those over entries that are read beside (the previous visit).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from records.clinic.chain_check import ChainCheck, ClinicAlteration, altered_row
from records.clinic.filed_orders import FiledOrder
from records.evidence.unreadable import UNREADABLE
from records.keys.key_records import KeyHistory
from records.store.canonical import EventRow
from records.store.cell_check import CellCheck
from records.store.clinic_chain import Entry, EntryKind, entry_of
from records.store.clinic_file import has_chain
from records.store.database import Database, rows
from records.strict_json import object_or_empty

_ORDER = (
    "SELECT patient_key, order_digest, order_text FROM session_order NOT INDEXED "
    "WHERE session_id = ?"
)
_ENTRIES = "SELECT sequence FROM entry NOT INDEXED WHERE session_id = ? ORDER BY sequence"
"""Without the index: a damaged one could hide a row that the walk over the chain has seen."""


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """What one session's opening and seal name; None for what is missing or unreadable."""

    order_digest: object
    patient_key: object
    seal: str | None
    removed: bool
    left: Mapping[str, object]
    """What remains of a session whose content is removed, as named by the entry of its removal."""


@dataclass(frozen=True, kw_only=True)
class SessionWords:
    """The entries. ``order`` is None where it is missing; ``stored`` are this session's entries.

    ``beside`` are those of the previous visit. ``links`` were recomputed.
    """

    order: FiledOrder | None
    stored: tuple[EventRow, ...]
    beside: tuple[EventRow, ...]
    links: int
    alterations: tuple[ClinicAlteration, ...]

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Returns this session's entries; raises JournalCorrupt where one cannot be read."""
        return tuple(entry_of(row) for row in self.stored)

    @property
    def entries_beside(self) -> list[Entry]:
        """Returns those of the previous visit; raises JournalCorrupt where one cannot be read."""
        return [entry_of(row) for row in self.beside]


def read_session_words(
    db: Database,
    keys: KeyHistory,
    session_id: str,
    said: SessionClaims | None,
    beside: str | None = None,
) -> SessionWords:
    """Returns the entries of a session, checked; the caller has compared the schema.

    The caller also holds one read. ``keys`` are the trusted public keys, with their periods.
    ``said`` is what the session's evidence names, None where it cannot be read; ``beside`` is the
    session of the previous visit. Nothing is refused here.
    """
    cells = CellCheck(db)
    faults = [altered_row(fault) for fault in cells.of_table("session_order")]
    chain = ChainCheck(db, keys.public_keys, keys, cells)
    own, others = (_of_session(db, chain, name) for name in (session_id, beside))
    order = None if faults else _order(db, session_id)
    return SessionWords(
        order=order,
        stored=own,
        beside=others,
        links=len(chain.links),
        alterations=(
            *faults,
            *chain.alterations({row.sequence for row in (*own, *others)}, since=_opened_at(own)),
            *(_faults_of_order(order, session_id, said) if not faults else ()),
            *(_faults_of_seals(chain, own, session_id, said.seal) if said else ()),
        ),
    )


def fault_of_order(order: FiledOrder, said: SessionClaims | None) -> str:
    """Returns why an order is not the filed one that the evidence names; "" when it is."""
    try:
        if hashlib.sha256(order.order_text.encode()).hexdigest() != order.order_digest:
            return "its text does not have its digest"
    except UNREADABLE as error:
        return f"its text cannot be read: {error}"
    if said and (order.order_digest, order.patient_key) != (said.order_digest, said.patient_key):
        return "it is not the one that the evidence names"
    return ""


def faults_of_further_seals(
    own: Sequence[EventRow], seal_of: Callable[[str], str | None]
) -> Iterator[ClinicAlteration]:
    """Yields faults of a note that must name the seal of each session; ``own`` are its entries."""
    for row in own:
        for name, seal in further_seals(row).items():
            if seal_of(name) not in (None, seal):
                what = f"entry {row.sequence} names another seal than session {name} has"
                yield ClinicAlteration(where=f"the note over session {name}", what=what)


def further_seals(row: EventRow) -> dict[str, object]:
    """Returns sessions beside its own, with seals, that a signed version of a note is based on."""
    if row.kind not in (EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED):
        return {}
    said = object_or_empty(row.detail_json).get("sessions")
    return {str(name): seal for name, seal in said.items()} if isinstance(said, dict) else {}


def _of_session(db: Database, chain: ChainCheck, session_id: str | None) -> tuple[EventRow, ...]:
    if session_id is None or not has_chain(db):
        return ()
    found = {sequence for (sequence,) in rows(db, _ENTRIES, (session_id,))}
    return tuple(entry for entry in chain.entries if entry.sequence in found)


def _order(db: Database, session_id: str) -> FiledOrder | None:
    for key, digest, text in rows(db, _ORDER, (session_id,)):
        return FiledOrder(patient_key=key, order_digest=digest, order_text=text)
    return None


def _opened_at(own: Sequence[EventRow]) -> int:
    """Returns the entry that filed the order, the session's first; 0 before the register."""
    opened = (row.sequence for row in own if row.kind == EntryKind.SESSION_OPENED)
    return next(opened, 0)


def _faults_of_order(
    order: FiledOrder | None, session_id: str, said: SessionClaims | None
) -> Iterator[ClinicAlteration]:
    """Yields faults; a session whose content was removed by rule names no order and has none."""
    what = ""
    if order is not None:
        what = fault_of_order(order, said)
    elif said is not None and said.order_digest is not None:
        what = "it is not on file, though the evidence names its digest"
    if what:
        yield ClinicAlteration(where=f"the order of session {session_id}", what=what)


def _faults_of_seals(
    chain: ChainCheck, own: Sequence[EventRow], session_id: str, seal: str | None
) -> Iterator[ClinicAlteration]:
    """Yields faults: what was signed, and noted at the session's end, is the evidence's seal."""
    places = {
        EntryKind.NOTE_SIGNED: f"the note of session {session_id}",
        EntryKind.NOTE_AMENDED: f"the note of session {session_id}",
        EntryKind.SESSION_SEALED: f"session {session_id}",
    }
    for row in own:
        if row.kind in places and object_or_empty(row.detail_json).get("seal") != seal:
            what = f"entry {row.sequence} names another seal than the evidence has"
            yield chain.altered(places[EntryKind(row.kind)], what, row.sequence)
