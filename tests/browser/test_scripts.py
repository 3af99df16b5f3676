"""What the scripts of a page do by themselves: each test fails if its script is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, StorageState, expect

from controller.alarms import RaisedAlarm
from controller.runtime.clock import SystemClock
from controller.snapshot import Doing
from tests.support.browser_touch import UNIT, take_seat
from tests.support.console_bench import StandInLink
from tests.support.page_faults import faults
from tests.support.real_time import PATIENCE_MS, wait_until
from tests.support.served_console import ServedConsole, silence
from tests.support.stops import ORDERED
from tests.support.unit_stages import BELL, CHECKING, HOLDING, LOCKED
from workstation.console.units import KeptUnit
from workstation.station.stop_page import SaidOfUnit
from workstation.station.stop_page import page as page_of_stop
from workstation.station.stop_target import StopAnswer

TOLD = "**/person/touched"
ONE_ANSWER = "fetch('/static/now/icon.svg').then((answer) => answer.text()).then(() => 1)"
TOP = "one => one.getBoundingClientRect().top"
SENDING = "one => 'sending' in one.form.dataset"
HIDDEN = """
let shown = "hidden";
Object.defineProperty(document, "visibilityState", { get: () => shown });
window.showPage = () => { shown = "visible"; };
"""
TURNED = """
let shown = window.begin ?? "visible";
Object.defineProperty(document, "visibilityState", { get: () => shown });
window.turn = (state) => { shown = state; document.dispatchEvent(new Event("visibilitychange")); };
window.locks = window.heard = 0;
Object.defineProperty(navigator, "wakeLock", { configurable: true,
  get: () => ({ request: () => { locks += 1; return Promise.reject(new Error("battery")); } }) });
"""
"""A page that a test hides and shows, and the times that it asked for the screen to stay on."""
NO_LOCK = 'Object.defineProperty(navigator, "wakeLock", { get: () => undefined });'
LOUD = """
window.tones = [];
window.AudioContext = class {
  state = "running";
  currentTime = 0;
  createOscillator() {
    return { frequency: { set value(hertz) { tones.push(hertz); } },
      connect() {}, start() {}, stop() {} };
  }
};
"""
"""A browser with a loudspeaker; what it plays is kept."""
PAINTED = """canvas => [...canvas.getContext("2d")
  .getImageData(0, canvas.height / 2, canvas.width / 2, 20).data].some((value) => value > 0)"""
"""Whether anything is drawn where the last half minute has no figures."""
IMPATIENT = """
const after = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => after(ms === 10_000 ? 500 : ms);
"""
"""A page whose requests end after half a second instead of ten."""
HOUR_MS = 3_600_000
HIGH = 960
"""Hertz of the tone of a high alarm."""
NOT_REACHED = page_of_stop(
    [SaidOfUnit(called="Table 1", lines=["STOP did not reach Table 1."])], [], is_training=False
)
WAYS_OF_A_PRESS = 2
"""The door and the console."""
SEEN_BY_MS = 1_500
"""A page that somebody can see has said so by then."""
ALARMS = (
    RaisedAlarm(code="check_in_due", number=1, utc_ms=1_796_000_000_000),
    RaisedAlarm(code="patient_switch_pressed", number=2, utc_ms=1_796_000_100_000),
)


@pytest.fixture(scope="module")
def seated(browser: Browser, console: ServedConsole) -> StorageState:
    """What a browser stores for somebody who has taken the seat at the unit."""
    with browser.new_context(base_url=console.address) as context:
        context.set_default_timeout(PATIENCE_MS)
        take_seat(context.new_page())
        return context.storage_state()


@pytest.fixture
def new_page(
    browser: Browser, console: ServedConsole, seated: StorageState, link: StandInLink
) -> Iterator[Page]:
    """A page of that person, not yet opened: a test may control its clock and sound."""
    with browser.new_context(base_url=console.address, storage_state=seated) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


@pytest.fixture
def page(new_page: Page) -> Page:
    """The unit's page."""
    return at_the_unit(new_page)


