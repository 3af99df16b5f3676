"""The entries of a visit, checked completely in the same read of clinic.db, or refused.

Results of earlier checks are not used. Drafts are not covered by the chain and are taken unchecked,
as are rows of accesses that wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from controller.errors import JournalCorrupt, RequestRefused
from records.clinic.acceptance import Acceptance, acceptances_of
from records.clinic.chain_check import ClinicAlteration, check_schema
from records.clinic.claim_exports import FiledExport, claim_exports_of
from records.clinic.filed_orders import filed_order, sessions_of_patient
from records.clinic.session_words import (
    SessionClaims,
    SessionWords,
    faults_of_further_seals,
    read_session_words,
)
from records.clinic.standing_used import used_of
from records.clinic.visit_sessions import Visits, visits_in
from records.clinic.visit_steps import steps_of
from records.evidence.believed import altered_text, refusal_of
from records.evidence.reader import SessionRecord
from records.evidence.unreadable import refused_in_words
from records.keeping.listed_sessions import last_visit_of
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.note.lifecycle import note_words_of
from records.note.session_part import RecordedSession
from records.note.spoken import FiledWords, spoken_words
from records.note.stored_text import unchanged_since
from records.note.treatment_note import FurtherSessions
from records.note.words import LastVisit, NoteWords, filing_of
from records.order.order import Order
from records.order.order_file import parse_order
from records.store.clinic_file import clinic_checking
from records.store.database import Database
from records.store.record_folder import RecordFolder

PLACE = "clinic.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWords:
    """What people entered in a visit; ``alterations`` are the mismatches in it.

    ``order`` is the order of the session that the visit is named after; ``further`` are the others.
    """

    order: Order
    note: NoteWords
    last_visit: LastVisit | None
    acceptances: tuple[Acceptance, ...]
    sent: tuple[FiledExport, ...]
    alterations: tuple[ClinicAlteration, ...]
    further: FurtherSessions | None = None

    @property
    def altered(self) -> str:
        """Returns the first of them, in words; "" when there is none."""
        return _altered(self.alterations[0]) if self.alterations else ""


def visit_words(
    folder: RecordFolder, records: Sequence[SessionRecord], visits: Visits
) -> VisitWords:
    """Returns the entries of a visit on file; ``records`` are its sessions, the naming one first.

    Altered but readable entries are returned with their alterations. Raises JournalCorrupt for
    unreadable ones, naming what and where.
    """
    named, known = records[0].head.session_id, key_history(folder)
    with clinic_checking(folder) as db:
        db.execute("BEGIN")  # every query reads the file of one moment
        schema = check_schema(db)
        found = [*schema.alterations]
        if not schema.readable:
            raise refusal_of(named, _altered(found[0]))
        keys = known.only(known_public_keys(folder))
        before = _last_visit(db, folder, records, visits)
        read = [
            read_session_words(
                db,
                keys,
                record.head.session_id,
                _said(record),
                before[0] if before and record is records[0] else None,
            )
            for record in records
        ]
        found += dict.fromkeys(one for words in read for one in words.alterations)
        what = f"the words of session {named} in {PLACE}"
        with _told_first(named, found), refused_in_words(what):
            _require_said(db, visits, records)
            seals = {r.head.session_id: _seal(r) for r in records}
            found += faults_of_further_seals(read[0].stored, seals.get)
            return _Look(db, folder, visits).words_of(records, read, before, tuple(found))


class _Look:
    """One read of clinic.db, from which the entries of a visit are taken."""

    def __init__(self, db: Database, folder: RecordFolder, visits: Visits) -> None:
        self._db, self._folder, self._visits = db, folder, visits

    def words_of(
        self,
        records: Sequence[SessionRecord],
        read: Sequence[SessionWords],
        before: tuple[str, ...] | None,
        found: tuple[ClinicAlteration, ...],
    ) -> VisitWords:
        """Returns the entries of the sessions ``read``; ``before``: those of the previous visit."""
        own, *others = (
            self._session(record, words) for record, words in zip(records, read, strict=True)
        )
        entries = sorted((e for w in read for e in w.entries), key=lambda entry: entry.sequence)
        said = self._visits.of(own.session_id)
        return VisitWords(
            order=own.order,
            note=note_words_of(self._db, self._folder, own.session_id, read[0].entries),
            last_visit=self._words_before(before, read[0], own.record) if before else None,
            acceptances=tuple(acceptances_of(entries)),
            sent=tuple(self._exports(records, read)),
            alterations=found,
            further=FurtherSessions(said=said, sessions=tuple(others)) if said else None,
        )

    def _session(self, record: SessionRecord, words: SessionWords) -> RecordedSession:
        name, order = record.head.session_id, words.order
        if order is None or order.order_digest != record.started.session.order_digest:
            raise JournalCorrupt(f"the order of session {name} is not the one that was filed")
        parsed = parse_order(order.order_text, f"of session {name}")
        entries = words.entries
        return RecordedSession(
            record=record,
            order=parsed,
            filed=filing_of(entries),
            standing=used_of(entries),
            steps=steps_of(entries),
        )

    def _words_before(
        self, before: tuple[str, ...], words: SessionWords, record: SessionRecord
    ) -> LastVisit:
        """Returns the previous visit's entries, under the session that it is named after."""
        said = note_words_of(self._db, self._folder, before[0], words.entries_beside)
        orders = tuple(
            FiledWords(name, _order_on_file(self._db, name), said.filed) for name in before
        )
        texts = spoken_words(orders, said)
        since = {name: _since(said, name, record.head.utc_offset_min) for name in texts}
        return LastVisit(session_id=before[0], words=texts, since=since)

    def _exports(
        self, records: Sequence[SessionRecord], read: Sequence[SessionWords]
    ) -> list[FiledExport]:
        """Returns claims of the visit that left, of any of its sessions."""
        if len(read) == 1:
            return [*claim_exports_of(self._folder, records[0].head.session_id, read[0].entries)]
        found = [
            export
            for record, words in zip(records, read, strict=True)
            for export in claim_exports_of(self._folder, record.head.session_id, words.entries)
        ]
        return sorted(found, key=lambda export: export.at_utc_ms)


