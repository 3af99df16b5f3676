"""The first page: every table with what keeps it from being ready, and the day."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import TractionError
from records.clinic.audit import record_read, standing_field
from workstation.console.acts import Form, posted, shown, site_of, to
from workstation.console.day_board import DayBoard
from workstation.console.other_machines import watches_only
from workstation.console.site import Site
from workstation.sound.day_check import Hearing, start_refusal
from workstation.sound.wording import NO_SOUND

SOUND_WORDS: Final = {
    Hearing.NOT_ASKED: "Nobody has said today whether the sound is heard.",
    Hearing.NOT_HEARD: "Nobody heard the sound today.",
}


def routes() -> list[BaseRoute]:
    """Returns the overview, and the request to examine the workstation again."""
    return [
        Route("/", shown(page), methods=["GET"]),
        Route("/workstation/look", posted(look_again), methods=["POST"]),
    ]


def page(request: Request) -> Response:
    """A card for every table, the day's list, and what needs somebody."""
    site = site_of(request)
    if watches_only(request):
        return site.page(request, "overview/watch.html")
    board = site.board.now()
    return site.page(
        request,
        "overview/overview.html",
        board=board,
        trouble=_kept_reading(site, request, board) or board.trouble,
        sound=_sound_words(site, board),
        examined=site.examination.newest,
        is_waiting=site.examination.is_waiting,
        words=site.words,
    )


def look_again(request: Request, _form: Form, _person: str) -> Response:
    """Examine the workstation as soon as nobody is treated."""
    site_of(request).examination.ask()
    return to("/")


def _kept_reading(site: Site, request: Request, board: DayBoard) -> str:
    """Record that somebody sees these patients; returns why they are not shown where that fails."""
    person = site.people.named(request)
    if not board.references or site.board.was_shown(person, board.references):
        return ""
    named = [standing_field("patient", each) for each in board.references]
    try:
        record_read(site.folder, site.author(person), "overview", fields=named)
    except TractionError as error:
        site.board.forget_shown(person, board.references)
        return error.message
    return ""


def _sound_words(site: Site, board: DayBoard) -> str:
    """Returns why no session may start without an entry for today's sound; "" when one may."""
    heard = [each.live.sounds for each in site.units.values() if each.live is not None]
    if board.sound is None or not start_refusal(board.sound, sounds=any(heard)):
        return ""
    return SOUND_WORDS.get(board.sound.hearing, NO_SOUND) if any(heard) else NO_SOUND
