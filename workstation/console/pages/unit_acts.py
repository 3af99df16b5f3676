"""What people send to a unit's session: answers to its questions, and requests."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from controller.questions import Question
from controller.requests import (
    AcknowledgeAlarms,
    AdjustForce,
    AlarmOnScreen,
    CheckIn,
    EndEarly,
    Pause,
    PauseSound,
    Remark,
    Resume,
    SessionRequest,
    TakeOver,
)
from controller.words import NAME_CHARACTERS
from records.accounts.rights import Right
from workstation.console.acts import Form, open_to_all, site_of, to
from workstation.console.pages.unit import unit_named, unit_page, unit_path
from workstation.console.possible import STEPS_N, WHO
from workstation.console.unit_view import seen_digest
from workstation.console.units import KeptUnit
from workstation.station.control_link import SentMessage

LOOKS: Final = 100
LOOK_S: Final = 0.01
"""Interval at which a page looks for the outcome of its request; it reports a missing one."""
STARTS: Final = frozenset({"resume", "more"})
MOST_ALARMS: Final = 100
LATEST_MS: Final = 3000
"""How old a press may be that puts force on: behind a console that hung it would start a pull that
nobody expects any more. The script of the page says when it was made; without a script the browser
shows that it waits."""


def routes() -> list[BaseRoute]:
    """Returns the three acts; each reports on the unit's page why it was not done."""
    return [
        Route("/units/{name}/answers", open_to_all(answer), methods=["POST"]),
        Route("/units/{name}/requests", open_to_all(ask), methods=["POST"]),
        Route("/units/{name}/take-over", open_to_all(take_over), methods=["POST"]),
    ]


def answer(request: Request, form: Form, person: str) -> Response:
    """Answer a question as it was worded on the screen; only a no needs no name."""
    unit = unit_named(request)
    accepted = form.text("accepted") == "yes"
    if accepted and not person:
        return _refused(request, unit, WHO, form)
    try:
        question = _question(form)
        if accepted:
            if question is Question.START_TRACTION:
                _require_start(request, form)
            else:
                site_of(request).people.require(request, Right.PREPARE)
        _check_same_words(unit, question, form)
        sent = unit.give(
            form.text("session"),
            question,
            accepted=accepted,
            by=person or _at(unit),
            request_id=form.text("id"),
        )
    except RequestRefused as refusal:
        return _refused(request, unit, refusal.message, form)
    return _done(unit, sent)


def ask(request: Request, form: Form, person: str) -> Response:
    """Make a request; only one that puts force on needs a name."""
    unit = unit_named(request)
    act = form.text("act")
    if act in STARTS and not person:
        return _refused(request, unit, WHO, form)
    try:
        if act in STARTS:
            _require_start(request, form)
        step_n = STEPS_N[site_of(request).words.settings.unit_of_force]
        asked = _request(form, person or _at(unit), step_n)
        sent = unit.request(form.text("session"), asked, form.text("id"))
    except RequestRefused as refusal:
        return _refused(request, unit, refusal.message, form)
    return _done(unit, sent)


def take_over(request: Request, form: Form, person: str) -> Response:
    """Make the person who sits here, and is still present, responsible from now on."""
    unit = unit_named(request)
    if not person:
        return _refused(request, unit, WHO, form)
    try:
        site_of(request).people.require_present(request)
        sent = unit.request(form.text("session"), TakeOver(by=person), form.text("id"))
    except RequestRefused as refusal:
        return _refused(request, unit, refusal.message, form)
    return _done(unit, sent)


def _require_start(request: Request, form: Form) -> None:
    """Require the right, presence and a press of now, for what puts force on."""
    people = site_of(request).people
    _require_fresh(form, site_of(request).clock.utc_ms())
    people.require(request, Right.START)
    people.require_present(request)


