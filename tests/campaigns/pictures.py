"""The pictures of the pages, made anew from a station that treats: ``docs/pictures``.

    python -m tests.campaigns.pictures

Two simulated tables, the real programs, and a browser. It takes about two minutes: the live page is
drawn in the second hold of an intermittent treatment.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Page, sync_playwright

from controller.snapshot import Snapshot
from tests.support.browsed_station import BrowsedStation, browsed_station
from tests.support.real_time import ROOT
from tests.support.station_console import TABLE, Console, is_idle
from tests.support.system_browser import NO_BROWSER, system_browser

PICTURES: Final = ROOT / "docs" / "pictures"
ORDER: Final = """
patient_reference = "TEST-1"
region = "lumbar"
mode = "intermittent"
hold_force = "60 lbf"
rest_force = "30 lbf"
maximum_force = "80 lbf"
hold_time = "20 s"
rest_time = "10 s"
treatment_time = "12 min"
ramp_up = "20 N/s"
ramp_down = "40 N/s"
pretension_time = "2 s"
table = "split"
"""
SHOWN_HOLD: Final = 2
INTO_IT_S: Final = 8.0


def main() -> int:
    """Make the pictures; returns 1 if no browser is installed."""
    browser_path = system_browser()
    if browser_path is None:
        sys.stderr.write(f"{NO_BROWSER}\n")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    tables = ("lumbar_split", "cervical_sliding")
    with (
        TemporaryDirectory() as made,
        browsed_station(Path(made), tables) as station,
        sync_playwright() as playwright,
    ):
        treating = Console(station.records, TABLE, ORDER)
        treating.until(is_idle, "the idle unit")
        treating.prepare()
        opened = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = opened.new_page(viewport={"width": 1280, "height": 800})
        _sit_down(page, station)
        page.goto(f"{station.address}/units/Table%201")
        treating.until(_is_shown, f"hold {SHOWN_HOLD}")
        page.locator("#sound-blocked").click()
        treating.look_on(INTO_IT_S)
        page.screenshot(path=PICTURES / "live-view.png")
        opened.close()
    return 0


def _sit_down(page: Page, station: BrowsedStation) -> None:
    page.goto(f"{station.address}/person")
    page.get_by_role("button", name="Pat Jones").click()


def _is_shown(shown: Snapshot) -> bool:
    return shown.phase == "holding" and shown.hold_number == SHOWN_HOLD


if __name__ == "__main__":
    sys.exit(main())
