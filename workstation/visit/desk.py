"""What a visit is held with: records, clock, the person at the terminal, and a way to treat."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from controller.ports import Clock
from controller.words import check_name
from records.clinic.visit_steps import StepKind, VisitBegun, VisitStep, keep_step
from records.order.planned_order import PlannedOrder
from records.standing.proposals import person_called
from records.standing.versions import StandingData
from records.store.author import Author
from records.store.record_folder import RecordFolder
from records.visit.paper_visit import PaperVisit, load_paper
from records.visit.prepared import VISIT
from workstation.author_now import author_now
from workstation.session.workplace import Workplace
from workstation.settings import Settings
from workstation.visit.dialogue import Dialogue
from workstation.visit.note_desk import NoteDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatedSession:
    """The session that was run; ``refused`` in its self-check, ``early`` before its time."""

    session_id: str
    refused: bool
    early: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitHolder:
    """Who holds the visit, as named in the note, and the account that they signed in to."""

    name: str
    credentials: str = ""
    initials: str = ""
    account: str = ""

    @property
    def in_full(self) -> str:
        """Returns name with credentials, as set-up and supervision name people."""
        return f"{self.name}, {self.credentials}" if self.credentials else self.name

    def answers_to(self, text: str) -> bool:
        """Returns whether this text is the holder's signature: name, initials, or in full."""
        names = {each.casefold() for each in (self.name, self.initials, self.in_full) if each}
        return text.strip().casefold() in names


def holder_called(held: StandingData, by: str, credentials: str = "") -> VisitHolder:
    """Returns somebody on file by initials or name, else as given; raises RequestRefused."""
    name = check_name("by", by.strip())
    known = person_called(held, name)
    if known is None:
        return VisitHolder(name=name, credentials=credentials.strip())
    record = known.record
    return VisitHolder(
        name=record.full_name,
        credentials=record.credentials or credentials.strip(),
        initials=record.initials,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDesk:
    """Everything that the steps of a visit use.

    ``treat`` runs a session on the unit at an address; ``close_left_open`` closes what an earlier
    program left open there. ``documents`` is where claims are written. ``sign_again`` raises
    RequestRefused where the holder may not sign, or another person is there; ``may_claim`` raises
    RightMissing where the holder's role may not handle claims.
    """

    workplace: Workplace
    dialogue: Dialogue
    signer: VisitHolder
    treat: Callable[[str, PlannedOrder, VisitBegun], TreatedSession]
    close_left_open: Callable[[str], None]
    documents: Path
    sign_again: Callable[[], None] = lambda: None
    may_claim: Callable[[], None] = lambda: None
    new_id: Callable[[], str] = field(default_factory=lambda: new_visit_id)

    @property
    def folder(self) -> RecordFolder:
        """Returns the folder of the records."""
        return self.workplace.folder

    @property
    def settings(self) -> Settings:
        """Returns the settings with the clinic's own name, time zone and unit of force."""
        return self.workplace.settings

    @property
    def forces(self) -> ForceUnit:
        """Returns the unit of force that leads in all questions and messages."""
        return self.settings.unit_of_force

    def tell_refusal(self, refusal: RequestRefused) -> None:
        """Print why an answer is refused; then it is asked again."""
        self.dialogue.tell(self.forces.in_sentence(refusal.message))

    @property
    def clock(self) -> Clock:
        """Returns the workplace's clock."""
        return self.workplace.clock

    @property
    def day(self) -> date:
        """Returns the clinic's day now."""
        return self.day_of(self.clock.utc_ms())

    def day_of(self, utc_ms: int) -> date:
        """Returns the clinic's day of a moment."""
        return self.settings.day_at(utc_ms)

    def author(self, _folder: RecordFolder | None = None) -> Author:
        """Returns the person who holds the visit, now."""
        signer = self.signer
        return author_now(self.folder, signer.name, self.clock.utc_ms(), signer.account)

    def note(self, session_id: str) -> NoteDesk:
        """Returns the note of a session, opened by this person."""
        place = (self.settings, self.folder)
        signer = self.signer
        return NoteDesk(
            place,
            session_id,
            signer.name,
            signer.credentials,
            self.clock.utc_ms,
            signer.account,
        )

    def paper(self, sheet_id: str) -> PaperVisit:
        """Returns the visit of a downtime sheet, for the program itself."""
        return load_paper(self.folder, sheet_id, self.settings)

    def keep(
        self, visit_id: str, reference: str, kind: StepKind, said: tuple[tuple[str, str], ...]
    ) -> VisitStep:
        """Put a step on record, now."""
        return keep_step_by(self.folder, self.author(), visit_id, reference, (kind, said))


Said = tuple[tuple[str, str], ...]
"""Pairs of question and answer."""


def keep_step_by(
    folder: RecordFolder,
    author: Author,
    visit_id: str,
    reference: str,
    done: tuple[StepKind, Said],
) -> VisitStep:
    """Put a step that a person did on record."""
    kind, said = done
    step = VisitStep(
        visit=visit_id,
        reference=reference,
        kind=kind,
        said=said,
        by=author.by,
        user=author.user,
        at_utc_ms=author.at_utc_ms,
    )
    keep_step(folder, author, step)
    return step


def new_visit_id() -> str:
    """Returns the id of a visit until it has a session; it reveals nothing of a person."""
    return VISIT + secrets.token_hex(6)
