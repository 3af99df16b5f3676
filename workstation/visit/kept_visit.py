"""A visit as its pages keep it: by its id, from its steps on record and from what was typed.

None of it is in the program's memory: a restarted console continues where it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.errors import RecordNotFound
from controller.events import Outcome
from records.clinic.visit_steps import StepKind, VisitStep, steps_on_file
from records.evidence.reader import NOT_CLOSED, REMOVED, RUNNING, read_session
from records.store.author import Author
from records.store.record_folder import RecordFolder
from records.visit.prepared import (
    VISIT,
    keep_prepared,
    prepared_texts,
    visits_prepared_with,
)
from workstation.visit.before import screened

PATIENT: Final = "patient"
"""The name under which the patient is kept, before a step of the visit has it."""
FORM: Final = "form"
"""Everything that was typed into its pages, as JSON: also what is not a valid order yet."""
FURTHER: Final = "further"
"""How many sessions it had when a further one was requested."""
_VISIT_ID: Final = re.compile(rf"{VISIT}[0-9a-z]{{1,40}}")
OPEN_OUTCOMES: Final = (RUNNING, NOT_CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunSession:
    """A session of the visit that its unit's program has begun; ``outcome`` as in lists."""

    session_id: str
    outcome: str

    @property
    def is_open(self) -> bool:
        """Returns True while nobody has closed its record."""
        return self.outcome in OPEN_OUTCOMES

    @property
    def treated(self) -> bool:
        """Returns False where it was refused before anything moved."""
        return self.outcome not in (Outcome.REFUSED, REMOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVisit:
    """``form`` is what was typed; ``sessions`` are those that began, oldest first.

    ``unfollowed`` are orders on file without a session, by the id that it would have had.
    """

    visit_id: str
    reference: str
    steps: tuple[VisitStep, ...]
    sessions: tuple[BegunSession, ...] = ()
    unfollowed: tuple[str, ...] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def treated(self) -> tuple[BegunSession, ...]:
        """Returns sessions in which somebody was treated, or is."""
        return tuple(each for each in self.sessions if each.treated)

    @property
    def filed(self) -> frozenset[str]:
        """Returns every session whose order is on file."""
        return frozenset({*self.unfollowed, *(each.session_id for each in self.sessions)})

    @property
    def is_preparing(self) -> bool:
        """Returns True before its first session, and while a further one is prepared."""
        treated = self.treated
        return not treated or self.texts.get(FURTHER) == str(len(treated))

    @property
    def began_utc_ms(self) -> int | None:
        """Returns when its first step was done; None before one."""
        return self.steps[0].at_utc_ms if self.steps else None

    @property
    def identified(self) -> VisitStep | None:
        """Returns the newest comparison of name and birth date, made or left out with a reason."""
        kinds = (StepKind.IDENTIFIED, StepKind.NOT_IDENTIFIED)
        return next((each for each in reversed(self.steps) if each.kind in kinds), None)

    @property
    def screened(self) -> dict[str, str]:
        """Returns each item of the screen with its answer."""
        return screened(self.steps)


def begin_kept(
    folder: RecordFolder, visit_id: str, reference: str, form: Mapping[str, str], author: Author
) -> None:
    """Keep that a visit of a patient was begun."""
    texts = {PATIENT: reference, FORM: json.dumps(dict(form))}
    keep_prepared(folder, visit_id, texts, author)


def begin_further(
    folder: RecordFolder, visit: KeptVisit, form: Mapping[str, str], author: Author
) -> None:
    """Keep that a further session of the visit is prepared, replacing what was typed before."""
    texts = {
        FURTHER: str(len(visit.treated)),
        PATIENT: visit.reference,
        FORM: json.dumps(dict(form)),
    }
    keep_prepared(folder, visit.visit_id, texts, author)


def kept_visit(folder: RecordFolder, visit_id: str) -> KeptVisit:
    """Returns the visit of an id; raises RecordNotFound."""
    if not _VISIT_ID.fullmatch(visit_id):
        raise RecordNotFound("there is no such visit; begin one from the overview")
    texts = prepared_texts(folder, visit_id)
    on_file = steps_on_file(folder)
    steps = tuple(each for each in on_file.steps if each.visit == visit_id)
    reference = texts.get(PATIENT) or (steps[0].reference if steps else "")
    if not reference:
        raise RecordNotFound(
            f"nothing is kept of visit {visit_id}: what was typed for a visit is kept for a day. "
            "Begin one from the overview"
        )
    filed = on_file.sessions.get(visit_id, ())
    begun = _begun(folder, filed)
    have_begun = {each.session_id for each in begun}
    return KeptVisit(
        visit_id=visit_id,
        reference=reference,
        steps=steps,
        sessions=begun,
        unfollowed=tuple(each for each in filed if each not in have_begun),
        form=_form(texts.get(FORM, "")),
        texts=texts,
    )


def keep_form(
    folder: RecordFolder, visit: KeptVisit, form: Mapping[str, str], author: Author
) -> None:
    """Keep what was typed, replacing what was typed before."""
    texts = {PATIENT: visit.reference, FORM: json.dumps(dict(form))}
    keep_prepared(folder, visit.visit_id, texts, author)


def untouched_visits(folder: RecordFolder, reference: str) -> list[str]:
    """Returns visits of a patient that were begun on a page and have no step yet, newest first."""
    known = steps_on_file(folder).by_visit()
    found = visits_prepared_with(folder, PATIENT, reference)
    return [each for each in found if each not in known]


def visit_of_session(folder: RecordFolder, session_id: str) -> str:
    """Returns the visit that a session was begun in; "" for none."""
    sessions = steps_on_file(folder).sessions
    return next((visit for visit, filed in sessions.items() if session_id in filed), "")


def visits_to_go_on(
    folder: RecordFolder, reference: str, is_today: Callable[[int], bool]
) -> list[tuple[str, int]]:
    """Returns today's visits of a patient without any treatment yet, with their beginnings."""
    found = [
        (visit_id, steps[0].at_utc_ms)
        for visit_id, steps in steps_on_file(folder).by_visit().items()
        if steps[0].reference == reference and is_today(steps[0].at_utc_ms)
    ]
    return [each for each in found if not kept_visit(folder, each[0]).treated]


def _form(text: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in json.loads(text or "{}").items()}


def _begun(folder: RecordFolder, filed: tuple[str, ...]) -> tuple[BegunSession, ...]:
    """Returns the sessions whose orders are on file and which are in evidence."""
    found = []
    for session_id in filed:
        try:
            record = read_session(folder, session_id)
        except RecordNotFound:
            continue
        found.append(BegunSession(session_id=session_id, outcome=str(record.outcome)))
    return tuple(found)
