"""One browser and one station for all tests of this folder.

The browser is the system's Chromium: nothing is downloaded. Without it the tests are skipped, and
fail where continuous integration runs them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from records.store.record_folder import RecordFolder
from tests.support.browsed_station import BrowsedStation, browsed_station, for_other_machines
from tests.support.console_bench import StandInLink
from tests.support.real_time import PATIENCE_MS
from tests.support.reception import CLINIC_OF_CLAIMS, medicare_patient
from tests.support.served_console import ServedConsole, served_console
from tests.support.standing import example, keep
from tests.support.system_browser import NO_BROWSER, system_browser
from tests.support.unit_stages import HOLDING

NOTHING_STANDS = {
    "pause_left_s": None,
    "local_takeover": False,
    "emergency_stop_open": False,
    "sound_paused_s": 0.0,
}
FLAGS = [
    "--no-sandbox",
    "--autoplay-policy=document-user-activation-required",
    "--renderer-process-limit=1",
]
"""The second as in a browser with a window: a page sounds only behind a click. The third: none
starts a process for a page that nobody has opened yet."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Pictures are for people: no test examines them."""
    parser.addoption("--pictures", type=Path, help="folder for pictures of every page")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests with the station last, so that it does not run in parallel with the others."""
    items.sort(key=lambda item: "station" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    found = system_browser()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowsedStation]:
    """A simulated table, its program, the stop door and the console.

    Other machines reach it too, at this machine's non-loopback address, if it has one.
    """
    folder: Path = tmp_path_factory.mktemp("station")
    settings = for_other_machines(folder)
    with browsed_station(folder, ("test_fixture",), tapped=True, settings=settings) as opened:
        yield opened


@pytest.fixture
def context(browser: Browser, station: BrowsedStation) -> Iterator[BrowserContext]:
    """A new browser."""
    opened = browser.new_context(
        base_url=station.address, viewport={"width": 1280, "height": 800}, locale="en-US"
    )
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page in it; an error of a script or of the policy fails the test."""
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    yield opened
    assert faults == []


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """A clinic that works in newtons, with two tables; the second is idle."""
    folder = RecordFolder(tmp_path_factory.mktemp("words") / "data")
    folder.path.mkdir(mode=0o700)
    keep(folder, example("clinic", **CLINIC_OF_CLAIMS, force_unit="N"))
    keep(folder, example("person", taxonomy="225100000X"))
    keep(folder, example("unit"))
    second = {"name": "Table 2", "address": "modbus-tcp://192.0.2.6:502", "unit_id": "0a" * 8}
    keep(folder, example("unit", **second))
    keep(folder, medicare_patient("2026-11-18"))
    with served_console(folder) as served:
        yield served


@pytest.fixture
def link(console: ServedConsole) -> StandInLink:
    """A treatment in its hold, with a reading of this moment."""
    link = console.links["Table 1"]
    link.is_answering, link.silent_s, link.seen = True, 0.0, None
    link.show(**HOLDING, **NOTHING_STANDS, alarms=(), questions=(), sounds=True, record_trouble="")
    return link