def errors_of(page: Page) -> list[str]:
    """Errors of its scripts, from now on."""
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    return broken


def at_the_unit(page: Page) -> Page:
    page.goto(UNIT)
    expect(page.locator("#door-state")).to_have_text("STOP: ready")
    return page


def test_a_hidden_page_is_no_live_page(new_page: Page, console: ServedConsole) -> None:
    new_page.add_init_script(HIDDEN)
    seen: list[str] = []
    new_page.on("request", lambda one: seen.append(one.url) if one.method == "POST" else None)
    page = at_the_unit(new_page)
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    wait_until(lambda: page.evaluate("performance.now()") > SEEN_BY_MS, "a second of events")
    expect(page.locator("body")).to_have_attribute("data-live", "live")
    assert not [each for each in seen if each.endswith("/seen")]
    page.evaluate("showPage()")
    wait_until(lambda: _looks_on(page, console), "the word that somebody can see it")


def _looks_on(page: Page, console: ServedConsole) -> bool:
    page.wait_for_timeout(20)
    return console.site.pages.count() == 1


def test_a_stream_that_was_refused_is_opened_anew(page: Page) -> None:
    """An EventSource gives up after such an answer."""
    page.route("**/events?*", lambda way: way.fulfill(status=503, body="full"))
    page.reload()
    expect(page.locator("#no-live-data")).to_be_visible()
    page.unroute("**/events?*")
    expect(page.locator("#no-live-data")).to_be_hidden()
    expect(page.locator("#numbers [data-is=force]")).to_have_text("101.0 N")


def test_a_stream_that_has_died_without_a_word_is_opened_anew(new_page: Page) -> None:
    """A network that is gone closes no connection, and the browser waits for it for minutes."""
    held: list[Route] = []
    new_page.clock.install()
    new_page.route("**/events?*", lambda way: way.continue_() if held else held.append(way))
    page = at_the_unit(new_page)
    page.clock.run_for(2_000)
    expect(page.locator("#no-live-data")).to_contain_text("NO LIVE DATA")
    page.clock.run_for(4_000)
    expect(page.locator("#numbers [data-is=force]")).to_have_text("101.0 N")


def test_a_request_without_an_answer_ends_and_the_next_press_is_taken(
    new_page: Page, link: StandInLink
) -> None:
    new_page.add_init_script(IMPATIENT)
    page = at_the_unit(new_page)
    less, asked = page.get_by_role("button", name="Less by"), len(link.asked)
    page.route("**/requests", lambda _way: None)
    less.click()
    expect(page.locator("#asked")).to_have_text(
        "The console does not answer: whether it was done is not known. Look at the patient. "
        "STOP works."
    )
    page.unroute("**/requests")
    with page.expect_response("**/requests"):
        less.click()
    wait_until(lambda: not less.evaluate(SENDING), "the answer in its place")
    assert len(link.asked) == asked + 1


