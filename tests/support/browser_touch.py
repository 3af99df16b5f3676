"""How a person uses a unit's page in a real browser: touches, answers, starting a session."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Error, Locator, Page, expect

from tests.support.browsed_station import BrowsedStation
from tests.support.real_time import PATIENCE_S, wait_until
from tests.support.station_console import CLOCK, ORDER, TABLE, Console
from workstation.station.messages import RequestOutcome, from_control

UNIT = "/units/Table%201"
TOUCHES = 5
TREATED_AT_MOST = 3
STAND = """async (all) => {
  for (const one of all) {
    const newMs = Number(one.closest("[data-part]").dataset.newMs ?? -Infinity);
    const leftMs = 710 - (performance.now() - newMs);
    if (leftMs > 0) await new Promise((passed) => setTimeout(passed, leftMs));
  }
  return all.every((one) => one.isConnected);
}"""
"""True once each has been in place for a moment; false if one disappeared meanwhile."""


def sit_down(context: BrowserContext, path: str = UNIT, name: str = "Pat Jones") -> Page:
    """Open a page for a person, by default the unit's page."""
    page = context.new_page()
    page.goto(f"/person?back={path}")
    page.get_by_label("Another name").fill(name)
    page.get_by_role("button", name="Take this name").click()
    page.wait_for_url(f"**{path}")
    return page


def take_seat(page: Page) -> None:
    """Have the person on file sign on at the unit's page and wait until the stop door answers."""
    page.goto(f"/person?back={UNIT}")
    page.get_by_role("button", name="Pat Jones, PT, DPT").click()
    page.wait_for_url(f"**{UNIT}")
    expect(page.locator("#door-state")).to_have_text("STOP: ready")


def press(button: Locator, until_gone: Locator) -> None:
    """Press until the touch is accepted: a touch on something that has just moved is ignored."""
    for _ in range(TOUCHES):
        wait_until(lambda: has_stood(button), "a button that has stood for a moment")
        if not until_gone.count():
            return
        try:
            button.click(timeout=3_000)
            expect(until_gone).to_have_count(0, timeout=3_000)
        except (AssertionError, Error):
            continue
        return
    raise AssertionError(f"{TOUCHES} touches were not taken")


def has_stood(button: Locator) -> bool:
    """True if it has been in place long enough for a touch to count (``unit.js``), or is gone.

    The page waits for the rest of that time itself: repeated polling costs more.
    """
    return bool(button.evaluate_all(STAND))


def begin_session(station: BrowsedStation, order: str = ORDER, by: str = "A. Example") -> None:
    """File a short order and have the table's program prepare its session."""
    console = Console(station.records, TABLE, order, by)
    console.prepare()
    until_s = CLOCK.now_s() + PATIENCE_S
    while CLOCK.now_s() < until_s:
        content = console.peer.receive(0.5)
        message = None if content is None else from_control(content)
        if isinstance(message, RequestOutcome):
            assert message.result.value == "followed", message.reason
            console.peer.close()
            return
    raise AssertionError(f"{TABLE} did not take the session")


def start_traction(page: Page, answered: Callable[[str], None] = lambda text: None) -> None:
    """Answer every question of the checks with yes, the last of them with the start.

    ``answered`` receives the text of each before the start.
    """
    start = page.get_by_role("button", name="Start traction", exact=True)
    yes = page.locator("li.step.now").get_by_role("button", name="Yes", exact=True)
    while True:
        expect(yes.or_(start)).to_be_visible()
        if start.is_visible():
            break
        text = page.locator("li.step.now p").first.inner_text()
        press(yes, page.locator("li.step.now p").filter(has_text=text))
        answered(text)
    press(start, start)


def let_go(page: Page) -> None:
    """Free the table for the next patient, wherever the test has got to."""
    # Before its script runs a page posts as a form, and the stop door's own page names no session.
    expect(page.locator("body")).not_to_have_attribute("data-live", "waiting")
    page.get_by_role("button", name=f"STOP {TABLE}").click()
    end = page.get_by_role("group", name="Question").get_by_role("button", name="Acknowledge")
    idle = page.locator(f"[data-strip='{TABLE}'] [data-is=headline]").filter(
        has_text="no treatment is open"
    )
    expect(end.or_(idle)).to_be_visible()
    if end.is_visible():
        press(end, end)
    expect(idle).to_be_visible()


def treat(page: Page, station: BrowsedStation, order: str = ORDER) -> None:
    """Run a treatment up to its hold; a loaded machine may release early, so it is tried again."""
    now = page.locator("#unit-page [data-is=headline]")
    for _ in range(TREATED_AT_MOST):
        begin_session(station, order)
        start_traction(page)
        expect(now).to_have_text(re.compile("holding|stopped|faulted|no treatment"))
        if "holding" in now.inner_text():
            return
        let_go(page)
    raise AssertionError(f"{TREATED_AT_MOST} treatments ended before their hold")
