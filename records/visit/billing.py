"""Billing of a visit as a Python API: scrub, accept. The commands only print it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TypeAlias

from controller.errors import ClaimContextInvalid, RequestRefused
from records.claim.charge_line import (
    DIAGNOSIS,
    MODIFIER,
    MOST_DIAGNOSES,
    context_of_session,
    with_accepted,
    without_room,
)
from records.claim.code_sets import plain
from records.claim.context import TRACTION_CPT, ClaimContext, Payer
from records.claim.context_file import ImportedClaim
from records.claim.decision import BILL_52, BILLING, DECISIONS, checked_reason, decision_of
from records.claim.rules.code_lists import code_list_for
from records.claim.rules.facts import Beside, Facts, OtherSession
from records.claim.rules.offers import offers_of
from records.claim.rules.payer_profile import PayerProfile, find_profile
from records.claim.rules.predicates.diagnosis import AS_SENT
from records.claim.rules.predicates.modifiers import MODIFIER as TWO_CHARACTERS
from records.claim.rules.scrubber import ScrubReport, report_of
from records.claim.rules.tables import load_tables
from records.claim.unwritten import UnwrittenExport
from records.clinic.acceptance import OfferAnswer, record_acceptance
from records.clinic.claim_exports import claim_exports_of
from records.clinic.filed_orders import sessions_of_patient
from records.clinic.visit_sessions import visits_in
from records.evidence.stored_session import SessionHead
from records.keeping.listed_sessions import others_of_day
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, entries_of_kind, entries_of_session
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from records.visit.face import face_of
from records.visit.responsible_assistants import assistant_time_of
from records.visit.sent import differences
from records.visit.visit import Visit

GENERIC_PAYER = "commercial"
"""Profile when neither the command nor the context names one; it makes no assumption about a payer.
"""


Trial: TypeAlias = Callable[[Visit], tuple[UnwrittenExport, ...]]
"""Tries to write a visit's claim and returns what would be refused."""


def billed(
    folder: RecordFolder,
    visit: Visit,
    *,
    payer: str | None = None,
    imported: ImportedClaim | None = None,
    trial: Trial | None = None,
) -> Visit:
    """Returns the visit with its claim scrubbed; ``payer`` is a profile, which has priority.

    Without an imported claim it is what record, order, note and the standing data of a patient on
    file know; without a ``trial`` no claim is ready. Raises RequestRefused, RulesInvalid,
    ClaimContextInvalid or JournalError.
    """
    context, profile = claim_of(folder, visit, payer=payer, imported=imported)
    left_out = without_room(context, visit.acceptances)
    context = with_accepted(context, visit.acceptances)
    codes = code_list_for(folder, context.date_of_service)
    tables = load_tables(folder).with_code_list(codes)
    facts = Facts(
        visit.note,
        visit.record,
        context,
        profile,
        tables,
        Beside(
            log_altered=visit.altered,  # by the checks when the visit was loaded
            refusals=trial(replace(visit, context=context)) if trial else None,
            decision=decision_of(visit.acceptances),
            other_sessions=tuple(_other_sessions(folder, visit)),
            further_records=tuple(
                each.record for each in visit.sessions if each.record is not visit.record
            ),
            other_profile=_other_profile(folder, context),
            assistant_time=assistant_time_of(folder, visit),
        ),
    )
    report = _naming(report_of(facts), left_out)
    visit = replace(visit, context=context, facts=facts, report=report, offers=offers_of(facts))
    return replace(visit, face=face_of(visit.note, report, differences(visit)))


def _other_profile(folder: RecordFolder, context: ClaimContext) -> PayerProfile | None:
    """Returns the second payer's profile, where the claim names one; raises RulesInvalid."""
    other = context.other_payer
    return None if other is None else find_profile(other.profile, folder)


def _other_sessions(folder: RecordFolder, visit: Visit) -> Iterator[OtherSession]:
    """Returns the patient's other treatments on the clinic's day: a visit's sessions are one."""

    def began(utc_ms: int) -> datetime:
        return datetime.fromtimestamp(utc_ms / 1000, visit.zone)

    own, head = set(visit.note.sessions), visit.sessions[0].record.head
    with clinic_reading(folder) as db:
        db.execute("BEGIN")  # every query reads the file of one moment
        visits = visits_in(db)
        known = set(sessions_of_patient(db, visit.note.patient_key)) - own
        together: dict[tuple[str, ...], SessionHead] = {}
        for other in others_of_day(folder, head, known, lambda utc_ms: began(utc_ms).date()):
            together.setdefault(visits.sessions_with(other.session_id), other)
        entries = {name: entries_of_session(db, name) for sessions in together for name in sessions}
        papers = entries_of_kind(db, EntryKind.PAPER_SHEET)
    if papers:
        yield from _on_paper(papers, visit, began(head.started_utc_ms).date())
    for sessions, other in together.items():
        sent = [each for name in sessions for each in claim_exports_of(folder, name, entries[name])]
        yield OtherSession(
            session_id=other.session_id if len(sessions) == 1 else " with ".join(sessions),
            began=began(other.started_utc_ms).astimezone(UTC),
            exported=any(each.ready for each in sent),
        )


def _on_paper(papers: Sequence[Entry], visit: Visit, day: date) -> Iterator[OtherSession]:
    """Yields visits of the patient and day entered from downtime sheets, none of whose claims left.

    A patient is known by the reference there: a sheet may be older than the patient's key.
    """
    from records.clinic.paper_sheets import sheets_by_time

    for kept in sheets_by_time(papers):
        began = datetime.fromtimestamp(kept.sheet.began_utc_ms / 1000, visit.zone)
        if kept.sheet.reference == visit.patient_reference and began.date() == day:
            yield OtherSession(
                session_id=kept.sheet.sheet_id, began=began.astimezone(UTC), exported=False
            )


