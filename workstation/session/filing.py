"""Files the order of a session in clinic.db, and reads an order that somebody else filed.

``traction run`` files when the unit has been found. With a station the requesting process files it
first, and the process that drives then writes evidence only.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.errors import RequestRefused
from controller.words import one_line
from records.clinic.filed_orders import filed_order
from records.clinic.order_filing import NewSession, file_order
from records.clinic.visit_steps import VisitBegun, steps_of
from records.order.order import Order
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.standing.fit import check_order_fits_table
from records.standing.for_session import standing_for, unit_called
from records.standing.versions import read_standing
from records.store.author import Author
from records.store.clinic_chain import entries_of_session
from records.store.clinic_file import clinic_reading
from workstation.session.identifiers import Identifiers
from workstation.session.workplace import FiledSession, Workplace

SHOWN_DIGITS = 12
"""Of a digest in a message."""


def file_for_table(
    workplace: Workplace,
    planned: PlannedOrder,
    table: str,
    *,
    author: Author,
    identifiers: Identifiers,
    begun: VisitBegun | None = None,
) -> FiledSession:
    """File an order for a session on a configured table; this drives nothing.

    ``author`` is who asks for the session. Raises RequestRefused for a table that is not configured
    or was never identified, PrescriptionInvalid for an order that does not fit patient or table,
    JournalUnavailable when it cannot be stored.
    """
    held = read_standing(workplace.folder)
    unit = unit_called(held, table)
    if unit is None or unit.record.unit_id is None:
        raise RequestRefused(
            f"table {one_line(table)!r} is not configured with its unit_id; "
            "`traction units` lists the tables, and `traction commission` says what answers there"
        )
    check_order_fits_table(planned.order.prescription, unit)
    utc_ms = workplace.clock.utc_ms()
    day = workplace.settings.day_at(utc_ms)
    standing = standing_for(held, planned.order, day).at_table(unit)
    new = NewSession(
        session_id=identifiers.session_id(utc_ms),
        unit_id=unit.record.unit_id,
        used=standing.used,
        begun=begun,
    )
    return file_session(
        workplace, planned.order, new, author=author, new_key=identifiers.patient_key
    )


def file_session(
    workplace: Workplace,
    order: Order,
    new: NewSession,
    *,
    author: Author,
    new_key: Callable[[], str],
) -> FiledSession:
    """File the order of a session by ``author``; raises JournalUnavailable."""
    patient_key = file_order(workplace.folder, order, new, author=author, new_key=new_key)
    return FiledSession(
        session_id=new.session_id, patient_key=patient_key, order_digest=order.digest
    )


def read_filed(workplace: Workplace, filed: FiledSession) -> tuple[PlannedOrder, VisitBegun | None]:
    """Returns the order of a session that was filed before, and the steps of its visit.

    Raises RecordNotFound for a session without an order, RequestRefused where the order on file is
    not the one that was asked for.
    """
    with clinic_reading(workplace.folder) as db:
        found = filed_order(db, filed.session_id)
        entries = entries_of_session(db, filed.session_id)
    order = parse_order(found.order_text, f"of session {filed.session_id}")
    asked = (filed.patient_key, filed.order_digest)
    if asked != (found.patient_key, found.order_digest) or order.digest != found.order_digest:
        raise RequestRefused(
            f"the order on file for session {filed.session_id} is not the one that was asked "
            f"for (digest {order.digest[:SHOWN_DIGITS]}, asked "
            f"{filed.order_digest[:SHOWN_DIGITS]}); file the order again"
        )
    steps = steps_of(entries)
    begun = VisitBegun(visit=steps[0].visit, steps=steps) if steps else None
    return PlannedOrder.of(order), begun
