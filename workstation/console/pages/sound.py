"""The sound of the day: played here, heard by a person, or waived with a reason."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from controller.runtime.clock import SystemClock
from controller.words import check_text
from workstation.console.acts import Form, posted, shown, site_of, to
from workstation.sound.day_check import Hearing, keep_hearing, sound_of_day
from workstation.sound.listening import played_sounds


def routes() -> list[BaseRoute]:
    """Returns the page and its acts."""
    return [
        Route("/sound", shown(page), methods=["GET"]),
        Route("/sound/play", posted(play), methods=["POST"]),
        Route("/sound/heard", posted(heard), methods=["POST"]),
        Route("/sound/without", posted(without), methods=["POST"]),
    ]


def page(request: Request) -> Response:
    """Today's entry, and the possible answers; the question where a sound was just played."""
    return _page(request)


def _page(request: Request, *, fault: str = "", typed: str = "") -> Response:
    site = site_of(request)
    played = request.query_params.get("played", "")
    return site.page(
        request,
        "overview/sound.html",
        status=422 if fault else 200,
        of_day=sound_of_day(site.folder, site.words.today()),
        fault=fault,
        played=played,
        loudspeaker=site.played_sounds.of(played),
        typed=typed,
    )


def play(request: Request, _form: Form, _person: str) -> Response:
    """Play alarm and end; the page then asks whether they were heard."""
    state = played_sounds(SystemClock())
    if not state.sounds:
        return _page(request, fault=state.text)
    return to(f"/sound?played={site_of(request).played_sounds.keep(state.text)}")


def heard(request: Request, form: Form, person: str) -> Response:
    """Keep the person's answer about what was played."""
    loudspeaker = site_of(request).played_sounds.of(form.text("played"))
    said = {"yes": Hearing.HEARD, "no": Hearing.NOT_HEARD}.get(form.text("heard"))
    if said is None or loudspeaker is None:
        return _page(request, fault="nothing was played for this answer; play it, then answer")
    return _kept(request, person, said, loudspeaker)


def without(request: Request, form: Form, person: str) -> Response:
    """Keep the reason why work is done without sound today."""
    reason = form.text("reason")
    if not reason:
        return _page(request, fault="reason is empty; say in words why there is no sound today")
    return _kept(request, person, Hearing.WITHOUT, reason)


def _kept(request: Request, person: str, hearing: Hearing, detail: str) -> Response:
    site = site_of(request)
    try:
        check_text("reason", detail)
    except RequestRefused as refusal:
        return _page(request, fault=refusal.message, typed=detail)
    keep_hearing(site.folder, site.author(person), site.words.today(), hearing, detail)
    return to("/sound" if hearing is Hearing.NOT_HEARD else "/")
