"""The history in a real browser: found and replayed in three, drawn without scripts, never live."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, StorageState, expect

from records.store.record_folder import RecordFolder
from tests.support.notes import ADJUSTED_AND_PAUSED, recorded
from tests.support.real_time import PATIENCE_MS, wait_until
from tests.support.reception import medicare_patient, open_clinic
from tests.support.served_console import ServedConsole, served_console
from tests.support.standing import keep

REFERENCE = "TEST-77"
SESSION = "/sessions/past-1"
PIECES = re.compile(r"/replay/\w+\?from_ms=(\d+)")
DRAWN = """canvas => canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """A session of three minutes on file, which needs several parts to replay."""
    folder = RecordFolder(tmp_path_factory.mktemp("past") / "data")
    folder.path.mkdir(mode=0o700)
    open_clinic(folder)
    keep(folder, medicare_patient("2025-12-20"))
    recorded(folder, "past-1", reference=REFERENCE, happened=ADJUSTED_AND_PAUSED, held_ms=180_000)
    with served_console(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def seated(browser: Browser, served: ServedConsole) -> StorageState:
    """What a browser stores for somebody who has given a name."""
    with browser.new_context(base_url=served.address) as context:
        context.set_default_timeout(PATIENCE_MS)
        opened = context.new_page()
        opened.goto("/person")
        opened.get_by_role("button", name="Pat Jones").click()
        expect(opened.locator("#person")).to_have_text("Pat Jones")
        return context.storage_state()


@pytest.fixture
def page(browser: Browser, served: ServedConsole, seated: StorageState) -> Iterator[Page]:
    """A page of that person, in a browser whose clock advances on the test's command."""
    with browser.new_context(base_url=served.address, storage_state=seated) as context:
        context.set_default_timeout(PATIENCE_MS)
        opened = context.new_page()
        opened.clock.install()
        yield opened


def test_a_session_is_found_and_replayed_in_three(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#person")).to_have_text("Pat Jones")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="History").click()
    field = page.get_by_label("Patient reference")
    field.fill(REFERENCE)
    field.press("Enter")
    page.get_by_role("link", name="Replay past-1").click()
    expect(page.get_by_role("heading", name="REPLAY, not live")).to_be_visible()
    assert page.url.endswith(f"{SESSION}/replay")


def replayed(page: Page, asked: list[int]) -> None:
    """Its page at the beginning, with the first part; ``asked`` gets the starts of parts."""
    page.goto(f"{SESSION}/replay")
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))
    again = page.get_by_role("button", name="From the beginning")
    expect(again).to_be_enabled()
    page.on("request", lambda one: asked.extend(int(at) for at in PIECES.findall(one.url)))
    begin_anew(page)


def begin_anew(page: Page) -> None:
    with page.expect_response(PIECES):
        page.get_by_role("button", name="From the beginning").click()
        page.clock.run_for(20)


def test_a_replay_shows_the_moment_and_nothing_of_later(page: Page) -> None:
    asked: list[int] = []
    replayed(page, asked)
    page.clock.run_for(400)
    force, time = page.locator("#then-force"), page.locator("#then-time")
    event = page.locator("#then-event")
    expect(force).to_have_text("13.5 lbf")
    expect(page.locator("#then-force-other")).to_have_text("60.1 N")
    expect(time).to_have_text("0:00")
    forces = page.locator(".chart .forces b")
    expect(forces).to_have_text(["0 lbf", "5 lbf", "10 lbf", "15 lbf"])
    expect(page.locator(".chart .times b").last).to_have_text("then")
    page.clock.run_for(4_000)
    expect(time).to_have_text("0:04")
    expect(event).to_contain_text("holding")
    expect(force).to_have_text("--")
    page.clock.fast_forward(20_000)  # a page that was hidden continues where it was
    expect(time).to_have_text("0:04")
    page.clock.run_for(6_000)
    expect(event).to_contain_text("belt")
    assert page.locator("#replay-chart").evaluate(DRAWN), "the mark of a request"
    assert len(asked) == 1, "no more than it needs for what comes next"


