"""Signing in with a PIN in a real browser, and another person on the same page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from controller.requests import TakeOver
from records.store.record_folder import RecordFolder
from tests.support.browser_axe import violations
from tests.support.browser_touch import press
from tests.support.page_faults import faults
from tests.support.real_time import PATIENCE_MS
from tests.support.served_console import ServedConsole, served_console
from tests.support.signed_in import ANN, NAMES, PAT, PINS, add_accounts
from tests.support.standing import example, keep
from tests.support.unit_stages import HOLDING
from workstation.station.messages import MadeRequest


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedConsole]:
    folder = RecordFolder(tmp_path / "data")
    folder.path.mkdir(mode=0o700)
    add_accounts(folder)
    keep(folder, example("unit"))
    with served_console(folder) as opened:
        yield opened


def opened(browser: Browser, console: ServedConsole, *, scripts: bool) -> Page:
    context = browser.new_context(base_url=console.address, java_script_enabled=scripts)
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def sign_in(page: Page) -> None:
    page.goto("/person")
    page.get_by_label(NAMES[PAT], exact=True).check()
    page.get_by_label("PIN or password").fill(PINS[PAT])
    page.get_by_role("button", name="Sign in", exact=True).last.click()
    page.get_by_role("link", name="Go on").click()


def test_somebody_else_signs_in_and_what_was_typed_stays(
    browser: Browser, served: ServedConsole
) -> None:
    page = opened(browser, served, scripts=True)
    sign_in(page)
    served.links["Table 1"].show(**HOLDING)
    page.goto("/units/Table%201")
    expect(page.locator("#person")).to_have_text(NAMES[PAT])
    page.get_by_text("Remark ...").click()
    field = page.get_by_label("Words for the record")
    field.fill("turned head")
    page.get_by_text("Change person").click()
    change = page.locator("#change-person")
    change.get_by_label("Account").select_option(ANN)
    change.get_by_label("PIN").fill("000000")
    change.get_by_role("button").click()
    said, pin = page.locator("#change-said"), change.get_by_label("PIN")
    expect(said).to_contain_text("not the PIN of Ann Reed")
    expect(pin).to_have_value("")
    expect(page.locator("#person")).to_have_text(NAMES[PAT])
    page.route("**/person", lambda way: way.abort())
    pin.fill(PINS[ANN])
    change.get_by_role("button").click()
    expect(said).to_contain_text("did not answer: who is signed in is not known.")
    page.unroute("**/person")
    page.locator("#signed-out").evaluate("(one) => { one.hidden = false; }")
    pin.fill(PINS[ANN])
    change.get_by_role("button").click()
    expect(said).to_contain_text("Signed in: Ann Reed. ")
    expect(said).to_contain_text("wrong")
    expect(page.locator("#signed-out")).to_be_hidden()
    expect(page.locator("#person")).to_have_text(NAMES[ANN])
    expect(field).to_have_value("turned head")
    assert violations(page) == []
    _take_over(page, served)
    _ask_for_more_after_a_while(page, served)
    page.context.close()


def _take_over(page: Page, served: ServedConsole) -> None:
    """A person who signs in with a PIN takes a running unit from whoever began."""
    link = served.links["Table 1"]
    link.show(responsible="B. Other", responsible_since_ms=0)
    _change_person(page)
    take_over = page.get_by_role("button", name="Take over")
    press(take_over, page.locator("#asked:empty"))
    expect(page.locator("#asked")).to_have_text("Done.")
    taken = link.asked[-1]
    assert isinstance(taken, MadeRequest)
    assert taken.request == TakeOver(by=NAMES[PAT])
    link.show(responsible=NAMES[PAT])
    expect(take_over).to_have_count(0)


def _ask_for_more_after_a_while(page: Page, served: ServedConsole) -> None:
    """The responsible person stays signed in, and more force needs the PIN again."""
    link, people = served.links["Table 1"], served.site.people
    rules, asked = people.rules, len(link.asked)
    people.rules = replace(rules, idle_s=0.0)
    _more(page, "Done.")
    expect(page.locator("#asked")).to_contain_text("sign in again with your PIN")
    assert len(link.asked) == asked
    people.rules = rules
    _change_person(page)
    _more(page, "sign in again")
    expect(page.locator("#asked")).to_have_text("Done.")
    assert len(link.asked) == asked + 1


def _change_person(page: Page) -> None:
    change = page.locator("#change-person")
    if not change.is_visible():
        page.get_by_text("Change person").click()
    change.get_by_label("Account").select_option(PAT)
    change.get_by_label("PIN").fill(PINS[PAT])
    with page.expect_response("**/person"):
        change.get_by_role("button").click()
    expect(page.locator("#person")).to_have_text(NAMES[PAT])


def _more(page: Page, told_before: str) -> None:
    form = page.locator("[data-part=act-more]")
    if not form.get_by_label("Reason").is_visible():
        form.locator("summary").click()
    form.get_by_label("Reason").fill("tolerates it well")
    press(form.get_by_role("button"), page.locator("#asked", has_text=told_before))


def test_without_scripts_a_form_signs_in_and_the_page_is_fit_to_be_read(
    browser: Browser, served: ServedConsole
) -> None:
    page = opened(browser, served, scripts=False)
    sign_in(page)
    expect(page.locator("#person")).to_have_text(NAMES[PAT])
    page.get_by_text("Change person").click()
    page.locator("#change-person").get_by_label("Account").select_option(ANN)
    page.locator("#change-person").get_by_label("PIN").fill(PINS[ANN])
    page.locator("#change-person").get_by_role("button").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.locator("#person")).to_have_text(NAMES[ANN])
    page.context.close()
    looked = opened(browser, served, scripts=True)
    looked.goto("/person")
    expect(looked.get_by_label("PIN or password")).to_be_visible()
    assert violations(looked) == []
    looked.get_by_text("Change person").click()
    expect(looked.locator("#change-person")).to_be_visible()
    assert faults(looked) == {}
    looked.context.close()