def _require_fresh(form: Form, utc_ms: int) -> None:
    """Raises RequestRefused if a press was on its way for too long; see LATEST_MS."""
    pressed = form.text("pressed_ms")
    if not pressed:
        return
    if not re.fullmatch(r"[0-9]{1,15}", pressed):
        raise RequestRefused(f"pressed_ms={pressed[:40]!r} is no time; press on the unit's page")
    late_ms = utc_ms - int(pressed)
    if abs(late_ms) > LATEST_MS:
        raise RequestRefused(
            f"it arrived {abs(late_ms) / 1000:.0f} s from the time of the press, at most "
            f"{LATEST_MS / 1000:.0f} s are allowed; look at the patient, then press again"
        )


def _at(unit: KeptUnit) -> str:
    """Returns who asks where there is no name, and whose session it is; fits a name's length."""
    shown = unit.snapshot
    whose = f"; session of {shown.responsible}" if shown and shown.responsible else ""
    return f"at {unit.name}, signed out{whose}"[:NAME_CHARACTERS].rstrip()


def _refused(request: Request, unit: KeptUnit, text: str, form: Form) -> Response:
    return unit_page(request, unit, fault=f"Not done: {text}", typed=form.values())


def _done(unit: KeptUnit, sent: SentMessage) -> Response:
    pause = threading.Event()
    for _ in range(LOOKS):
        if sent.outcome is not None or pause.wait(LOOK_S):
            break
    return to(f"{unit_path(unit.name)}?asked={sent.message.id}")


def _question(form: Form) -> Question:
    try:
        return Question(form.text("question"))
    except ValueError as error:
        raise RequestRefused(
            f"question={form.text('question')[:40]!r} is not a question; answer on the unit's page"
        ) from error


def _check_same_words(unit: KeptUnit, question: Question, form: Form) -> None:
    """Refuse an answer to a question that has been asked again in other words meanwhile."""
    shown = unit.live
    asked = [] if shown is None else [q for q in shown.questions if q.question is question]
    if asked and seen_digest(asked[0]) != form.text("seen"):
        raise RequestRefused("the question has changed since; read it again, then answer")


def _request(form: Form, by: str, step_n: float) -> SessionRequest:
    """Returns the request of a form; raises RequestRefused."""
    act, words = form.text("act"), form.text("words")
    plain: Mapping[str, Callable[[], SessionRequest]] = {
        "pause": lambda: Pause(by=by, reason=words),
        "resume": lambda: Resume(by=by),
        "check_in": lambda: CheckIn(by=by),
        "remark": lambda: Remark(by=by, text=_needed("remark", words)),
        "end": lambda: EndEarly(by=by, reason=words),
        "silence": lambda: PauseSound(by=by),
        "acknowledge": lambda: AcknowledgeAlarms(by=by, alarms=_alarms(form)),
        "less": lambda: AdjustForce(by=by, change_n=-step_n, reason=words),
        "more": lambda: AdjustForce(
            by=by, change_n=_more_n(form, step_n), reason=_needed("reason", words)
        ),
    }
    make = plain.get(act)
    if make is None:
        raise RequestRefused(f"act={act[:40]!r} is not one of {', '.join(plain)}")
    return make()


def _needed(field: str, words: str) -> str:
    if not words:
        raise RequestRefused(f"{field} is empty; write it beside the button, then press again")
    return words


def _more_n(form: Form, step_n: float) -> float:
    """Returns the increase of force that the button offered."""
    text = form.text("change_n")
    try:
        change_n = float(text)
    except ValueError:
        change_n = math.nan
    if not 0 < change_n <= step_n + 1e-6:
        raise RequestRefused(
            f"change_n={text[:40]!r} is not between 0 and {step_n:z.1f} N; use the page's button"
        )
    return change_n


def _alarms(form: Form) -> tuple[AlarmOnScreen, ...]:
    """Returns the alarms that were on the screen, each "code:number"."""
    found = []
    for text in form.texts("alarm")[:MOST_ALARMS]:
        code, _, number = text.rpartition(":")
        if not code or not number.isascii() or not number.isdecimal():
            raise RequestRefused(f"alarm={text[:40]!r} names no alarm; use the page's button")
        found.append(AlarmOnScreen(code=code[:NAME_CHARACTERS], number=int(number[:9])))
    return tuple(found)
