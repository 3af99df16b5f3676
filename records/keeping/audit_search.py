"""Reads the audit: by session, by patient or all of it; the reading is recorded too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from records.clinic.audit import Access, accesses, record_read, standing_field
from records.keeping.search import SessionQuery
from records.keeping.session_names import find_treatments
from records.store.author import Person
from records.store.record_folder import RecordFolder


def look_at_accesses(
    folder: RecordFolder,
    day_of: Callable[[int], date],
    person: Callable[[], Person],
    *,
    session: str | None = None,
    patient: str = "",
) -> list[Access]:
    """Returns accesses of a session and of a patient if these are given, oldest first.

    The rows name patients, so this access has a row of its own, which the next one shows. Raises
    AuditUnavailable where that row cannot be kept.
    """
    wanted = {session} if session else None
    ids: list[str] = []
    if patient:
        ids = [one.called for one in find_treatments(folder, SessionQuery(patient=patient), day_of)]
        of_patient = {*ids, standing_field("patient", patient)}
        wanted = of_patient if wanted is None else wanted & of_patient
    found = accesses(folder, wanted)
    if found or (patient and folder.clinic_database.exists()):
        record_read(folder, person(), "audit", fields=ids)
    return found
