"""STOP in a real browser: with and without scripts, and with the console hung."""

from __future__ import annotations

import os
import re
import signal

from playwright.sync_api import Browser, Page, expect

from tests.support.browsed_station import BrowsedStation

IDLE = re.compile(r"No treatment is open on Table 1\. Force -?\d+\.\d N at \d\d:\d\d:\d\d\.")


def test_a_press_says_what_became_of_it_and_the_page_stays(page: Page) -> None:
    page.goto("/units/Table%201")
    expect(page.locator("#door-state")).to_have_text("STOP: ready")
    page.get_by_role("button", name="STOP Table 1").click()
    expect(page.locator("#stop-said")).to_contain_text(IDLE)
    assert page.url.endswith("/units/Table%201")


def test_stop_is_first_by_keyboard_and_has_no_focus_at_load(page: Page) -> None:
    page.goto("/units/Table%201")
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="STOP Table 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#stop-said")).to_contain_text(IDLE)


def test_without_scripts_the_door_answers(browser: Browser, station: BrowsedStation) -> None:
    context = browser.new_context(base_url=station.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/units/Table%201")
    page.get_by_role("button", name="STOP Table 1").click()
    expect(page.locator("main")).to_contain_text(IDLE)
    assert page.url == f"{station.door}/stop/Table%201"
    context.close()


def test_with_the_console_hung_the_door_still_answers(page: Page, station: BrowsedStation) -> None:
    page.goto("/units/Table%201")
    expect(page.locator("#door-state")).to_have_text("STOP: ready")
    os.kill(station.console_process, signal.SIGSTOP)
    try:
        expect(page.locator("#no-live-data")).to_contain_text("NO LIVE DATA for")
        expect(page.locator("#no-live-data")).to_contain_text("STOP: ready")
        expect(page.locator("[data-of='Table 1'] [data-is=force]")).to_have_text("--")
        page.get_by_role("button", name="STOP Table 1").click()
        expect(page.locator("#stop-said")).to_contain_text(IDLE)
    finally:
        os.kill(station.console_process, signal.SIGCONT)
    expect(page.locator("#no-live-data")).to_be_hidden()
    expect(page.locator("[data-of='Table 1'] [data-is=force]")).to_contain_text(" N")
