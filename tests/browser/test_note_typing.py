"""Text typed into a note survives the page, the browser and the console, scripts or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from records.note.typed import typed_texts
from records.store.record_folder import RecordFolder
from tests.support.notes import note_of, recorded
from tests.support.real_time import PATIENCE_MS
from tests.support.reception import medicare_patient, open_clinic
from tests.support.served_console import ServedConsole, served_console
from tests.support.standing import keep

NOTE = "/sessions/s-1/note"
PLAN = "twice a week"
DRAFT = "**/note/draft"
ONE_TURN = "new Promise((done) => setTimeout(done))"
TURNED = """() => {{
  Object.defineProperty(document, "visibilityState", {{ configurable: true, get: () => "{}" }});
  document.dispatchEvent(new Event("visibilitychange"));
}}"""
HIDDEN = TURNED.format("hidden")
STAYS = "form => form.addEventListener('submit', (event) => event.preventDefault())"
ONE_ANSWER = "fetch('/static/now/icon.svg').then((answer) => answer.text()).then(() => 1)"


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    made = RecordFolder(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    open_clinic(made)
    keep(made, medicare_patient("2025-12-20"))
    recorded(made)
    return made


@pytest.fixture
def served(folder: RecordFolder) -> Iterator[ServedConsole]:
    with served_console(folder) as opened:
        yield opened


def opened(browser: Browser, console: ServedConsole, *, scripts: bool = True) -> Page:
    """The note in a new browser."""
    context = browser.new_context(base_url=console.address, java_script_enabled=scripts)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(NOTE)
    page.get_by_role("button", name="Pat Jones").click()
    # A route that is set while a page loads may not apply to it.
    expect(page.get_by_label("Plan for next visit")).to_be_visible()
    return page


def test_what_is_typed_is_there_after_the_browser_and_the_console_have_ended(
    browser: Browser, folder: RecordFolder
) -> None:
    with served_console(folder) as first:
        page = opened(browser, first)
        page.get_by_label("Plan for next visit").fill(PLAN)
        expect(page.locator("#kept")).to_contain_text("What you typed is kept: ")
        page.context.close()
    with served_console(folder) as second:
        page = opened(browser, second)
        expect(page.get_by_label("Plan for next visit")).to_have_value(PLAN)
        page.context.close()
    assert note_of(folder).field("plan_next").value is None


def test_a_console_that_is_away_is_said_and_asked_again(
    browser: Browser, served: ServedConsole, folder: RecordFolder
) -> None:
    page = opened(browser, served)
    page.route(DRAFT, lambda route: route.abort())
    page.get_by_label("Sign as").fill("PJ")
    page.get_by_label("Plan for next visit").fill(PLAN)
    said = page.locator("#kept")
    expect(said).to_contain_text("NOT KEPT YET")
    page.unroute(DRAFT)
    page.route(DRAFT, lambda route: route.fulfill(status=503, json={"kept": "at 12:00:00"}))
    with page.expect_response(DRAFT):
        pass
    page.evaluate(ONE_TURN)
    expect(said).to_contain_text("NOT KEPT YET")
    assert typed_texts(folder, "s-1") == {}
    with page.expect_response(lambda answer: answer.ok and answer.url.endswith("draft")) as taken:
        page.unroute(DRAFT)
    assert sent(taken.value.request) == {"field.plan_next": PLAN}, "and nothing else"
    expect(said).to_contain_text("What you typed is kept: ")
    assert typed_texts(folder, "s-1")["plan_next"].text == PLAN
    page.context.close()


def sent(request: Request) -> dict[str, str]:
    """The form fields that a page has sent."""
    return dict(parse_qsl(request.post_data or "", keep_blank_values=True))


def test_what_is_typed_while_it_is_kept_is_kept_as_well(
    browser: Browser, served: ServedConsole, folder: RecordFolder
) -> None:
    """One request at a time; the newest has the last word."""
    page = opened(browser, served)
    held = hold_first_draft(page)
    plan, said = page.get_by_label("Plan for next visit"), page.locator("#kept")
    page.get_by_text("Remark upon one of these").click()
    page.get_by_label("Remark", exact=True).fill("belt was new")
    with page.expect_request(DRAFT):
        plan.fill("once a week")
    plan.fill(PLAN)
    further: list[str] = []
    page.on("request", lambda one: further.append(one.method))
    page.evaluate(HIDDEN)  # it would be sent at once
    page.evaluate(ONE_TURN)
    expect(said).to_have_text("typing: not kept yet")
    assert "POST" not in further
    with page.expect_response(DRAFT) as second:
        (first,) = held
        first.continue_()
        expect(said).to_contain_text("What you typed is kept: ")
    typed = {"remark": "belt was new", "remark_upon": "device_type"}
    assert sent(first.request) == {**typed, "field.plan_next": "once a week"}
    assert second.value.ok
    assert typed_texts(folder, "s-1")["plan_next"].text == PLAN
    page.context.close()


def hold_first_draft(page: Page) -> list[Route]:
    """Hold the first draft, which waits for the test; others continue."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(DRAFT, hold)
    return held