def test_a_replay_is_faster_and_stops_at_its_end(page: Page) -> None:
    asked: list[int] = []
    replayed(page, asked)
    fast = page.get_by_role("button", name="16 x")
    fast.click()
    expect(fast).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="1 x", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )
    time, event = page.locator("#then-time"), page.locator("#then-event")
    while time.inner_text() != "3:03":
        page.clock.run_for(1_500)
    expect(event).to_contain_text("the session ended completed")
    page.clock.run_for(1_000)
    expect(time).to_have_text("3:03")
    assert asked == [*range(asked[0], 183_000, 60_000)], "every piece once"
    begin_anew(page)
    page.clock.run_for(20)
    expect(time).to_have_text("0:00")
    expect(event).not_to_contain_text("the session ended")
    expect(page.locator("#then-force")).to_have_text("13.5 lbf")


def test_a_replay_that_gets_no_readings_stands_still_and_says_so(page: Page) -> None:
    asked: list[int] = []
    replayed(page, asked)
    fault = page.locator("#replay-fault")
    page.route(PIECES, lambda way: way.fulfill(status=410, json=piece([])))
    begin_anew(page)
    expect(fault).to_contain_text("The replay has stopped")
    page.clock.run_for(1_000)
    assert len(asked) == 2, "it is not asked again by itself"
    page.unroute(PIECES)
    begin_anew(page)
    expect(fault).to_be_empty()
    page.clock.run_for(200)
    expect(page.locator("#then-force")).to_have_text("13.5 lbf")


def test_what_was_asked_before_a_new_beginning_is_not_taken(page: Page) -> None:
    replayed(page, [])
    held: list[Route] = []

    def hold(way: Route) -> None:
        held.append(way)

    page.route(PIECES, hold)
    again = page.get_by_role("button", name="From the beginning")
    for _ in range(2):
        with page.expect_request(PIECES):
            again.click()
            page.clock.run_for(20)
    wait_until(lambda: _came(page, held, 2), "both requests")
    older, newer = held
    newer.fulfill(json=piece([[1_000, -0.1, 0.0]]))
    force = page.locator("#then-force")
    expect_after(page, 200, force, "0.0 lbf")
    expect(page.locator("#then-force-other")).to_have_text("-0.1 N")
    with page.expect_response(PIECES):
        older.fulfill(json=piece([[1_000, 99.0, 99.0]]))
    expect_after(page, 20, force, "0.0 lbf")
    for _ in range(2):
        with page.expect_request(PIECES):
            again.click()
            page.clock.run_for(20)
    wait_until(lambda: _came(page, held, 4), "two more requests")
    with page.expect_event("requestfailed"):
        held[2].abort()
    expect_after(page, 100, page.locator("#replay-fault"), "")
    assert len(held) == 4, "the newest is waited for"
    held[3].fulfill(json=piece([[1_000, 44.5, 0.0]]))
    expect_after(page, 200, force, "10.0 lbf")


def _came(page: Page, held: Sequence[Route], count: int) -> bool:
    page.wait_for_timeout(20)
    return len(held) == count


def expect_after(page: Page, milliseconds: int, place: Locator, text: str) -> None:
    """Check the text that the page shows once it has received what came."""
    page.evaluate("fetch('/static/now/icon.svg').then((answer) => answer.text()).then(() => 1)")
    page.clock.run_for(milliseconds)
    expect(place).to_have_text(text)


def piece(points: list[list[float]]) -> dict[str, Any]:
    return {"points": points, "until_ms": 61_000, "is_last": False}


def test_the_curve_needs_no_script(browser: Browser, served: ServedConsole) -> None:
    context = browser.new_context(base_url=served.address, java_script_enabled=False)
    page = context.new_page()
    page.goto(SESSION)
    page.get_by_role("button", name="Pat Jones").click()  # a name first, and back
    expect(page.get_by_role("img", name="Force from 0:00 to 3:03")).to_be_visible()
    expect(page.locator("svg.plot polygon.actual")).to_have_count(2)  # with a gap between
    page.get_by_role("link", name="Nearer").click()
    expect(page.get_by_role("link", name="Whole session")).to_be_visible()
    page.get_by_role("textbox", name="From").fill("soon")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#range-fault")).to_contain_text("from=soon is not a time")
    expect(page.get_by_role("textbox", name="From")).to_have_value("soon")
    context.close()
