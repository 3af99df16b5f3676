"""The parts of a unit's page that its script replaces as they change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from markupsafe import escape
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from controller.alarms import RaisedAlarm
from tests.support.browser_touch import UNIT, has_stood, press, take_seat
from tests.support.console_bench import StandInLink
from tests.support.real_time import PATIENCE_MS, wait_until
from tests.support.served_console import ServedConsole
from tests.support.unit_stages import BELL, CHECKING, LOCKED

ALARM = RaisedAlarm(code="check_in_due", number=1, utc_ms=1_796_000_000_000)
STEP = "li.step.now"
ONE_ANSWER = "fetch('/static/now/icon.svg').then((answer) => answer.text()).then(() => 1)"


@pytest.fixture
def page(browser: Browser, console: ServedConsole, link: StandInLink) -> Iterator[Page]:
    """The unit's page with its first question."""
    link.show(**CHECKING, questions=(LOCKED,))
    with browser.new_context(base_url=console.address) as context:
        context.set_default_timeout(PATIENCE_MS)
        opened = context.new_page()
        take_seat(opened)
        expect(opened.locator(STEP)).to_contain_text(LOCKED.text)
        yield opened


def test_a_page_that_was_asked_for_before_an_answer_takes_nothing_back(
    page: Page, link: StandInLink
) -> None:
    """An answered question does not return even briefly."""
    held: list[tuple[Route, APIResponse]] = []
    step = page.locator(STEP)
    page.route(f"**{UNIT}", lambda way: held.append((way, way.fetch())))
    link.show(alarms=(ALARM,))  # other parts, for which the page is requested again
    wait_until(lambda: came(page, held), "the page of before the answer")
    link.show(questions=(BELL,))
    yes = step.get_by_role("button", name="Yes", exact=True)
    press(yes, step.filter(has_text=LOCKED.text))
    expect(step).to_contain_text(BELL.text)
    before, drawn = held[0]
    with page.expect_response(f"**{UNIT}"):
        before.fulfill(response=drawn)
    page.evaluate(ONE_ANSWER)
    expect(step).to_contain_text(BELL.text)


def test_an_answer_that_was_drawn_before_what_is_shown_takes_nothing_back(
    page: Page, link: StandInLink
) -> None:
    """The question that was answered would stand there again, and be answered twice."""
    held: list[tuple[Route, APIResponse]] = []
    step = page.locator(STEP)
    wait_until(lambda: has_stood(step.get_by_role("button", name="Yes")), "a meant touch")
    page.route("**/answers", lambda way: held.append((way, way.fetch())))
    step.get_by_role("button", name="Yes").click()
    wait_until(lambda: came(page, held), "the answer that is drawn")
    link.show(questions=(BELL,))
    expect(step).to_contain_text(BELL.text)
    page.route(f"**{UNIT}", lambda _way: None)
    before, drawn = held[0]
    assert escape(LOCKED.text) in drawn.text()
    before.fulfill(response=drawn)
    expect(page.locator("form[data-sending]")).to_have_count(0)
    page.evaluate(ONE_ANSWER)
    expect(step).to_contain_text(BELL.text)
    expect(page.locator("#asked")).not_to_be_empty()


def came(page: Page, held: list[tuple[Route, APIResponse]]) -> bool:
    page.wait_for_timeout(20)
    return bool(held)