def test_an_unanswered_press_is_told_beside_the_silence_that_covers_its_place(
    new_page: Page, console: ServedConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_page.add_init_script(IMPATIENT)
    page = at_the_unit(new_page)
    page.route("**/requests", lambda _way: None)
    silence(console, monkeypatch)
    expect(page.locator("#no-live-data")).to_contain_text("NO LIVE DATA")
    page.get_by_role("button", name="Less by").click()
    expect(page.locator("#no-live-data")).to_contain_text(
        "STOP: ready. Your press was not answered: whether it was done is not known."
    )
    monkeypatch.undo()
    expect(page.locator("#no-live-data")).to_be_hidden()


def hold_the_first_press(page: Page) -> list[Route]:
    """Hold the requests of the first press for the test."""
    held: list[Route] = []

    def hold(way: Route) -> None:
        if len(held) < WAYS_OF_A_PRESS:
            held.append(way)
        else:
            way.continue_()

    page.route("**/stop/**", hold)
    return held


def test_a_late_answer_takes_the_place_of_none(page: Page, link: StandInLink) -> None:
    """A busy machine answers late; the press has arrived all the same."""
    link.stop_answer = ORDERED
    held = hold_the_first_press(page)
    page.get_by_role("button", name="STOP Table 1").click()
    said = page.locator("#stop-said")
    expect(said).to_contain_text("STOP did not reach Table 1.")
    for way in held:
        way.continue_()
    expect(said).to_contain_text("STOP was ordered")
    expect(said).not_to_contain_text("did not reach")


class Unanswered:
    """A press that the console cannot bring to the unit."""

    def answer(self) -> StopAnswer | None:
        return None


def test_a_console_that_reaches_no_unit_takes_nothing_back_of_what_the_door_says(
    page: Page, link: StandInLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    link.stop_answer = ORDERED
    link.presses.clear()

    def newest_press(unit: KeptUnit) -> Unanswered | None:
        return Unanswered() if unit.name == link.called and link.presses else None

    monkeypatch.setattr(KeptUnit, "newest_press", newest_press)
    said = page.locator("#stop-said")
    page.route(
        lambda url: url.startswith(page.url.partition("/units")[0]) and "/stop/" in url,
        lambda way: way.fulfill(body=NOT_REACHED, content_type="text/html"),
    )
    page.get_by_role("button", name="STOP Table 1").click()
    expect(said).to_contain_text("STOP was ordered")
    link.show(force_n=99.0)
    expect(page.locator("#numbers [data-is=force]")).to_have_text("99.0 N")
    expect(said).to_contain_text("STOP was ordered")
    expect(said).not_to_contain_text("did not reach")


def test_an_older_press_that_failed_is_not_told_behind_one_that_arrived(
    page: Page, link: StandInLink
) -> None:
    link.stop_answer = ORDERED
    stop, said = page.get_by_role("button", name="STOP Table 1"), page.locator("#stop-said")
    held = hold_the_first_press(page)
    stop.click()
    expect(said).to_contain_text("STOP did not reach Table 1.")
    stop.click()
    expect(said).to_contain_text("STOP was ordered")
    for way in held:
        with page.expect_event("requestfailed"):
            way.abort()
    page.evaluate("new Promise((done) => setTimeout(done))")
    expect(said).not_to_contain_text("did not reach")


def test_each_table_has_its_own_figures(
    page: Page, console: ServedConsole, link: StandInLink
) -> None:
    console.links["Table 2"].show(**{**HOLDING, "force_n": 20.0}, alarms=ALARMS[1:])
    strips = [page.locator(f"[data-strip='{name}']") for name in console.links]
    for strip, force in zip(strips, ("101.0 N", "20.0 N"), strict=True):
        expect(strip.locator("[data-is=force]")).to_have_text(force)
    expect(strips[0]).to_have_attribute("data-priority", "")
    expect(strips[1]).to_have_attribute("data-priority", "high")
    expect(page.locator("#numbers [data-is=force]")).to_have_text("101.0 N")
    console.links["Table 2"].show(doing=Doing.IDLE, session_id="", alarms=())


def test_the_most_pressing_alarm_sounds_unless_sound_is_paused(
    new_page: Page, link: StandInLink
) -> None:
    link.show(sounds=False, sound_paused_s=60.0, alarms=ALARMS)
    new_page.add_init_script(LOUD)
    page = at_the_unit(new_page)
    expect(page.locator(".alarm.high")).to_be_visible()
    assert page.evaluate("tones") == []
    link.show(sound_paused_s=0.0)
    wait_until(lambda: page.evaluate("tones.length") > 0, "a tone")
    assert page.evaluate("tones[0]") == HIGH
    expect(page.locator("#sound-blocked")).to_be_hidden()


def test_the_chart_has_a_scale_and_is_hatched_once_nothing_is_heard(
    page: Page, console: ServedConsole, link: StandInLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart, lines = page.locator("#chart"), page.locator(".chart .lines")
    expect(lines.locator(".forces b")).to_have_text(["0 N", "50 N", "100 N", "150 N"])
    expect(lines.locator(".times b")).to_have_text(["-60 s", "-45 s", "-30 s", "-15 s", "now"])
    expect(page.locator("#numbers [data-is=force]")).to_have_text("101.0 N")
    assert not chart.evaluate(PAINTED)
    page.route("**/chart", lambda way: way.abort(), times=1)
    with page.expect_response("**/chart"):  # it asks again if the console was away
        console.site.units["Table 1"].chart.mark(0, "request", "less")
    silence(console, monkeypatch)
    wait_until(lambda: bool(chart.evaluate(PAINTED)), "the hatched chart")
    expect(page.locator("#numbers [data-is=force]")).to_have_text("--")
    expect(lines).to_be_hidden()


def test_behind_a_clock_that_was_set_back_the_chart_begins_anew(
    page: Page, console: ServedConsole, link: StandInLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier force has later times; it is neither drawn nor has a place on the scale."""
    scale = page.locator(".chart .lines .forces b")
    link.show(**{**HOLDING, "force_n": 380.0})
    expect(scale.last).to_have_text("400 N")
    set_back_ms = SystemClock().utc_ms() - HOUR_MS
    monkeypatch.setattr(SystemClock, "utc_ms", lambda _: set_back_ms)
    link.show(**HOLDING)
    expect(scale.last).to_have_text("150 N")


def test_who_does_not_touch_the_page_is_signed_out_there(
    new_page: Page, console: ServedConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, broken = new_page, errors_of(new_page)
    page.context.clear_cookies()  # the other tests' seated person is not signed out
    page.clock.install()
    take_seat(page)
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url.rpartition("/")[2]))
    with page.expect_response(TOLD):
        page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    page.clock.run_for(40_000)
    with page.expect_response(TOLD):
        page.get_by_role("heading", level=1).click()
    assert asked.count("touched") == 2, "not at every touch"
    looks = asked.count("here")
    page.clock.run_for(25_000)
    assert asked.count("here") == looks, "who has just touched it is there"
    expect(page.locator("#signed-out")).to_be_hidden()
    people = console.site.people
    monkeypatch.setattr(people, "rules", replace(people.rules, idle_s=-1.0))
    page.clock.run_for(30_000)
    expect(page.locator("#signed-out")).to_be_visible()
    page.route(TOLD, lambda way: way.abort())
    with page.expect_event("requestfailed"):
        page.keyboard.press("Shift")
    page.evaluate(ONE_ANSWER)
    expect(page.locator("#signed-out")).to_be_visible()
    assert broken == []


def test_a_page_that_was_hidden_for_a_while_was_asleep(new_page: Page, link: StandInLink) -> None:
    """A key is a touch where it would press something; the screen is kept on at each return."""
    broken = errors_of(new_page)
    new_page.clock.install()
    new_page.add_init_script(TURNED)
    page = at_the_unit(new_page)
    pause, told = page.get_by_role("button", name="Pause"), page.locator("#touch-said")
    pause.evaluate("one => one.addEventListener('click', () => { heard += 1; })")
    asked = len(link.asked)
    page.clock.run_for(6_000)
    _hide_for(page, 2_000)
    pause.click()
    wait_until(lambda: len(link.asked) == asked + 1, "a touch after a moment")
    expect(told).to_be_empty()
    heard = page.evaluate("heard")
    _hide_for(page, 7_000)
    assert page.evaluate("locks") == 3
    pause.focus()
    page.keyboard.press("Shift")
    expect(told).to_be_empty()
    page.keyboard.press("Enter")
    expect(told).to_contain_text("This page was asleep")
    assert page.evaluate("heard") == heard, "nothing on the page hears of it"
    page.clock.run_for(1_000)
    pause.press("Enter")
    wait_until(lambda: len(link.asked) == asked + 2, "the second touch, and that alone")
    heard = page.evaluate("heard")
    _hide_for(page, 7_000)
    pause.click()
    assert page.evaluate("heard") == heard
    assert broken == [], "where the screen cannot be kept on, all else goes on"


def test_a_page_that_was_opened_behind_others_was_asleep(new_page: Page, link: StandInLink) -> None:
    """In a browser that does not keep the screen on."""
    broken = errors_of(new_page)
    new_page.clock.install()
    new_page.add_init_script("window.begin = 'hidden';" + TURNED + NO_LOCK)
    page = at_the_unit(new_page)
    asked = len(link.asked)
    page.clock.run_for(7_000)
    page.evaluate("turn('visible')")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#touch-said")).to_contain_text("This page was asleep")
    assert len(link.asked) == asked
    assert broken == []


def _hide_for(page: Page, milliseconds: int) -> None:
    page.evaluate("turn('hidden')")
    page.clock.fast_forward(milliseconds)
    page.evaluate("turn('visible')")


def test_each_press_of_a_button_is_a_request_of_its_own(page: Page, link: StandInLink) -> None:
    """Also where the button stays as it is; a request sent twice would be accepted once."""
    less, asked = page.get_by_role("button", name="Less by"), len(link.asked)
    for presses in (1, 2, 3):
        with page.expect_response("**/requests"):
            less.click()
        wait_until(lambda: not less.evaluate(SENDING), "the answer in its place")
        assert len(link.asked) == asked + presses


def test_the_day_is_put_in_place_unless_a_keyboard_stands_in_it(new_page: Page) -> None:
    page = new_page
    page.clock.install()
    page.goto("/")
    day = page.locator("[data-day]")
    words = day.inner_text()
    old = "one => { one.dataset.version = 'old'; one.innerHTML = '<input> of yesterday'; }"
    day.evaluate(old)
    day.locator("input").focus()
    page.clock.run_for(11_000)
    assert page.evaluate("fetch('/').then((answer) => answer.status)") == 200
    expect(day).to_have_text("of yesterday")
    page.evaluate("document.activeElement.blur()")
    page.clock.run_for(11_000)
    expect(day).not_to_contain_text("of yesterday")
    # The clock that ran ahead makes the live strips old until the next event.
    expect(day).to_have_text(words, use_inner_text=True)


def test_a_button_that_has_just_appeared_is_not_pressed(new_page: Page, link: StandInLink) -> None:
    new_page.clock.install()
    page = at_the_unit(new_page)
    link.show(**CHECKING, questions=(LOCKED,))
    step = page.locator("li.step.now")
    yes, no = (step.get_by_role("button", name=name, exact=True) for name in ("Yes", "No"))
    expect(yes).to_be_visible()
    assert faults(page) == {}
    assert yes.evaluate(TOP) == no.evaluate(TOP), "both answers below their question"
    asked = len(link.asked)
    page.locator("[data-part]", has=yes).evaluate(
        "one => { one.dataset.newMs = performance.now(); }"
    )
    yes.click()
    assert len(link.asked) == asked
    page.clock.run_for(1_000)
    yes.click()
    expect(page.locator("#asked")).to_have_text("Done.")
    assert len(link.asked) == asked + 1
    assert page.url.endswith(UNIT)
    link.show(**HOLDING, questions=())
    expect(page.locator("#asked")).to_be_empty()  # it belonged to the checks


def is_below_the_frame(seen: Locator) -> bool:
    """Nothing of STOP and the strips covers it, and it is in the window."""
    return bool(
        seen.evaluate("""one => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return one.contains(document.elementFromPoint(x + width / 2, y + height / 2))
        && one.contains(document.elementFromPoint(x + width / 2, y + 1));
    }""")
    )


def test_a_page_that_turns_to_the_treatment_shows_it_from_the_top(
    page: Page, link: StandInLink
) -> None:
    """The start is below the checks; the force and the next question are above."""
    page.set_viewport_size({"width": 1024, "height": 768})
    unit = page.locator("#unit-page")
    link.show(**CHECKING, questions=(LOCKED, BELL))
    expect(unit).to_have_attribute("data-page", "checks")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.evaluate("scrollY") > 0
    link.show(**HOLDING, questions=())
    expect(unit).to_have_attribute("data-page", "live")
    for seen in (unit.locator("h1"), page.locator("#numbers [data-is=force]")):
        assert is_below_the_frame(seen)