def test_what_is_typed_is_kept_behind_the_typing_and_at_once_where_the_page_is_hidden(
    browser: Browser, served: ServedConsole, folder: RecordFolder
) -> None:
    page = opened(browser, served)
    page.clock.install()
    page.reload()
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))
    drafts: list[str] = []
    page.on("request", lambda one: drafts.append(one.url) if "draft" in one.url else None)
    plan, said = page.get_by_label("Plan for next visit"), page.locator("#kept")
    page.evaluate(HIDDEN)
    page.evaluate(ONE_ANSWER)
    assert drafts == [], "nothing is typed"
    expect(said).to_be_empty()
    plan.fill("twice")
    page.clock.run_for(500)
    plan.fill("twice a")
    page.clock.run_for(500)
    page.evaluate(ONE_ANSWER)
    assert drafts == [], "somebody types"
    with page.expect_response(DRAFT):
        page.clock.run_for(300)
    expect(said).to_contain_text("What you typed is kept: ")
    plan.fill(PLAN)
    page.evaluate(TURNED.format("visible"))
    page.evaluate(ONE_ANSWER)
    assert len(drafts) == 1, "somebody looks at it"
    expect(said).to_have_text("typing: not kept yet")
    page.evaluate(TURNED.format("hidden"))
    expect(said).to_contain_text("What you typed is kept: ")
    assert typed_texts(folder, "s-1")["plan_next"].text == PLAN
    held = hold_first_draft(page)
    plan.fill("once a day")
    with page.expect_request(DRAFT):
        page.clock.run_for(800)
    plan.fill("once a year")
    page.clock.run_for(800)
    with page.expect_response(DRAFT):
        held[0].continue_()
    expect(said).to_have_text("typing: not kept yet")
    page.evaluate(ONE_ANSWER)
    with page.expect_response(DRAFT):
        page.clock.run_for(800)
    expect(said).to_contain_text("What you typed is kept: ")
    sent_before = len(drafts)
    page.locator("#note").evaluate(STAYS)
    plan.fill("once a week")
    page.get_by_role("button", name="Keep what I typed").click()
    page.clock.run_for(1_000)
    page.evaluate(ONE_ANSWER)
    assert len(drafts) == sent_before, "what the form takes along is not sent beside it"
    page.context.close()


def test_what_is_typed_before_the_script_has_come_is_kept_too(
    browser: Browser, served: ServedConsole, folder: RecordFolder
) -> None:
    context = browser.new_context(base_url=served.address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/note.js", hold)
    page.goto(NOTE)
    with page.expect_request("**/note.js"):
        page.get_by_role("button", name="Pat Jones").click()
    page.get_by_label("Plan for next visit").fill(PLAN)
    for route in held:
        route.continue_()
    expect(page.locator("#kept")).to_contain_text("What you typed is kept: ")
    assert typed_texts(folder, "s-1")["plan_next"].text == PLAN
    context.close()


def test_without_scripts_a_button_keeps_it(
    browser: Browser, served: ServedConsole, folder: RecordFolder
) -> None:
    page = opened(browser, served, scripts=False)
    page.get_by_label("Plan for next visit").fill(PLAN)
    page.get_by_role("button", name="Keep what I typed").click()
    expect(page.get_by_label("Plan for next visit")).to_have_value(PLAN)
    assert typed_texts(folder, "s-1")["plan_next"].text == PLAN
    page.context.close()
