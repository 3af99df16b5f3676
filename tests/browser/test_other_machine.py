"""A browser on another machine: it watches over TLS, stops over TLS, and does nothing else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect

from tests.support.browsed_station import browsed_station
from tests.support.browser_touch import UNIT
from tests.support.certificates import made_certificate
from tests.support.real_time import PATIENCE_MS


def own_address() -> str:
    """An address of this machine that is not loopback's; "" where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # sends nothing
            address = str(asking.getsockname()[0])
        except OSError:
            return ""
    return "" if address.startswith("127.") else address


def test_stop_over_tls_needs_no_click_through_a_warning(browser: Browser, tmp_path: Path) -> None:
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but loopback's")
    certificate = made_certificate(tmp_path / "station.pem", [address])
    settings = {
        "TRACTION_STATION_CERTIFICATE": str(certificate.file),
        "TRACTION_CONSOLE_ADDRESSES": address,
        "TRACTION_STOP_ADDRESSES": address,
    }
    warned: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type in ("warning", "error"):
            warned.append(message.text)

    with browsed_station(tmp_path, settings=settings) as station:
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
