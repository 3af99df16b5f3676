"""STOP in a real browser, whatever else is lost: the release goes over the unit's wire."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from playwright.sync_api import Browser, Page, expect

from controller.snapshot import Snapshot
from tests.support.browsed_station import BrowsedStation
from tests.support.browser_touch import UNIT, sit_down
from tests.support.real_time import PATIENCE_MS, freeze, wait_until
from tests.support.station_console import CLOCK, TABLE, Console, is_idle
from workstation.station.place import ChannelPlace, station_folder

IDLE = re.compile(r"No treatment is open on Table 1\. Force -?\d+\.\d N at \d\d:\d\d:\d\d\.")
ORDERED = re.compile(r"STOP was (already )?ordered at \d\d:\d\d:\d\d")
PULLING = ("taking_up_slack", "ramping_up", "holding")
SIX = 6
"""A browser opens so many connections to one address, and no more."""


def test_a_press_says_what_became_of_it_and_the_page_stays(page: Page) -> None:
    page.goto(UNIT)
    expect(page.locator("#door-state")).to_have_text("STOP: ready")
    page.get_by_role("button", name="STOP Table 1").click()
    expect(page.locator("#stop-said")).to_contain_text(IDLE)
    assert page.url.endswith(UNIT)


def test_stop_is_first_by_keyboard_and_has_no_focus_at_load(page: Page) -> None:
    page.goto(UNIT)
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="STOP Table 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#stop-said")).to_contain_text(IDLE)


def test_a_page_of_another_site_that_hides_its_origin_stops_nothing(page: Page) -> None:
    """As a page with the no-referrer policy or a sandboxed frame; STOP on the answer works."""
    page.goto(UNIT)
    door = page.locator("form.stop").first.get_attribute("action")
    page.goto("about:blank")
    page.set_content(f'<form method="post" action="{door}"><button>go</button></form>')
    page.get_by_role("button", name="go").click()
    expect(page.locator("body")).to_contain_text("Only pages of this workstation may stop a unit.")
    page.get_by_role("button", name="STOP Table 1").click()
    expect(page.locator("body")).to_contain_text(IDLE)


class Pressing:
    """Pages of people at Table 1, its treatment, and presses of STOP."""

    def __init__(self, browser: Browser, station: BrowsedStation, treating: Console) -> None:
        self.browser, self.station, self.treating = browser, station, treating
        self.behind = ExitStack()
        """What is put right behind the test."""
        self.pressed_at_s = 0.0

    def page(self, *, scripts: bool = True) -> Page:
        """The unit's page in a browser of its own, where nobody has given a name."""
        context = self.browser.new_context(
            base_url=self.station.address, java_script_enabled=scripts
        )
        context.set_default_timeout(PATIENCE_MS)
        self.behind.callback(context.close)
        page = context.new_page()
        page.goto(UNIT)
        return page

    def pull(self) -> None:
        """A treatment that pulls at this moment."""
        self.treating.until(is_idle, "the idle unit")
        self.treating.prepare()
        self.treating.until(_pulls, "traction")

    def press(self, *pages: Page) -> tuple[Page, ...]:
        self.pressed_at_s = CLOCK.now_s()
        for page in pages:
            page.get_by_role("button", name="STOP Table 1").click()
        return pages

    def kill_console(self) -> None:
        os.kill(self.station.console_process, signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.station.console_process, number)


def _pulls(shown: Snapshot) -> bool:
    return shown.phase in PULLING


@pytest.fixture
def pressing(browser: Browser, station: BrowsedStation) -> Iterator[Pressing]:
    """Pages whose treatment is led by somebody who needs no page."""
    treating = Console(station.records, TABLE)
    made = Pressing(browser, station, treating)
    with closing(treating.peer):
        with made.behind:
            yield made
            treating.until(is_idle, "the idle unit")
        station.wait_for_console()


def scripts_off(at: Pressing) -> tuple[Page, ...]:
    page = at.page(scripts=False)
    at.pull()
    return at.press(page)


def door_away(at: Pressing) -> tuple[Page, ...]:
    page = at.page()
    page.route(f"{at.station.door}/**", lambda way: way.abort())
    at.pull()
    return at.press(page)


def channel_cut(at: Pressing) -> tuple[Page, ...]:
    """The console has no connection to the unit's program."""
    page = at.page()
    way = ChannelPlace(folder=station_folder(at.station.records.path), called=TABLE).socket
    away = way.rename(way.with_suffix(".away"))
    at.behind.callback(away.rename, way)
    at.kill_console()
    expect(page.locator("[data-strip='Table 1']")).to_have_attribute("data-state", "silent")
    at.pull()
    return at.press(page)


def console_killed(at: Pressing) -> tuple[Page, ...]:
    page = at.page()
    at.pull()
    at.kill_console()
    return at.press(page)


def console_hung(at: Pressing) -> tuple[Page, ...]:
    page = at.page()
    at.pull()
    freeze(at.station.console_process)
    at.behind.callback(at.send, signal.SIGCONT)
    expect(page.locator("#no-live-data")).to_be_visible()
    expect(page.locator("#no-live-data")).to_contain_text("STOP: ready")
    return at.press(page)


def console_restarted(at: Pressing) -> tuple[Page, ...]:
    """Between the loading of the page and the press."""
    page = at.page()
    before = at.station.console_process
    at.kill_console()
    wait_until(lambda: _process_of(at.station) not in (None, before), "the next console")
    at.pull()
    return at.press(page)


def _process_of(station: BrowsedStation) -> int | None:
    try:
        return station.console_process
    except (OSError, ValueError):
        return None


def signed_out(at: Pressing) -> tuple[Page, ...]:
    page = at.page()
    page = sit_down(page.context)
    page.context.clear_cookies()
    at.pull()
    return at.press(page)


def stale_page(at: Pressing) -> tuple[Page, ...]:
    page = at.page()
    page.evaluate("document.body.dataset.program = 'another'")
    expect(page.locator("body")).to_have_attribute("data-older", "yes")
    at.pull()
    return at.press(page)


def six_live_pages(at: Pressing) -> tuple[Page, ...]:
    """The oldest of them has lost its stream to another one."""
    page = at.page()
    for _ in range(SIX - 1):
        page.context.new_page().goto(UNIT)
    expect(page.locator("#no-live-data")).to_contain_text("another tab")
    at.pull()
    return at.press(page)


def two_people(at: Pressing) -> tuple[Page, ...]:
    pages = at.page(), at.page()
    at.pull()
    return at.press(*pages)


CONDITIONS: dict[str, Callable[[Pressing], tuple[Page, ...]]] = {
    each.__name__: each
    for each in (
        scripts_off,
        door_away,
        channel_cut,
        console_killed,
        console_hung,
        console_restarted,
        signed_out,
        stale_page,
        six_live_pages,
        two_people,
    )
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_stop_releases_whatever_else_is_lost(pressing: Pressing, condition: str) -> None:
    pages = CONDITIONS[condition](pressing)
    (tap,) = pressing.station.taps
    wait_until(
        lambda: tap.first_release_s(pressing.pressed_at_s) is not None, "a release on the wire"
    )
    for page in pages:
        expect(page.locator("body")).to_contain_text(ORDERED)
