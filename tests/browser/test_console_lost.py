"""A console that hangs in a treatment: the patient is released, and the page reports it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from controller.event_details.ending import ReleaseOrdered
from controller.events import EventKind
from records.evidence.reader import SessionRecord, list_sessions
from tests.support.browsed_station import BrowsedStation, browsed_station
from tests.support.browser_touch import let_go, sit_down, treat
from tests.support.real_time import PATIENCE_MS, freeze, wait_until
from tests.support.station_console import ORDER

LONG = ORDER.replace("1 min", "3 min")
TRIES = 3
QUIET, LOST = (
    "console does not answer: look at it",
    "console did not answer: look at the patient; start it again if it is gone",
)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[BrowsedStation]:
    """A station with the shortest allowed wait for a lost console."""
    settings = {"TRACTION_CONSOLE_LOST": "5"}
    with browsed_station(tmp_path, ("test_fixture",), settings=settings) as opened:
        yield opened


@contextmanager
def hung(console: int) -> Iterator[None]:
    """The console answers nobody, and holds every connection open."""
    freeze(console)
    try:
        yield
    finally:
        os.kill(console, signal.SIGCONT)


def newest(clinic: BrowsedStation) -> SessionRecord:
    """The newest session; ids sort by the start of the session."""
    return max(list_sessions(clinic.records), key=lambda each: each.head.started_utc_ms)


def let_go_because(clinic: BrowsedStation) -> str:
    """Why the release of the newest session was ordered; "" before one."""
    ordered = newest(clinic).of_kind(EventKind.RELEASE_ORDERED)
    return ordered[0].said(ReleaseOrdered).reason if ordered else ""


def lose_console(page: Page, clinic: BrowsedStation) -> str:
    """Hang the console in a hold until the patient is released; returns the reason."""
    force, silence = page.locator("#numbers [data-is=force]"), page.locator("#no-live-data")
    treat(page, clinic, LONG)
    with hung(clinic.console_process):
        expect(silence).to_contain_text("NO LIVE DATA for ")
        expect(silence).to_contain_text("The treatment may still be running.")
        expect(force).to_have_text("--")
        wait_until(lambda: bool(let_go_because(clinic)), "the release")
        expect(force).to_have_text("--")
    expect(silence).to_be_hidden()
    return let_go_because(clinic)


def test_whoever_looked_on_sees_what_a_lost_console_has_done(
    browser: Browser, clinic: BrowsedStation
) -> None:
    context = browser.new_context(base_url=clinic.address)
    context.set_default_timeout(PATIENCE_MS)
    page = sit_down(context)
    for _ in range(TRIES):
        why = lose_console(page, clinic)
        if why == "console lost":
            break
        let_go(page)  # a loaded machine answered too late, so the patient was released
    assert why == "console lost"
    expect(page.locator("#unit-page [data-is=headline]")).to_have_text("stopped")
    alarms = page.get_by_role("region", name="Alarms", exact=True)
    expect(alarms).to_contain_text(QUIET)
    expect(alarms).to_contain_text(LOST)
    expect(page.locator("#numbers [data-is=force]")).to_have_text(re.compile(r"^-?\d\.\d N$"))
    let_go(page)
    page.get_by_role("link", name="Write the note").click()
    expect(page.locator("main")).to_contain_text("stopped (console lost)")
    assert newest(clinic).outcome == "stopped"
    context.close()
