"""Everything that a unit's own page shows beside figures, assembled for its template."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controller.order.phases import FINAL_PHASES, Phase
from controller.questions import OpenQuestion, Question
from controller.snapshot import Doing, SettledCheck, Snapshot
from controller.start.self_check import CheckState
from controller.words import one_line
from workstation.console.check_steps import CheckStep, check_steps
from workstation.console.clinic_words import ClinicWords
from workstation.console.possible import NOT_HEARD, PossibleAct, acts_now, phase_of
from workstation.console.session_facts import SessionFacts
from workstation.console.units import EndedSession, KeptUnit, new_id
from workstation.station.control_link import SentMessage
from workstation.station.messages import Followed
from workstation.terminal.watch_page import doing_words

SAID_SHOWN: Final = 6
DIGITS: Final = 12
"""Of the digest by which an answer identifies the question that was on the screen."""
ONLY_YES: Final = frozenset({Question.END_ACKNOWLEDGED})
BUTTONS: Final = {
    Question.START_TRACTION: "Start traction",
    Question.END_ACKNOWLEDGED: "Acknowledge",
}
_UNHEARD: Final = Snapshot(number=0, utc_ms=0, doing=Doing.IDLE, phase=NOT_HEARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """A question with what its form sends: ``seen`` identifies the wording on the screen."""

    name: str
    text: str
    seen: str
    yes: str
    no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPageView:
    """``page`` is one of idle, busy, checks, live, end.

    ``others_session``: a person other than the one who sits here is responsible for it.
    """

    page: str
    session_id: str
    headline: str
    facts: SessionFacts | None
    banner: Sequence[tuple[str, str]]
    acts: Sequence[PossibleAct]
    steps: Sequence[CheckStep]
    questions: Sequence[QuestionView]
    start: QuestionView | None
    checks: Sequence[SettledCheck]
    failed: Sequence[SettledCheck]
    last: EndedSession | None
    last_words: str
    said: Sequence[str]
    others_session: bool

    @staticmethod
    def new_id() -> str:
        """Returns an id for a form."""
        return new_id()


def unit_view(unit: KeptUnit, words: ClinicWords, person: str) -> UnitPageView:
    """Returns the unit's page at this moment, for who sits there; "" where nobody has signed in."""
    shown = unit.live or _UNHEARD
    facts, checks = unit.open_facts, unit.checks
    page = page_of(unit)
    questions = [question_view(each, words) for each in shown.questions]
    return UnitPageView(
        page=page,
        session_id=unit.session_id,
        headline=doing_words(shown),
        facts=facts,
        banner=banner(facts, words) if facts else (),
        acts=tuple(acts_now(shown, words.settings.unit_of_force, signed_in=bool(person)).values()),
        steps=check_steps(shown, checks, facts.order if facts else None)
        if page == "checks"
        else (),
        questions=[each for each in questions if each.name != Question.START_TRACTION.value],
        start=next((q for q in questions if q.name == Question.START_TRACTION.value), None),
        checks=[each for each in checks if not (each.by or each.state == CheckState.FAILED.value)],
        failed=[each for each in checks if each.state == CheckState.FAILED.value],
        last=unit.last,
        last_words=_last_words(unit, words),
        said=_said(unit, words),
        others_session=shown.responsible not in ("", person),
    )


def page_of(unit: KeptUnit) -> str:
    """Returns which page a unit has; while it is silent the page of a session that was open."""
    shown = unit.live
    if shown is None:
        return "live" if unit.session_id else "idle"
    if shown.doing is Doing.BUSY:
        return "busy"
    if shown.doing is Doing.IDLE:
        return "idle"
    phase = phase_of(shown)
    if phase is Phase.CHECKING:
        return "checks"
    return "end" if phase in FINAL_PHASES else "live"


def banner(facts: SessionFacts, words: ClinicWords) -> Sequence[tuple[str, str]]:
    """Returns whose session it is, and what was ordered."""
    order, forces = facts.order, words.settings.unit_of_force
    ordered = forces.with_other(order.hold_force_n)
    return (
        ("Patient", facts.patient),
        ("Region", order.region.value),
        ("Ordered", f"{ordered}, at most {forces.in_unit(order.force_limit_n)}"),
        ("Time", f"{order.traction_s / 60:g} min"),
    )


def question_view(asked: OpenQuestion, words: ClinicWords) -> QuestionView:
    """Returns a question in its own words."""
    return QuestionView(
        name=asked.question.value,
        text=words.sentence(asked.text),
        seen=seen_digest(asked),
        yes=BUTTONS.get(asked.question, "Yes"),
        no="" if asked.question in ONLY_YES else "No",
    )


def seen_digest(asked: OpenQuestion) -> str:
    """Returns a digest of the wording that was answered: a question may be asked anew in others."""
    return hashlib.sha256(asked.text.encode("utf-8", "replace")).hexdigest()[:DIGITS]


def outcome_words(sent: SentMessage | None, words: ClinicWords) -> str:
    """Returns what became of a request from a page.

    What was done is shown with its time: "paused at 60 N" may remain after somebody has resumed.
    """
    if sent is None:
        return ""
    outcome = sent.outcome
    if outcome is None:
        return "The request was sent; there is no answer yet. Look at the patient."
    if outcome.result is Followed.FOLLOWED:
        done = words.sentence(outcome.reason)
        return f"{words.time(outcome.utc_ms)} {done}" if done else "Done."
    return f"Not done: {words.sentence(outcome.reason)}"


def _last_words(unit: KeptUnit, words: ClinicWords) -> str:
    """Returns how the last session ended, as its program reported it."""
    if unit.last is None:
        return ""
    said = [each for each in [*unit.link.said] if each.session_id == unit.last.session_id]
    told = [each.text for each in said if each.text.startswith("session ")]
    newest = one_line(told[-1]) if told else unit.last.reason
    ended = words.sentence(newest.removeprefix(f"session {unit.last.session_id}: "))
    return f"{ended[:1].upper()}{ended[1:]}"


def _said(unit: KeptUnit, words: ClinicWords) -> Sequence[str]:
    """Returns messages as typed: no command in a person's text is taken for the program's."""
    told = [each for each in [*unit.link.said] if each.check is None][-SAID_SHOWN:]
    return [f"{words.time(each.utc_ms)}  {one_line(words.told(each.text))}" for each in told]
