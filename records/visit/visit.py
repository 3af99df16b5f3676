"""A visit as people see it: record, order, note, claim context, and the rules' findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Protocol

from records.claim.account import account_of
from records.claim.charge_line import (
    ChargeLine,
    accepted_modifiers,
    charge_line,
    claim_modifiers,
    noted_diagnoses,
    treatment_times,
)
from records.claim.code_sets import dotted
from records.claim.context import ClaimContext
from records.clinic.acceptance import Acceptance
from records.clinic.claim_exports import FiledExport
from records.clinic.standing_used import NOTHING_USED, StandingUsed
from records.clinic.visit_steps import VisitStep
from records.evidence.believed import mark_of
from records.evidence.reader import SessionRecord
from records.note.delivered_dose import DeliveredDose
from records.note.session_part import RecordedSession
from records.note.treatment_note import FurtherSessions, TreatmentNote
from records.order.order import Order
from records.visit.face import Face

if TYPE_CHECKING:
    from records.claim.rules.facts import Facts
    from records.claim.rules.offers import Offer
    from records.claim.rules.scrubber import ScrubReport


class NotedVisit(Protocol):
    """What text and page of a note need of a visit, recorded by a device or on a sheet."""

    @property
    def note(self) -> TreatmentNote:
        """Returns the note."""

    @property
    def face(self) -> Face:
        """Returns its face."""

    @property
    def clinic(self) -> str:
        """Returns the practice's name."""

    @property
    def context(self) -> ClaimContext | None:
        """Returns what is known of the claim."""

    @property
    def account(self) -> str:
        """Returns the visit's account number."""

    @property
    def patient_reference(self) -> str:
        """Returns the practice's number of the patient."""

    @property
    def mark(self) -> str:
        """Returns the mark on every page of an altered record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """``made_at``: when the visit was read, which is the date of its documents.

    ``acceptances`` are what a named person accepted of it, ``sent`` the exports of its claim.
    ``context`` is the practice system's data of the claim; ``facts``, ``report`` and ``offers`` are
    the rules' results for both. Without ``report`` no rule was applied, and the face can contain no
    error. ``altered`` says what of evidence or entries is altered, and where; "" when nothing is.

    ``record`` and ``order`` are those of the session that the visit is named after, ``further`` are
    the others of a visit of several sessions. ``asked_for`` is the session by which it was asked
    for. ``standing`` is what the naming session was run with, ``steps`` are what had been done in
    the visit before it.
    """

    record: SessionRecord
    order: Order
    note: TreatmentNote
    face: Face
    zone: tzinfo
    made_at: datetime
    clinic: str = ""
    altered: str = ""
    acceptances: tuple[Acceptance, ...] = ()
    sent: tuple[FiledExport, ...] = ()
    context: ClaimContext | None = None
    facts: Facts | None = None
    report: ScrubReport | None = None
    offers: tuple[Offer, ...] = ()
    further: FurtherSessions | None = None
    asked_for: str = ""
    standing: StandingUsed = NOTHING_USED
    steps: tuple[VisitStep, ...] = ()

    @property
    def sessions(self) -> tuple[RecordedSession, ...]:
        """Returns every session of the visit by its beginning, like the note's parts."""
        own = RecordedSession(
            record=self.record, order=self.order, standing=self.standing, steps=self.steps
        )
        if self.further is None:
            return (own,)
        by_id = {each.session_id: each for each in (own, *self.further.sessions)}
        return tuple(by_id[part.session_id] for part in self.note.parts)

    @property
    def asked_session(self) -> RecordedSession:
        """Returns the one by which the visit was asked for."""
        asked = self.asked_for or self.session_id
        return next(each for each in self.sessions if each.session_id == asked)

    @property
    def asked_dose(self) -> DeliveredDose:
        """Returns the dose of the session that was asked for, on that session's axis."""
        asked = self.asked_session.session_id
        parts = (part for part in self.note.parts if part.session_id == asked)
        return next((part.dose for part in parts), self.note.dose)

    @property
    def session_id(self) -> str:
        """Returns the id of the naming session, which every export contains."""
        return self.record.head.session_id

    @property
    def mark(self) -> str:
        """Returns the mark on every page of an altered record; "" for an intact one."""
        return mark_of(self.altered)

    @property
    def ready(self) -> bool:
        """Returns True when the rules were applied to the claim and nothing blocks it."""
        return self.report is not None and not self.report.blocked

    @property
    def note_file(self) -> str:
        """Returns the name of the note's file, as cited by the charge line."""
        return f"{self.session_id}.pdf"

    @property
    def account(self) -> str:
        """Returns the visit's account number on its claim (CLM01, box 26)."""
        return account_of(self.session_id, self.context.claim_id if self.context else None)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Returns modifiers that a person accepted."""
        return accepted_modifiers(self.acceptances)

    @property
    def times(self) -> tuple[datetime, datetime]:
        """Returns start and stop of the traction; raises RequestRefused when there was none."""
        return treatment_times(self.record, self.note, self.zone)

    def require_treatment(self) -> None:
        """Raises RequestRefused when no treatment was given: there is nothing to claim."""
        treatment_times(self.record, self.note, self.zone)

    def charge(self) -> ChargeLine:
        """Returns the charge line; raises RequestRefused when no treatment was given."""
        return charge_line(
            self.record,
            self.note,
            note_file=self.note_file,
            zone=self.zone,
            context=self.context,
            accepted=self.accepted,
        )

    @property
    def modifiers(self) -> tuple[str, ...]:
        """Returns modifiers of the traction line: the practice's own and accepted ones, only."""
        return claim_modifiers(self.context, self.accepted)

    @property
    def patient_reference(self) -> str:
        """Returns the practice's number of the patient: the note's newest, else the claim's.

        "" without any. Where both have one and differ, T-090 blocks the claim.
        """
        claimed = self.context.patient_ref if self.context else None
        return self.note.field("patient_reference").value or claimed or ""

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """Returns codes with their dot: those of the claim, else those of the note."""
        codes = self.context.diagnoses if self.context else noted_diagnoses(self.note)
        return tuple(dotted(code) for code in codes)

    @property
    def line_diagnoses(self) -> tuple[str, ...]:
        """Returns those that the 97012 line points to, in its order; all without pointers."""
        line = self.context.traction_line if self.context else None
        pointed = self.context.pointed_diagnoses(line) if self.context and line else ()
        return tuple(dotted(code) for code in pointed) or self.diagnoses
