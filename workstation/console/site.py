"""What every page of the console uses: records, units, the clinic's settings, and the templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from controller.ports import Clock
from records.standing.versions import StandingData, read_standing
from records.store.author import Author, Person
from records.store.record_folder import RecordFolder
from workstation.author_now import author_now, reader_now
from workstation.console.asked_claim import MOST_CLAIMS, HeldClaim
from workstation.console.browsers import FormTokens, mark_browser, name_browser
from workstation.console.clinic_words import ClinicWords
from workstation.console.gate import door_address
from workstation.console.kept_board import KeptBoard, KeptExamination
from workstation.console.kept_certificate import KeptCertificate
from workstation.console.kept_for_pages import KeptForPages
from workstation.console.live_frames import LiveFrames
from workstation.console.live_pages import LivePages
from workstation.console.other_machines import watches_only
from workstation.console.people import People
from workstation.console.replays import MOST_REPLAYS, Replay
from workstation.console.session_reader import SessionReader
from workstation.console.templating import render, with_token
from workstation.console.units import KeptUnit
from workstation.session.workplace import Workplace
from workstation.settings import Settings
from workstation.station.stop_desk import StopDesk
from workstation.station.stop_page import TRAINING

MOST_FILES: Final = 4
"""Support files that wait to be saved, and played sounds that wait for an answer."""
SHOWN_STOPS: Final = 4
"""With more units there is one STOP for all tables beside the overview."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One per console. ``settings`` are those of the workstation; ``words`` the clinic's.

    ``report`` takes what only the log shows: never a patient's data or a text that a person typed.
    """

    folder: RecordFolder
    settings: Settings
    clock: Clock
    units: Mapping[str, KeptUnit]
    words: ClinicWords
    frames: LiveFrames
    pages: LivePages
    people: People
    tokens: FormTokens
    stop_desk: StopDesk
    reader: SessionReader
    board: KeptBoard
    examination: KeptExamination
    certificate: KeptCertificate
    report: Callable[[str], None]
    replays: KeptForPages[Replay] = field(default_factory=lambda: KeptForPages(MOST_REPLAYS))
    played_sounds: KeptForPages[str] = field(default_factory=lambda: KeptForPages(MOST_FILES))
    """Loudspeakers that played for a page, which then asks whether anybody heard it."""
    claim_files: KeptForPages[HeldClaim] = field(default_factory=lambda: KeptForPages(MOST_CLAIMS))
    support_files: KeptForPages[str] = field(default_factory=lambda: KeptForPages(MOST_FILES))

    def standing(self) -> StandingData:
        """Returns the standing data, read now; raises JournalCorrupt or JournalUnavailable."""
        return read_standing(self.folder)

    def refresh_words(self) -> None:
        """Read the clinic's settings again, unless a session is open somewhere."""
        if not self.frames.any_session:
            self.words.read()

    def author(self, by: str) -> Author:
        """Returns a person who records something, now, with their account."""
        return author_now(self.folder, by, self.clock.utc_ms(), self.people.account_of(by))

    def who_reads(self, by: str) -> Person:
        """Returns a reader, also where the records belong to another account of the system."""
        return reader_now(self.folder, by, self.people.account_of(by))

    def workplace(self) -> Workplace:
        """Returns what sessions and visits are made with, in the clinic's settings."""
        return Workplace(
            folder=self.folder, settings=self.words.settings, clock=self.clock, warn=_unheard
        )

    def page(
        self, request: Request, template: str, *, status: int = 200, **context: Any
    ) -> Response:
        """Returns a whole page: the frame of every page around the content of ``template``.

        ``unit`` in the context is the KeptUnit that the page belongs to; only its STOP is shown.
        """
        name_browser(request)
        if request.headers.get("sec-fetch-user") == "?1":
            self.people.touch(request)
        response = HTMLResponse(self.text(request, template, **context), status_code=status)
        mark_browser(request, response)
        return response

    def text(self, request: Request, template: str, **context: Any) -> str:
        """Returns the same as text."""
        unit: KeptUnit | None = context.get("unit")
        accounts = self.people.accounts.now()
        asked = f"?{request.url.query}" if request.url.query else ""
        address = f"{request.url.path}{asked}" if request.method == "GET" else "/"
        watches, frame = watches_only(request), self.frames.present()
        token = self.tokens.token(request)
        text = render(
            template,
            {
                "request": request,
                "person": self.people.named(request),
                "signed_out": self.people.is_signed_out(request),
                "sign_out_min": self.settings.sign_out_minutes,
                "accounts": [each for each in accounts.values() if not each.is_script],
                "token": token,
                "here": address,
                "units": [*self.units.values()],
                "others": [each for each in self.units.values() if each is not unit],
                "frame": frame.without_patients() if watches else frame,
                "door": door_address(
                    request.url.scheme, request.headers["host"], self.settings.stop_port
                ),
                "watches": watches,
                "certificate": self.certificate.trouble(),
                "most_stops": SHOWN_STOPS,
                "force_unit": self.words.settings.unit_of_force,
                "unit": unit,
                "training": TRAINING if self.words.is_training else "",
                **context,
            },
        )
        return with_token(text, token)


def _unheard(_text: str) -> None:
    """Drop warnings of a page's own work: they are in its answer."""
