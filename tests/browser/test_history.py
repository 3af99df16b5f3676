"""The past in a real browser: found and replayed in three, drawn without scripts, never live."""

from __future__ import annotations

import re
from inspect import unwrap

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsed_station import BrowsedStation
from tests.support.notes import ADJUSTED_AND_PAUSED, recorded

REFERENCE = "TEST-77"


@pytest.fixture(scope="module")
def session(station: BrowsedStation) -> str:
    """A session of a minute on file, of a unit that the station does not keep."""
    record = unwrap(recorded)  # a copy of a folder with open sockets is none
    record(station.records, "past-1", reference=REFERENCE, happened=ADJUSTED_AND_PAUSED)
    return "past-1"


@pytest.mark.usefixtures("session")
def test_a_session_is_found_and_replayed_in_three(page: Page) -> None:
    page.goto("/person")
    page.get_by_role("button", name="Pat Jones").click()
    page.goto("/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="History").click()
    field = page.get_by_label("Patient reference")
    field.fill(REFERENCE)
    field.press("Enter")
    page.get_by_role("link", name="Replay past-1").click()
    expect(page.get_by_role("heading", name="REPLAY, not live")).to_be_visible()
    page.get_by_role("button", name="16 x").click()
    expect(page.locator("#then-event")).to_contain_text("the session ended completed")
    expect(page.locator("#then-force")).to_have_text(re.compile(r"60\.1 N|13\.5 lbf"))
    expect(page.locator("#replay-fault")).to_have_text("")
    drawn = page.locator("#replay-chart").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    )
    assert drawn
    page.get_by_role("button", name="From the beginning").click()
    expect(page.locator("#then-event")).not_to_contain_text("the session ended")


def test_the_curve_needs_no_script(browser: Browser, station: BrowsedStation, session: str) -> None:
    context = browser.new_context(base_url=station.address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/sessions/{session}")
    page.get_by_role("button", name="Pat Jones").click()  # a name first, and back
    expect(page.get_by_role("img", name="Force from 0:00 to 1:03")).to_be_visible()
    expect(page.locator("svg.plot polygon.actual")).to_have_count(2)  # with a gap between
    page.get_by_role("link", name="Nearer").click()
    expect(page.get_by_role("link", name="Whole session")).to_be_visible()
    page.get_by_role("textbox", name="From").fill("soon")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#range-fault")).to_contain_text("from=soon is no time")
    expect(page.get_by_role("textbox", name="From")).to_have_value("soon")
    context.close()
