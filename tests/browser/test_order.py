"""The order page in a browser: the check follows the typing, keeps it, and nothing moves by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder
from tests.support.console_bench import console_bench
from tests.support.console_visits import at_the_order
from tests.support.reception import medicare_patient, open_clinic
from tests.support.served_console import served_console
from tests.support.standing import example, keep


@pytest.fixture
def order(browser: Browser, folder: RecordFolder) -> Iterator[Page]:
    """The order page of a visit, for somebody who has said a name."""
    open_clinic(folder)
    keep(folder, example("unit", unit_id="0" * 16), made_from=1)
    keep(folder, medicare_patient("2026-11-18"))
    with console_bench(folder, SystemClock()) as bench:
        bench.sit_down()
        path = at_the_order(bench)
    with served_console(folder) as served:
        context = browser.new_context(base_url=served.address)
        page = context.new_page()
        page.goto(f"/person?back={path}/order")
        page.get_by_label("Another name").fill("Pat Jones")
        page.get_by_role("button", name="Take this name").click()
        expect(page.get_by_role("heading", name="Order", exact=True)).to_be_visible()
        yield page
        context.close()


def place(element: Locator) -> float:
    """How far down the page it is, however far that was scrolled; pixels."""
    return float(element.evaluate("(one) => one.getBoundingClientRect().top + window.scrollY"))


def test_the_check_follows_the_typing_and_nothing_moves(order: Page) -> None:
    below = order.get_by_role("button", name="Go to the checks")
    before = place(below)
    hold = order.get_by_label("Hold force", exact=True)
    hold.fill("45")
    expect(order.locator("#wrong")).to_contain_text("the unit is missing")
    expect(hold).to_have_attribute("aria-invalid", "true")
    expect(order.locator("#plot svg")).to_have_count(0)
    assert place(below) == before
    hold.fill("17 lb")
    expect(order.locator("[data-reading=hold_force]")).to_have_text("17.0 lbf = 75.6 N = 7.7 kgf")
    expect(order.locator("#wrong")).to_be_empty()
    expect(order.locator("#plot svg")).to_be_visible()
    assert place(below) == before
    order.get_by_label("At most in this session").fill("25 lbf")
    second = order.locator("#second-looks").get_by_role("checkbox")
    expect(order.locator("#second-looks")).to_contain_text("confirmation limit of 23.0 lbf")
    second.check()
    assert place(below) == before
    order.get_by_label("Symptoms today").fill("left arm pain")
    with order.expect_response("**/order/check"):
        order.get_by_label("Pain before (0-10)").fill("6")
    order.reload()
    expect(order.get_by_label("Symptoms today")).to_have_value("left arm pain")
    expect(order.get_by_label("Pain before (0-10)")).to_have_value("6")
    expect(second).to_be_checked()
    order.get_by_label("At most in this session").fill("26 lbf")
    expect(order.locator("#second-looks")).to_contain_text("26.0 lbf")
    expect(second).not_to_be_checked()
