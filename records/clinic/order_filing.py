"""Files the order of a session that is about to be opened, and its standing data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.errors import RecordNotFound, RequestRefused
from records.clinic.filed_orders import FiledOrder, filed_order
from records.clinic.session_register import append_opened
from records.clinic.standing_used import NOTHING_USED, StandingUsed, used_entry
from records.clinic.visit_steps import VisitBegun, begun_entry
from records.store.author import Author
from records.store.clinic_chain import append_entries
from records.store.clinic_file import clinic_writing
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder

if TYPE_CHECKING:
    from records.order.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that is about to be opened on a unit, and the standing data it uses.

    ``begun`` are the steps of the visit that it was begun in; None outside of one.
    """

    session_id: str
    unit_id: str
    used: StandingUsed = NOTHING_USED
    begun: VisitBegun | None = None


def file_order(
    folder: RecordFolder,
    order: Order,
    session: NewSession,
    *,
    author: Author,
    new_key: Callable[[], str],
) -> str:
    """File a session's order; returns the patient's key, made by ``new_key`` at the first visit.

    The register says that ``author`` opened the session on that unit, and the standing data that it
    uses are kept beside it. The same order of the same session is filed once, however often it is
    requested. Raises JournalUnavailable when it cannot be stored, RequestRefused where the session
    has another order on file.
    """
    with clinic_writing(folder) as db:
        if (known := _filed_before(db, session.session_id, order)) is not None:
            return known.patient_key
        key = _patient_key(db, order.patient_reference, new_key)
        db.execute(
            "INSERT INTO session_order VALUES (?, ?, ?, ?)",
            (session.session_id, key, order.digest, order.source_text),
        )
        append_opened(
            db,
            author,
            session_id=session.session_id,
            unit_id=session.unit_id,
            patient_key=key,
            digest=order.digest,
        )
        if session.used.records:
            entry = used_entry(author, session.session_id, key, session.used)
            append_entries(db, author, [entry])
        if session.begun is not None:
            begun = begun_entry(author, session.session_id, key, session.begun)
            append_entries(db, author, [begun])
        return key


def _filed_before(db: Database, session_id: str, order: Order) -> FiledOrder | None:
    try:
        known = filed_order(db, session_id)
    except RecordNotFound:
        return None
    if known.order_digest != order.digest:
        raise RequestRefused(
            f"session {session_id} has another order on file than this one; load the page of the "
            "order again and send that"
        )
    return known


def _patient_key(db: Database, reference: str, new_key: Callable[[], str]) -> str:
    found = rows(db, "SELECT key FROM patient WHERE reference = ?", (reference,))
    if found:
        return str(found[0][0])
    key = new_key()
    db.execute("INSERT INTO patient VALUES (?, ?)", (key, reference))
    return key
