"""The words of a visit, checked whole in the same look at clinic.db, or refused.

Nothing is remembered of earlier checks. Drafts are not covered by the chain and are taken as they
stand; so are rows of accesses that wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from controller.errors import JournalCorrupt, RequestRefused
from records.clinic.acceptance import Acceptance, acceptances_of
from records.clinic.chain_check import ClinicAlteration, check_schema
from records.clinic.claim_exports import FiledExport, claim_exports_of
from records.clinic.clinic_evidence import SessionClaims
from records.clinic.filed_orders import filed_order, sessions_of_patient
from records.clinic.session_words import SessionWords, read_session_words
from records.evidence.believed import altered_text, refusal_of
from records.evidence.reader import SessionRecord
from records.evidence.unreadable import refused_in_words
from records.keeping.search import last_visit_of
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.note.lifecycle import note_words_of
from records.note.spoken import spoken_words
from records.note.words import LastVisit, NoteWords
from records.order.order import Order
from records.order.order_file import parse_order
from records.store.clinic_file import clinic_checking
from records.store.database import Database
from records.store.record_folder import RecordFolder

PLACE = "clinic.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWords:
    """What people said of a visit; ``alterations`` are what does not fit in it."""

    order: Order
    note: NoteWords
    last_visit: LastVisit | None
    acceptances: tuple[Acceptance, ...]
    sent: tuple[FiledExport, ...]
    alterations: tuple[ClinicAlteration, ...]

    @property
    def altered(self) -> str:
        """The first of them, in words; "" when there is none."""
        return _altered(self.alterations[0]) if self.alterations else ""


def visit_words(folder: RecordFolder, record: SessionRecord) -> VisitWords:
    """The words of a session on file.

    What was altered and can be read all the same is handed out with its alterations. Raises
    JournalCorrupt where it cannot, naming what and where.
    """
    session_id, known = record.head.session_id, key_history(folder)
    with clinic_checking(folder) as db:
        db.execute("BEGIN")  # every look is at the file of one moment
        schema = check_schema(db)
        found = [*schema.alterations]
        if not schema.readable:
            raise refusal_of(session_id, _altered(found[0]))
        keys = known.only(known_public_keys(folder))
        before = _last_visit(db, folder, record)
        words = read_session_words(db, keys, session_id, _said(record), before)
        found += words.alterations
        what = f"the words of session {session_id} in {PLACE}"
        with _told_first(session_id, found), refused_in_words(what):
            return _words_of(db, folder, record, words, before, tuple(found))


def _words_of(
    db: Database,
    folder: RecordFolder,
    record: SessionRecord,
    words: SessionWords,
    before: str | None,
    found: tuple[ClinicAlteration, ...],
) -> VisitWords:
    session_id, entries = record.head.session_id, words.entries
    if words.order is None or words.order.order_digest != record.started.session.order_digest:
        raise JournalCorrupt(f"the order of session {session_id} is not the one that was filed")
    last_visit = None
    if before is not None:
        said = note_words_of(db, folder, before, words.entries_beside)
        last_visit = LastVisit(
            session_id=before, words=spoken_words(_order_on_file(db, before), said)
        )
    return VisitWords(
        order=parse_order(words.order.order_text, f"of session {session_id}"),
        note=note_words_of(db, folder, session_id, entries),
        last_visit=last_visit,
        acceptances=tuple(acceptances_of(entries)),
        sent=claim_exports_of(folder, session_id, entries),
        alterations=found,
    )


@contextmanager
def _told_first(session_id: str, found: list[ClinicAlteration]) -> Iterator[None]:
    """Words that nothing can be made of are refused with what was altered, where that is known."""
    try:
        yield
    except (JournalCorrupt, RequestRefused) as error:
        if not found:
            raise
        raise refusal_of(session_id, _altered(found[0])) from error


def _altered(found: ClinicAlteration) -> str:
    return altered_text(f"{PLACE}, {found.where}", found.what)


def _said(record: SessionRecord) -> SessionClaims:
    started = record.started.session
    seal = record.seal.hex() if record.seal else None
    return SessionClaims(started.order_digest, started.patient_key, seal, False, {})


def _last_visit(db: Database, folder: RecordFolder, record: SessionRecord) -> str | None:
    """The patient's visit before this one."""
    key = record.started.session.patient_key
    return last_visit_of(folder, record.head, set(sessions_of_patient(db, key)))


def _order_on_file(db: Database, session_id: str) -> Order:
    return parse_order(filed_order(db, session_id).order_text, f"of session {session_id}")
