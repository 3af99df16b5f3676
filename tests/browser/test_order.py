"""The order page in a browser: the check follows the typing, keeps it, and moves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder
from tests.support.console_bench import console_bench
from tests.support.console_visits import at_the_order
from tests.support.real_time import PATIENCE_MS
from tests.support.reception import medicare_patient, open_clinic
from tests.support.served_console import served_console
from tests.support.standing import example, keep

CHECK = "**/order/check"
MARK = """() => {
  document.querySelector("#plot svg").isMarked = true;
  document.querySelector("[data-reading=hold_force]").firstChild.isMarked = true;
}"""
MARKED = """() => [document.querySelector("#plot svg"),
  document.querySelector("[data-reading=hold_force]").firstChild].map((one) => !!one.isMarked)"""
ONE_TURN = "new Promise((done) => setTimeout(done))"
ONE_ANSWER = "fetch('/static/now/icon.svg').then((answer) => answer.text()).then(() => 1)"


@pytest.fixture
def order(browser: Browser, folder: RecordFolder) -> Iterator[Page]:
    """The order page of a visit, for somebody who has given a name."""
    open_clinic(folder)
    keep(folder, example("unit", unit_id="0" * 16), made_from=1)
    keep(folder, medicare_patient("2026-11-18"))
    with console_bench(folder, SystemClock()) as bench:
        bench.sit_down()
        path = at_the_order(bench)
    with served_console(folder) as served:
        context = browser.new_context(base_url=served.address)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"/person?back={path}/order")
        page.get_by_label("Another name").fill("Pat Jones")
        page.get_by_role("button", name="Take this name").click()
        expect(page.get_by_role("heading", name="Order", exact=True)).to_be_visible()
        yield page
        assert faults == []
        context.close()


def place(element: Locator) -> float:
    """Distance from the top of the page, however far it was scrolled; pixels."""
    return float(element.evaluate("(one) => one.getBoundingClientRect().top + window.scrollY"))


def test_the_check_follows_the_typing_and_nothing_moves(order: Page) -> None:
    below = order.get_by_role("button", name="Go to the checks")
    before = place(below)
    hold = order.get_by_label("Hold force", exact=True)
    hold.fill("45")
    expect(order.locator("#wrong")).to_contain_text("the unit is missing")
    expect(order.locator("#wrong").get_by_role("link", name="Hold force")).to_be_visible()
    expect(hold).to_have_attribute("aria-invalid", "true")
    expect(order.locator("#plot svg")).to_have_count(0)
    assert place(below) == before
    hold.fill("17 lb")
    expect(order.locator("[data-reading=hold_force]")).to_have_text("17.0 lbf = 75.6 N = 7.7 kgf")
    expect(order.locator("#wrong")).to_be_empty()
    expect(order.locator("#plot svg")).to_be_visible()
    expect(order.locator("#plan")).to_contain_text("17.0 lbf (75.6 N) all the time")
    assert place(below) == before
    expect(order.locator("#limit-maximum_force")).to_contain_text("17.0 to 44.9 lbf")
    order.get_by_label("At most in this session").fill("25 lbf")
    second = order.locator("#second-looks").get_by_role("checkbox")
    expect(order.locator("#second-looks")).to_contain_text("confirmation limit of 23.0 lbf")
    expect(order.locator("#plot")).to_contain_text("at most 25.0 lbf")
    expect(order.locator("#second-looks label")).to_have_class("tick told")
    second.check()
    assert place(below) == before
    order.evaluate(MARK)
    order.get_by_label("Symptoms today").fill("left arm pain")
    with order.expect_response(CHECK):
        order.get_by_label("Pain before (0-10)").fill("6")
    order.evaluate(ONE_TURN)
    expect(second).to_have_count(1)
    expect(second).to_be_checked()
    assert order.evaluate(MARKED) == [True, True], "what says the same is not put anew"
    order.reload()
    expect(order.get_by_label("Symptoms today")).to_have_value("left arm pain")
    expect(order.get_by_label("Pain before (0-10)")).to_have_value("6")
    expect(second).to_be_checked()
    order.get_by_label("At most in this session").fill("26 lbf")
    expect(order.locator("#second-looks")).to_contain_text("26.0 lbf")
    expect(second).not_to_be_checked()
    order.get_by_label("At most in this session").fill("20 lbf")
    expect(second).to_have_count(0)


def test_a_mistake_that_was_sent_keeps_its_place_once_it_is_gone(order: Page) -> None:
    """What is typed before the script has loaded is checked too."""
    hold, said = order.get_by_label("Hold force", exact=True), order.locator("#wrong-hold_force")
    hold.fill("45")
    order.get_by_role("button", name="Check", exact=True).click()
    expect(said).to_contain_text("the unit is missing")
    below = order.get_by_role("button", name="Go to the checks")
    before = place(below)
    held = hold_first(order, "**/order.js")
    with order.expect_request("**/order.js"):
        order.reload(wait_until="commit")
    hold.fill("17 lb")
    held[0].continue_()
    expect(said).to_have_class(re.compile("settled"))
    expect(said).to_contain_text("the unit is missing")
    expect(hold).to_have_attribute("aria-invalid", "false")
    assert place(below) == before
    hold.fill("46")
    expect(said).to_contain_text("46")
    expect(said).not_to_have_class(re.compile("settled"))
    assert place(below) == before


def test_a_mistake_of_no_field_stands_where_the_picture_would(order: Page) -> None:
    """Several buttons are near it; a mistake of no field is not marked as invalid."""

    def without_a_table(way: Route) -> None:
        facts = way.fetch().json()
        mistakes = {"": ["the region is not said"], "unit": ["no table is chosen"]}
        way.fulfill(json={**facts, "mistakes": mistakes, "plot": ""})

    order.route(CHECK, without_a_table)
    order.get_by_label("Symptoms today").fill("left arm pain")
    wrong = order.locator("#wrong li")
    expect(wrong).to_have_text(["the region is not said", "Table: no table is chosen"])
    expect(wrong.get_by_role("link")).to_have_text(["Table"])
    expect(order.locator("fieldset#unit[aria-invalid]")).to_have_count(0)
    expect(order.locator("#wrong-unit")).not_to_have_class(re.compile("settled"))


def test_it_is_checked_behind_the_typing_and_again_where_nobody_answered(order: Page) -> None:
    asked: list[str] = []
    order.on("request", lambda one: asked.append(one.url) if one.url.endswith("/check") else None)
    order.clock.install()
    order.reload()
    order.clock.pause_at(order.evaluate("Date.now() / 1000 + 1"))
    symptoms = order.get_by_label("Symptoms today")
    order.clock.run_for(10_000)
    assert not asked, "nobody has typed"
    symptoms.fill("left")
    symptoms.fill("left arm")
    with order.expect_response(CHECK):
        order.clock.run_for(600)
    order.evaluate(ONE_ANSWER)
    order.clock.run_for(10_000)
    order.route(CHECK, lambda way: way.abort())
    symptoms.fill("left arm pain")
    with order.expect_event("requestfailed"):
        order.clock.run_for(600)
    order.evaluate(ONE_ANSWER)
    order.unroute(CHECK)
    with order.expect_response(CHECK):
        order.clock.run_for(2_100)
    assert len(asked) == 3


def test_an_answer_that_comes_late_or_is_none_changes_nothing(order: Page) -> None:
    hold, reading = order.get_by_label("Hold force"), order.locator("[data-reading=hold_force]")
    held = hold_first(order, CHECK)
    with order.expect_request(CHECK):
        hold.fill("16 lb")
    hold.fill("17 lb")
    expect(reading).to_have_text("17.0 lbf = 75.6 N = 7.7 kgf")
    with order.expect_response(CHECK):
        held[0].continue_()
    order.evaluate(ONE_TURN)
    expect(reading).to_have_text("17.0 lbf = 75.6 N = 7.7 kgf")
    order.unroute(CHECK)
    order.route(CHECK, lambda way: way.fulfill(body="<p>Who sits here?</p>"))
    with order.expect_response(CHECK):
        hold.fill("18 lb")
    order.evaluate(ONE_TURN)
    order.unroute(CHECK)
    order.route(CHECK, lambda way: way.fulfill(status=503))
    with order.expect_response(CHECK):
        hold.fill("19 lb")
    order.unroute(CHECK)
    expect(reading).to_have_text("19.0 lbf = 84.5 N = 8.6 kgf")


def hold_first(page: Page, pattern: str) -> list[Route]:
    """Hold the first of these requests for the test; the others continue."""
    held: list[Route] = []

    def hold(way: Route) -> None:
        if held:
            way.continue_()
        else:
            held.append(way)

    page.route(pattern, hold)
    return held
