"""A browser on another machine: it watches over TLS, stops over TLS, and does nothing else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests.support.browsed_station import BrowsedStation, own_address
from tests.support.browser_touch import UNIT
from tests.support.real_time import PATIENCE_MS


def test_stop_over_tls_needs_no_click_through_a_warning(
    browser: Browser, station: BrowsedStation
) -> None:
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but loopback's")
    warned: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type in ("warning", "error"):
            warned.append(message.text)

    context = browser.new_context(
        base_url=f"https://{address}:{station.console_port}", ignore_https_errors=True
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("console", keep)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(UNIT)
    expect(page.locator("#door-state")).to_have_text("STOP: ready")
    page.get_by_role("button", name="STOP Table 1").click()
    expect(page.locator("#stop-said")).to_contain_text("No treatment is open on Table 1.")
    assert page.url == f"https://{address}:{station.console_port}{UNIT}"
    assert warned == []
    assert not [each for each in asked if "/person/" in each], "nobody sits there"
    refused = page.goto("/patients")
    assert refused is not None
    assert refused.status == 403
    expect(page.locator(".fault")).to_contain_text("This machine may watch and stop.")
    context.close()
