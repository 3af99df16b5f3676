"""What every page of the console uses: records, units, words of the clinic, and the templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from controller.ports import Clock
from records.standing.versions import StandingData, read_standing
from records.store.author import Author
from records.store.record_folder import RecordFolder
from workstation.author_now import author_now
from workstation.console.clinic_words import ClinicWords
from workstation.console.gate import door_address
from workstation.console.kept_board import KeptBoard, KeptExamination
from workstation.console.kept_for_pages import KeptForPages
from workstation.console.live_frames import LiveFrames
from workstation.console.live_pages import LivePages
from workstation.console.people import PeopleCookie, mark_browser
from workstation.console.replays import MOST_REPLAYS, Replay
from workstation.console.session_reader import SessionReader
from workstation.console.templating import render
from workstation.console.units import KeptUnit
from workstation.session.workplace import Workplace
from workstation.settings import Settings
from workstation.station.stop_desk import StopDesk

MOST_FILES: Final = 4
"""Files for support that wait to be saved, and sounds that wait for an answer."""
SHOWN_STOPS: Final = 4
"""With more units there is one STOP for all tables beside the overview."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One per console. ``settings`` are those of the workstation; ``words`` the clinic's.

    ``report`` takes what only the log shows: never a patient's data, never a word of a person.
    """

    folder: RecordFolder
    settings: Settings
    clock: Clock
    units: Mapping[str, KeptUnit]
    words: ClinicWords
    frames: LiveFrames
    pages: LivePages
    people: PeopleCookie
    stop_desk: StopDesk
    reader: SessionReader
    board: KeptBoard
    examination: KeptExamination
    report: Callable[[str], None]
    replays: KeptForPages[Replay] = field(default_factory=lambda: KeptForPages(MOST_REPLAYS))
    played_sounds: KeptForPages[str] = field(default_factory=lambda: KeptForPages(MOST_FILES))
    """Loudspeakers that played for a page, which asks then whether anybody heard it."""
    support_files: KeptForPages[str] = field(default_factory=lambda: KeptForPages(MOST_FILES))

    def standing(self) -> StandingData:
        """What the clinic keeps, read now; raises JournalCorrupt or JournalUnavailable."""
        return read_standing(self.folder)

    def refresh_words(self) -> None:
        """Read the clinic's words again, unless a session is open somewhere."""
        if not self.frames.any_session:
            self.words.read()

    def author(self, by: str) -> Author:
        """A person who puts something on record, now."""
        return author_now(self.folder, by, self.clock.utc_ms())

    def workplace(self) -> Workplace:
        """What sessions and visits are made with, in the clinic's settings."""
        return Workplace(
            folder=self.folder, settings=self.words.settings, clock=self.clock, warn=_unheard
        )

    def page(
        self, request: Request, template: str, *, status: int = 200, **context: Any
    ) -> Response:
        """A whole page: the frame that every page has around what ``template`` says.

        ``unit`` in the context is the KeptUnit that the page belongs to; its STOP stands alone.
        """
        response = HTMLResponse(self.text(request, template, **context), status_code=status)
        mark_browser(request, response)
        if request.headers.get("sec-fetch-user") == "?1":
            self.people.touch(request, response)
        return response

    def text(self, request: Request, template: str, **context: Any) -> str:
        """The same as text."""
        unit: KeptUnit | None = context.get("unit")
        frame = self.frames.present()
        return render(
            template,
            {
                "request": request,
                "person": self.people.named(request),
                "signed_out": self.people.is_signed_out(request),
                "units": [*self.units.values()],
                "others": [each for each in self.units.values() if each is not unit],
                "frame": frame,
                "door": door_address(request.headers["host"], self.settings.stop_port),
                "most_stops": SHOWN_STOPS,
                "zone": self.words.zone_name,
                "force_unit": self.words.settings.unit_of_force,
                "unit": unit,
                "training": self.words.is_training,
                **context,
            },
        )


def _unheard(_text: str) -> None:
    """Warnings of a page's own work stand in its answer."""
