"""Whole treatments at a unit's page over TCP, one of them with kills of the console.

Over a serial line ``test_taking_over`` has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support.browsed_station import BrowsedStation
from tests.support.browser_touch import UNIT, has_stood, let_go, press, sit_down, treat
from tests.support.killed_console import (
    UNSEEN,
    drafts,
    kill_console,
    watch_turns,
)
from tests.support.real_time import wait_until
from tests.support.station_console import ORDER

KILLS = 2
STOPPED = re.compile(r"STOP was ordered at \d\d:\d\d:\d\d, force then .* Look at the patient\.")
RELEASED = re.compile(r"Released: -?\d+\.\d N")


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Pat Jones at the unit's page; the table is free again after the test."""
    opened = sit_down(context)
    yield opened
    let_go(opened)


SPANS = re.compile(r"A\. Example from \S.* to \S.*Pat Jones from \S.* to \S")
"""Who was responsible from when to when, as the note tells it."""


def headline(page: Page) -> Locator:
    return page.locator("#unit-page [data-is=headline]")


def asks(page: Page, button: str, words: str | re.Pattern[str]) -> None:
    """Click a button and wait until its outcome is on the page."""
    place = page.get_by_role("button", name=button, exact=True)
    wait_until(lambda: place.is_visible() and has_stood(place), button)
    place.click()
    expect(page.locator("#asked")).to_contain_text(words)


def end(page: Page) -> None:
    """Acknowledge the end with one press, and wait for the link to the note."""
    acknowledge = page.get_by_role("button", name="Acknowledge", exact=True)
    expect(acknowledge).to_be_visible()
    press(acknowledge, acknowledge)
    expect(page.get_by_role("link", name="Write the note")).to_be_visible()


def test_a_whole_treatment_over_tcp(page: Page, station: BrowsedStation) -> None:
    treat(page, station)
    expect(page.locator("dl.banner")).to_contain_text("TEST-1")
    responsible = page.locator("#unit-page [data-is=responsible]")
    expect(responsible).to_contain_text("A. Example has been responsible at Table 1 since ")
    asks(page, "Take over", "Pat Jones is responsible from now on, until now A. Example")
    expect(responsible).to_contain_text("Pat Jones has been responsible at Table 1 since ")
    expect(page.get_by_role("button", name="Take over", exact=True)).to_have_count(0)
    expect(page.locator("#why-resume")).to_contain_text("the treatment is not paused")
    asks(page, "Less by 5.0 N", "hold 30.0 N -> 25.0 N, by Pat Jones")
    page.get_by_text("More by 2.5 N ...").click()
    page.get_by_label("Reason", exact=True).fill("tolerates it well")
    asks(page, "More by 2.5 N", "hold 25.0 N -> 27.5 N, by Pat Jones")
    asks(page, "Pause", "paused at")
    expect(headline(page)).to_contain_text("paused")
    asks(page, "Check-in", "recorded: Pat Jones checked on the patient")
    page.get_by_text("Remark ...").click()
    page.get_by_label("Words for the record").fill("turned the head")
    asks(page, "Remark", "recorded, by Pat Jones: turned the head")
    asks(page, "Resume", re.compile("resumed|rise again"))
    page.get_by_text("End the treatment ...").click()
    asks(page, "End the treatment", "ended early by Pat Jones")
    expect(page.locator(".ended")).to_contain_text("stopped")
    end(page)
    page.get_by_role("link", name="Write the note").click()
    expect(page.locator("main")).to_contain_text(SPANS)


def test_a_killed_console_comes_back_and_what_was_typed_is_kept(
    page: Page, station: BrowsedStation
) -> None:
    treat(page, station, ORDER.replace("1 min", "3 min"))
    typed = drafts(page.context, station.records)
    watch_turns(page)
    for number in range(KILLS):
        killed = kill_console(station, page, typed, f"kill {number}")
        assert (killed.shown, killed.lost) == (UNSEEN, ())
    kept = page.request.get(f"{UNIT}/chart").json()["points"]
    assert kept[-1][0] - kept[0][0] > 3_000, "the journal holds what came before the restart"
    page.get_by_role("button", name="STOP Table 1").click()
    expect(page.locator("#stop-said")).to_contain_text(STOPPED)
    expect(page.locator("#stop-said")).to_contain_text(RELEASED)
    end(page)
