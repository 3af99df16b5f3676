"""A visit that was entered from a downtime sheet: its entries checked completely, or refused.

It has a note but no evidence, so its claim is never ready: rule T-001 says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from controller.errors import RecordNotFound
from controller.runtime.clock import SystemClock
from records.claim.account import account_number
from records.claim.charge_line import CPT, UNITS, noted_diagnoses
from records.claim.context import OF_THE_SESSION, ClaimContext, Payer, ServiceLine
from records.claim.context_file import ImportedClaim
from records.claim.rules.code_lists import code_list_for
from records.claim.rules.facts import Beside, Facts
from records.claim.rules.payer_profile import find_profile
from records.claim.rules.scrubber import ScrubReport, report_of
from records.claim.rules.tables import load_tables
from records.clinic.audit import record_read
from records.clinic.chain_check import ClinicAlteration, check_schema
from records.clinic.paper_sheets import (
    KeptSheet,
    PaperSheet,
    fault_of_sheet,
    sheets_of,
    sheets_on_file,
)
from records.clinic.session_words import SessionWords, read_session_words
from records.evidence.believed import altered_text, mark_of, refusal_of
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.note.lifecycle import note_words_of
from records.note.paper_note import minutes_of, paper_note, sheet_as_evidence, sheet_zone
from records.note.treatment_note import TreatmentNote
from records.standing.claim_context import standing_context
from records.standing.versions import StandingData, read_standing
from records.store.author import Person
from records.store.clinic_file import clinic_checking
from records.store.record_folder import RecordFolder
from records.visit.billing import GENERIC_PAYER
from records.visit.face import Face, face_of
from records.visit.load import Practice
from records.visit.words import PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperVisit:
    """A sheet with its note; ``context`` and ``report`` exist once the rules were applied."""

    kept: KeptSheet
    note: TreatmentNote
    face: Face
    zone: tzinfo
    made_at: datetime
    clinic: str = ""
    altered: str = ""
    context: ClaimContext | None = None
    report: ScrubReport | None = None

    @property
    def session_id(self) -> str:
        """Returns the sheet's id."""
        return self.kept.sheet.sheet_id

    @property
    def patient_reference(self) -> str:
        """Returns the patient, by the note's newest entry."""
        return self.note.field("patient_reference").value or ""

    @property
    def mark(self) -> str:
        """Returns the mark on every page of altered entries; "" for intact ones."""
        return mark_of(self.altered)

    @property
    def account(self) -> str:
        """Returns the visit's account number."""
        return account_number(self.session_id)


