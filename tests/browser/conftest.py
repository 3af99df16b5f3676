"""One browser and one station for all tests of this folder.

The browser is the system's Chromium: nothing is downloaded. Without it the tests are skipped, and
fail where continuous integration runs them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.browsed_station import BrowsedStation, browsed_station
from tests.support.real_time import PATIENCE_MS

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--autoplay-policy=document-user-activation-required",
    "--renderer-process-limit=1",
]
"""The second as in a browser with a window: a page sounds only behind a click. The third: none
starts a process for a page that nobody has opened yet."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        reason = f"no browser is installed: {', '.join(BROWSERS)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowsedStation]:
    """Two simulated tables over TCP, their programs, the stop door and the console."""
    folder: Path = tmp_path_factory.mktemp("station")
    tables = ("lumbar_split", "cervical_sliding")
    with browsed_station(folder, tables, tapped=True) as opened:
        yield opened


@pytest.fixture
def context(browser: Browser, station: BrowsedStation) -> Iterator[BrowserContext]:
    """A browser that nobody has used."""
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