def _naming(report: ScrubReport, left_out: Sequence[str]) -> ScrubReport:
    """Returns the report, with the accepted diagnoses that the claim had no room for."""
    texts = (
        f"accepted diagnosis {code}: not on the claim, which lists {MOST_DIAGNOSES} others"
        for code in left_out
    )
    return replace(report, not_checked=(*report.not_checked, *texts))


def claim_of(
    folder: RecordFolder, visit: Visit, *, payer: str | None, imported: ImportedClaim | None
) -> tuple[ClaimContext, PayerProfile]:
    """Returns the claim and its payer's profile.

    It is the imported one, else what record, order, note and the standing data of its patient know.
    """
    if imported is None:
        return _claim_on_file(folder, visit, payer)
    context = imported.context(visit.session_id)
    return context, find_profile(payer or context.payer.profile, folder)


def claim_of_record(visit: Visit, profile: PayerProfile) -> ClaimContext:
    """Returns the claim as record, order and note know it, and nothing else."""
    known = Payer(kind=profile.kind, profile=profile.name)
    return context_of_session(visit.record, visit.order, visit.note, known, visit.zone)


def _claim_on_file(
    folder: RecordFolder, visit: Visit, payer: str | None
) -> tuple[ClaimContext, PayerProfile]:
    """Returns what record, order, note and standing data know, with the patient's payer's rules.

    Standing data are not used where anything of the visit was altered.
    """
    # Loading their models takes a fiftieth of a scrub; an imported claim needs none of them.
    from records.standing.claim_context import standing_context
    from records.standing.versions import StandingData, read_standing

    held = StandingData() if visit.altered else read_standing(folder)
    patient = held.patient_exactly(visit.patient_reference)
    pays = patient.record.payer if patient else None
    profile = find_profile(payer or (pays.profile if pays else GENERIC_PAYER), folder)
    context = claim_of_record(visit, profile)
    if patient is None:
        return context, profile
    performed_by = visit.note.field("performed_by").value or ""
    return standing_context(context, held, patient, performed_by), profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCode:
    """What a person may accept for a claim: a diagnosis, the modifier of a line, or a decision.

    ``billing`` is one of ``DECISIONS`` and needs a ``reason``.
    """

    modifier: str | None = None
    diagnosis: str | None = None
    line: str = TRACTION_CPT
    billing: str | None = None
    reason: str = ""

    @property
    def called(self) -> tuple[str, str]:
        """Returns its kind and its name; raises RequestRefused or ClaimContextInvalid."""
        given = [each for each in (self.modifier, self.diagnosis, self.billing) if each is not None]
        if len(given) != 1:
            raise RequestRefused("say one of --modifier, --diagnosis and --billing, and no second")
        if self.modifier is not None:
            return MODIFIER, _modifier(self.modifier, self.line)
        if self.diagnosis is not None:
            return DIAGNOSIS, _diagnosis(self.diagnosis)
        return BILLING, _decision(given[0])


def accept(
    folder: RecordFolder,
    visit: Visit,
    author: Author,
    code: ClaimCode,
    *,
    accepted: bool = True,
) -> str:
    """Keep that ``author`` accepts (or takes back) a modifier or a diagnosis; returns its name.

    The evidence of the offer is kept with it; something that was not offered is kept as such.
    """
    what, value = code.called
    decided = accepted and what == BILLING
    evidence = _decided_on(visit, code) if decided else _offered(visit, value)
    answer = OfferAnswer(
        session_id=visit.session_id,
        what=what,
        value=value,
        accepted=accepted,
        evidence=evidence,
    )
    record_acceptance(folder, answer, author, patient_key=visit.note.patient_key)
    return value


def _offered(visit: Visit, value: str) -> tuple[str, ...]:
    """Returns what was shown for and against a modifier or a diagnosis."""
    offered = next((offer for offer in visit.offers if offer.key == value), None)
    return offered.shown if offered else ("the program did not offer it",)


def _decided_on(visit: Visit, code: ClaimCode) -> tuple[str, ...]:
    """Returns the reason of a decision, and the rules' findings on its treatment."""
    assert visit.facts is not None, "a decision is about a billed visit"
    assert visit.report is not None, "a decision is about a billed visit"
    profile = visit.facts.profile
    if code.billing == BILL_52 and not profile.accepts_52:
        raise RequestRefused(
            f"payer profile {profile.name} is not known to take modifier 52; where the payer says "
            "so, declare accepts_52 in a profile of yours"
        )
    found = (*visit.report.of_rule("T-087"), *visit.report.of_rule("N-08"))
    shown = (f"{finding.rule_id}: {finding.message}" for finding in found)
    return (checked_reason(code.reason), *shown)


def _decision(billing: str) -> str:
    if billing not in DECISIONS:
        raise RequestRefused(f"billing={billing!r} is not one of {', '.join(DECISIONS)}")
    return billing


def _modifier(modifier: str, line: str) -> str:
    if not TWO_CHARACTERS.fullmatch(modifier):
        raise RequestRefused(f"modifier={modifier!r} is not two capitals or digits; correct it")
    if len(line) != 5 or not line.isalnum():
        raise RequestRefused(f"line={line!r} is not a code of five characters; correct it")
    return f"{line}:{modifier}"


def _diagnosis(diagnosis: str) -> str:
    code = plain(diagnosis)
    if not AS_SENT.fullmatch(code):
        raise ClaimContextInvalid(
            f"diagnosis={diagnosis!r} does not have the shape of an ICD-10-CM code; correct it"
        )
    return code