def load_paper(
    folder: RecordFolder, sheet_id: str, practice: Practice, *, altered_too: bool = False
) -> PaperVisit:
    """Returns the visit of a sheet.

    Raises RecordNotFound, or JournalCorrupt for altered entries.

    With ``altered_too`` readable parts are returned with the mark.
    """
    known = key_history(folder)
    require_sheet(folder, sheet_id)
    with clinic_checking(folder) as db:
        db.execute("BEGIN")  # every query reads the file of one moment
        schema = check_schema(db)
        if not schema.readable:
            raise refusal_of(sheet_id, _altered(schema.alterations[0]))
        keys = known.only(known_public_keys(folder))
        words = read_session_words(db, keys, sheet_id, None)
        found = [*schema.alterations, *words.alterations, *_faults_of_sheet(sheet_id, words)]
        altered = _altered(found[0]) if found else ""
        if altered and not altered_too:
            raise refusal_of(sheet_id, altered)
        kept = next(sheets_of(words.entries), None)
        if kept is None:
            raise refusal_of(sheet_id, altered or f"{PLACE}: the entry of the sheet is gone")
        spoken = note_words_of(db, folder, sheet_id, words.entries)
    zone = spoken.zone or _zone(practice, kept.sheet)
    note = paper_note(kept, spoken, zone).in_clinic_with(practice.unit_of_force)
    held = StandingData() if altered else read_standing(folder)
    return PaperVisit(
        kept=kept,
        note=note,
        face=face_of(note),
        zone=zone,
        made_at=datetime.fromtimestamp(SystemClock().utc_ms() // 1000, zone),
        clinic=held.clinic.record.name if held.clinic else practice.clinic,
        altered=altered,
    )


def _zone(practice: Practice, sheet: PaperSheet) -> tzinfo:
    """Returns the clinic's zone; the offset of the sheet's entry where that differs."""
    zone, entered = practice.zone_at(sheet.began_utc_ms), sheet_zone(sheet)
    began = datetime.fromtimestamp(sheet.began_utc_ms / 1000, zone)
    return zone if began.utcoffset() == entered.utcoffset(began) else entered


def audited_paper(
    folder: RecordFolder,
    sheet_id: str,
    practice: Practice,
    person: Person,
    what: str,
    *,
    altered_too: bool = False,
) -> PaperVisit:
    """Returns the same, after the row of this access was kept; raises AuditUnavailable."""
    kept = require_sheet(folder, sheet_id)
    record_read(folder, person, what, session_id=sheet_id, patient_key=kept.patient_key)
    return load_paper(folder, sheet_id, practice, altered_too=altered_too)


def require_sheet(folder: RecordFolder, sheet_id: str) -> KeptSheet:
    """Returns a sheet on file; raises RecordNotFound."""
    for kept in sheets_on_file(folder):
        if kept.sheet.sheet_id == sheet_id:
            return kept
    raise RecordNotFound(
        f"downtime sheet {sheet_id} is not on file in {folder}; `traction sessions` lists sheets "
        "behind the sessions"
    )


def scrubbed_paper(
    folder: RecordFolder,
    visit: PaperVisit,
    *,
    payer: str | None = None,
    imported: ImportedClaim | None = None,
) -> PaperVisit:
    """Returns the visit with the rules' report, which has T-001: it is never ready.

    Rules about a device's note are not judged: there is none.
    """
    held = StandingData() if visit.altered else read_standing(folder)
    patient = held.patient_exactly(visit.patient_reference)
    pays = patient.record.payer if patient else None
    if imported is not None:
        context = imported.context(visit.session_id)
        profile = find_profile(payer or context.payer.profile, folder)
    else:
        profile = find_profile(payer or (pays.profile if pays else GENERIC_PAYER), folder)
        context = _context(visit, Payer(kind=profile.kind, profile=profile.name))
        if patient is not None:
            performed_by = visit.note.field("performed_by").value or ""
            context = standing_context(context, held, patient, performed_by)
    tables = load_tables(folder).with_code_list(code_list_for(folder, context.date_of_service))
    beside = Beside(log_altered=visit.altered, sheet=sheet_as_evidence(visit.kept))
    report = report_of(Facts(None, None, context, profile, tables, beside))
    return replace(visit, context=context, report=report, face=face_of(visit.note, report))


def why_not_made(visit: PaperVisit, what: str) -> str:
    """Returns why a document of a recorded session is not made of a sheet."""
    return (
        f"{what} of {visit.session_id} is not made: the visit was entered from a downtime sheet, "
        "and no device recorded it (rule T-001). Its pdf, text, json and its scrub report are"
    )


def _context(visit: PaperVisit, payer: Payer) -> ClaimContext:
    """Returns what the sheet knows of a claim; everything else stays open."""
    sheet, zone = visit.kept.sheet, visit.zone
    start, stop = (
        datetime.fromtimestamp(utc_ms // 1000, zone)
        for utc_ms in (sheet.began_utc_ms, sheet.ended_utc_ms)
    )
    codes = tuple(code.replace(".", "") for code in noted_diagnoses(visit.note))
    region = sheet.values.get("region")
    line = ServiceLine.model_validate(
        {
            "cpt": CPT,
            "units": UNITS,
            "dx_pointers": tuple(range(1, min(len(codes), 4) + 1)),
            "started_at": start,
            "ended_at": stop,
            "minutes": minutes_of(sheet),
            "body_region": region,
        }
    )
    return ClaimContext(
        claim_id=account_number(sheet.sheet_id),
        payer=payer,
        form="837P",
        date_of_service=start.date(),
        patient_ref=visit.patient_reference or None,
        diagnoses=codes,
        lines=(line,),
        source=OF_THE_SESSION,
        source_digest=visit.kept.digest,
    )


def _faults_of_sheet(sheet_id: str, words: SessionWords) -> Iterator[ClinicAlteration]:
    if what := fault_of_sheet(words.stored):
        yield ClinicAlteration(where=f"sheet {sheet_id}", what=what)


def _altered(found: ClinicAlteration) -> str:
    return altered_text(f"{PLACE}, {found.where}", found.what)
