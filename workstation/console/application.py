"""The console as an ASGI application: its pages, its live events, and its error pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from controller.errors import RecordNotFound, RightMissing, TractionError
from controller.words import one_line
from workstation.console.acts import address_of, typed_in
from workstation.console.clinic_words import REFRESH_S
from workstation.console.gate import Gate
from workstation.console.other_machines import WATCHES, OtherMachines
from workstation.console.page_rights import with_right
from workstation.console.pages import (
    alarms,
    audit,
    claim,
    claim_files,
    emergency,
    events,
    exports,
    history,
    more,
    note,
    notes,
    overview,
    patient_entry,
    patient_flags,
    patients,
    person,
    replay,
    session,
    sound,
    stop,
    support,
    unit,
    unit_acts,
    visit_dose,
    visit_identify,
    visit_order,
    visit_screen,
    visits,
)
from workstation.console.site import Site
from workstation.console.static_files import static_files
from workstation.hosts import LOOPBACK, hosts_in
from workstation.station.stop_request import Neighbours

FRAME_S: Final = 0.05
IDLE_FRAME_S: Final = 0.25
"""Interval of frames while no session is open; a page misses events after a second."""

PAGES: Final[Sequence[Callable[[], list[BaseRoute]]]] = (
    overview.routes,
    sound.routes,
    person.routes,
    emergency.routes,
    patient_entry.routes,
    patient_flags.routes,
    patients.routes,
    visits.routes,
    visit_identify.routes,
    visit_dose.routes,
    visit_screen.routes,
    visit_order.routes,
    unit.routes,
    unit_acts.routes,
    events.routes,
    stop.routes,
    note.routes,
    notes.routes,
    claim.routes,
    claim_files.routes,
    exports.routes,
    history.routes,
    session.routes,
    replay.routes,
    alarms.routes,
    more.routes,
    audit.routes,
    support.routes,
)
"""Each adds its routes."""


def make_application(
    site: Site, report: Callable[[str], None], give_up: Callable[[], None]
) -> Starlette:
    """Returns the console of a station. ``report`` takes what only the log shows.

    ``give_up`` ends a console that can no longer show live data: its parent starts another one.
    """
    settings = site.settings
    console = Neighbours(
        names=LOOPBACK,
        ports=frozenset({settings.console_port}),
        tls_names=frozenset(hosts_in(settings.console_addresses)),
    )

    errors = _ErrorPages(site, report)
    app = Starlette(
        routes=[
            *(with_right(route) for routes in PAGES for route in routes()),
            static_files(),
        ],
        middleware=[
            Middleware(Gate, console=console, stop_port=settings.stop_port),
            Middleware(
                OtherMachines,
                acting=frozenset(hosts_in(settings.console_acting_addresses)),
                refused=lambda request: errors.page(request, 403, WATCHES),
            ),
        ],
        exception_handlers={
            TractionError: errors.refused,
            HTTPException: errors.no_page,
            Exception: errors.failed,
        },
        lifespan=_living(report, give_up),
    )
    app.state.site = site
    return app


WORDS: Final = {
    404: "There is no such page. STOP works.",
    405: "A page cannot do that. Use its buttons. STOP works.",
}
FAILED: Final = (
    "The console failed to make this page; what was recorded before is unchanged. Try "
    "again, then look into the log of the console. STOP works."
)


@dataclass(frozen=True, slots=True)
class _ErrorPages:
    """The pages shown for errors; ``report`` takes what only the log shows."""

    site: Site
    report: Callable[[str], None]

    def page(
        self, request: Request, status: int, text: str, *, in_emergency: bool = False
    ) -> Response:
        """Returns the page that says why nothing was done, with what was typed."""
        return self.site.page(
            request,
            "refused.html",
            status=status,
            text=text,
            typed=typed_in(request),
            address=address_of(request),
            in_emergency=in_emergency,
        )

    async def refused(self, request: Request, error: Exception) -> Response:
        """The program refused what was asked for."""
        assert isinstance(error, TractionError)
        text = one_line(self.site.words.sentence(error.message))
        opens = isinstance(error, RightMissing) and error.in_emergency
        return self.page(request, _status(error), text, in_emergency=opens)

    async def no_page(self, request: Request, error: Exception) -> Response:
        """There is no such page, or it does not take what was sent."""
        assert isinstance(error, HTTPException)
        text = WORDS.get(error.status_code, error.detail)
        return self.page(request, error.status_code, text)

    async def failed(self, request: Request, error: Exception) -> Response:
        """A defect of the program: the log has the error, the page does not."""
        self.report(f"{request.method} {request.url.path}: {error!r}")
        return self.page(request, 500, FAILED)


def _status(error: TractionError) -> int:
    if isinstance(error, RightMissing):
        return 403
    return 404 if isinstance(error, RecordNotFound) else 409


def _living(
    report: Callable[[str], None], give_up: Callable[[], None]
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    def look_at_end(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            report(f"nothing can be shown any more: {failure!r}")
            give_up()

    @asynccontextmanager
    async def live(app: Starlette) -> AsyncIterator[None]:
        """Show live data to all pages while the console serves."""
        site: Site = app.state.site
        tasks = [asyncio.create_task(_show_frames(site)), asyncio.create_task(_keep_words(site))]
        for task in tasks:
            task.add_done_callback(look_at_end)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            site.pages.end_all()

    return live


async def _keep_words(site: Site) -> None:
    """Read the clinic's settings repeatedly; a locked database keeps no page waiting."""
    while True:
        await asyncio.sleep(REFRESH_S)
        await run_in_threadpool(site.refresh_words)


async def _show_frames(site: Site) -> None:
    """One frame for all pages, 20 times a second in a session."""
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        for each in site.units.values():
            each.keep()
        if site.pages.is_watched:
            unnamed = site.frames.encoded(patients=False) if site.pages.names_nobody else b""
            site.pages.show(site.frames.encoded(), unnamed)
        every_s = FRAME_S if site.frames.any_session else IDLE_FRAME_S
        due_s = max(due_s + every_s, loop.time())
        await asyncio.sleep(due_s - loop.time())
