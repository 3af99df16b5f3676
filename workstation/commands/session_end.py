"""Assembles a session at a terminal, driven or observed, and reports its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from controller.errors import TractionError
from controller.events import Outcome
from workstation.commands.options import Place
from workstation.exit_status import COMPLETED, ENDED_EARLY, exit_status
from workstation.output import with_format

if TYPE_CHECKING:
    from controller.ports import Clock
    from workstation.session.treat import SessionResult
    from workstation.session.workplace import Workplace
    from workstation.terminal.screen import Screen


def workplace_of(place: Place, clock: Clock, screen: Screen) -> Workplace:
    """Returns folder, settings and clock of a session; its warnings go to the screen."""
    from workstation.session.realtime import as_ordinary_work, run_behind_the_loop
    from workstation.session.workplace import Workplace

    return Workplace(
        folder=place.folder,
        settings=place.settings,
        clock=clock,
        warn=screen.message,
        working=lambda _: as_ordinary_work(screen.message),
        beside_loop=partial(run_behind_the_loop, screen.message),
    )


def screen_of(place: Place, clock: Clock, *, as_json: bool, observed: bool = False) -> Screen:
    """Returns the screen of a session, in the clinic's zone and unit of force."""
    from workstation.terminal.screen import Screen
    from workstation.terminal.status_area import HINT, OBSERVED_HINT

    settings = place.settings
    return Screen(
        clock,
        as_json=as_json,
        zone_at=settings.zone_at,
        forces=settings.unit_of_force,
        hint=OBSERVED_HINT if observed else HINT,
    )


def run_to_its_end(session: Callable[[], SessionResult], screen: Screen, *, not_free: str) -> int:
    """Run a session, and report how it ended; returns the exit status.

    Raises TractionError before the session is open; once it is, every refusal has status 3 and
    names the session that records it. ``not_free`` is printed where nobody saw the cord free.
    """
    try:
        result = session()
    except TractionError as error:
        session_id = error.session_id
        if session_id is None:
            raise
        screen.end_session()
        screen.message(f"traction: {error}")
        screen.message(f"traction: recorded as session {session_id}")
        return exit_status(error, session_opened=True)
    _report(result, screen)
    if not result.ending.release_seen:
        screen.message(f"traction: {not_free}")
    return COMPLETED if result.ending.outcome == Outcome.COMPLETED else ENDED_EARLY


def _report(result: SessionResult, screen: Screen) -> None:
    ending = result.ending
    facts = {"session_id": result.session_id, **asdict(ending)}
    if result.lateness:
        facts["tick_lateness"] = result.lateness
    if not screen.document(with_format("run", facts)):
        for session_id in result.recovered:
            screen.tell(f"closed as interrupted: session {session_id}")
        screen.tell(f"session {result.session_id}: {ending.outcome} ({ending.reason})")
        screen.tell(f"read its note with: traction note {result.session_id}")
    screen.end_session()
