"""How a person works at a unit's page in a real browser: touches, answers, a session to begin."""

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
"""True once each has stood for a moment; false where one went meanwhile."""


def sit_down(context: BrowserContext, path: str = UNIT, name: str = "Pat Jones") -> Page:
    """A person at a page, by default the unit's."""
    page = context.new_page()
    page.goto(f"/person?back={path}")
    page.get_by_label("Another name").fill(name)
    page.get_by_role("button", name="Take this name").click()
    page.wait_for_url(f"**{path}")
    return page


def take_seat(page: Page) -> None:
    """The person on file takes the seat at the unit's page; the door is seen to answer."""
    page.goto(f"/person?back={UNIT}")
    page.get_by_role("button", name="Pat Jones, PT, DPT").click()
    page.wait_for_url(f"**{UNIT}")
    expect(page.locator("#door-state")).to_have_text("STOP: ready")


def press(button: Locator, until_gone: Locator) -> None:
    """Press until the touch is taken: one on what has just changed under a finger is not."""
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
    """Whether it stands long enough that a touch of it is meant (``unit.js``), or is gone.

    The page waits for what is left of that moment: to ask it again and again costs more.
    """
    return bool(button.evaluate_all(STAND))


def begin_session(station: BrowsedStation, order: str = ORDER, by: str = "A. Example") -> None:
    """File an order, a short one, and have the table's program prepare its session."""
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

    ``answered`` gets the text of each before the start.
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
    """The table is free again for the next patient, wherever the test has come to."""
    # Before its script runs a page posts as a form, and the door's own page tells of no session.
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
    """A treatment that has reached its hold; a machine under load may let go before, and again."""
    now = page.locator("#unit-page [data-is=headline]")
    for _ in range(TREATED_AT_MOST):
        begin_session(station, order)
        start_traction(page)
        expect(now).to_have_text(re.compile("holding|stopped|faulted|no treatment"))
        if "holding" in now.inner_text():
            return
        let_go(page)
    raise AssertionError(f"{TREATED_AT_MOST} treatments ended before their hold")