def _require_said(db: Database, visits: Visits, records: Sequence[SessionRecord]) -> None:
    """Check that the sessions that were read are those of the visit in this read as well."""
    named = records[0].head.session_id
    now = visits_in(db)
    if now.sessions_with(named) != visits.sessions_with(named):
        raise RequestRefused(
            f"the sessions of the visit of {named} were changed by somebody else meanwhile; "
            "repeat the command"
        )


@contextmanager
def _told_first(session_id: str, found: list[ClinicAlteration]) -> Iterator[None]:
    """Refuse unusable entries with their alteration, where that is known."""
    try:
        yield
    except (JournalCorrupt, RequestRefused) as error:
        if not found:
            raise
        raise refusal_of(session_id, _altered(found[0])) from error


def _since(said: NoteWords, name: str, utc_offset_min: int) -> str:
    """Returns the day since which an entry is unchanged: its own, else the day of its making.

    "" for an order's value with an unknown time of filing.
    """
    word = said.words.get(name)
    if word is not None and (day := unchanged_since(word.source)):
        return day
    utc_ms = word.said_utc_ms if word else said.filed.at_utc_ms if said.filed else None
    if utc_ms is None:
        return ""
    zone = timezone(timedelta(minutes=utc_offset_min))
    return datetime.fromtimestamp(utc_ms / 1000, zone).date().isoformat()


def _altered(found: ClinicAlteration) -> str:
    return altered_text(f"{PLACE}, {found.where}", found.what)


def _said(record: SessionRecord) -> SessionClaims:
    started = record.started.session
    return SessionClaims(started.order_digest, started.patient_key, _seal(record), False, {})


def _seal(record: SessionRecord) -> str | None:
    return record.seal.hex() if record.seal else None


def _last_visit(
    db: Database, folder: RecordFolder, records: Sequence[SessionRecord], visits: Visits
) -> tuple[str, ...] | None:
    """Returns the sessions of the patient's previous visit, the naming one first."""
    key = records[0].started.session.patient_key
    first = min((record.head for record in records), key=lambda head: head.started_utc_ms)
    before = last_visit_of(folder, first, set(sessions_of_patient(db, key)))
    return visits.sessions_with(before) if before is not None else None


def _order_on_file(db: Database, session_id: str) -> Order:
    return parse_order(filed_order(db, session_id).order_text, f"of session {session_id}")
