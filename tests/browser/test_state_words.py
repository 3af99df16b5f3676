"""The words that must not be misread: each state is created, and the page shows its row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect

from controller.alarms import RaisedAlarm
from controller.runtime.clock import VirtualClock
from tests.support.browser_touch import UNIT, take_seat
from tests.support.console_bench import StandInLink
from tests.support.page_faults import places_of_targets
from tests.support.pages import DOCS
from tests.support.real_time import PATIENCE_MS
from tests.support.served_console import ServedConsole, silence
from tests.support.station_peers import PaperPeer
from tests.support.stops import AT_14_03_22, FREE, ORDERED
from workstation.console.units import KeptUnit
from workstation.station.control_desk import ControlDesk
from workstation.station.messages import VERSION, Hello, PeerRole, Prepare
from workstation.station.stop_target import StopAnswer, StopResult

NOBODY = "who sits here?"
TABLE_OF_WORDS = "### Words that must not be misread"
TELLS_ITS_SOUND = """
window.AudioContext = class extends AudioContext {
  constructor() { super(); console.info("sound made"); }
};
"""


def documented() -> dict[str, str]:
    """State and text of each row of the page."""
    text = (DOCS / "reference" / "console.md").read_text(encoding="utf-8")
    lines = text.partition(TABLE_OF_WORDS)[2].partition("\n#")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {row[0]: row[1] for row in rows[2:]}


WORDS = documented()


def says(state: str) -> re.Pattern[str]:
    """The text of a row, without its seconds and times."""
    text = re.sub(r"14:03:2\d", r"\\d\\d:\\d\\d:\\d\\d", re.escape(WORDS[state]))
    return re.compile(re.sub(r"for\\ 7\\ s", r"for\\ \\d+\\ s", text))


@pytest.fixture(scope="module")
def opened(browser: Browser, console: ServedConsole) -> Iterator[Page]:
    """One page for all states: a new one would start a process of the browser for each."""
    context = browser.new_context(base_url=console.address, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(opened: Page, link: StandInLink) -> Iterator[Page]:
    """A page of somebody who has taken a seat at the unit; no other page is open."""
    faults: list[str] = []

    def fault(error: Error) -> None:
        faults.append(str(error))

    opened.on("pageerror", fault)
    opened.goto(UNIT)
    if opened.locator("#person").inner_text() == NOBODY:
        take_seat(opened)
    expect(opened.locator("#door-state")).to_have_text("STOP: ready")
    yield opened
    for other in opened.context.pages[1:]:
        other.close()
    opened.unroute_all()
    opened.remove_listener("pageerror", fault)
    assert faults == []


def close_the_door(page: Page, console: ServedConsole) -> None:
    page.route(f"http://127.0.0.1:{console.site.settings.stop_port}/**", lambda way: way.abort())


def no_event(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    """Time of day and sound are from earlier as well."""
    silence(console, patch)
    expect(page.locator("#clock")).to_have_text("--")
    expect(page.locator("#sound-state")).to_be_empty()
    return page.locator("#no-live-data")


def no_event_door_away(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    close_the_door(page, console)
    silence(console, patch)
    return page.locator("#no-live-data")


def alarm_without_reading(code: str) -> Callable[..., Locator]:
    """The alarm's own text; no earlier force is shown as current."""

    def bring_about(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
        raised = RaisedAlarm(code=code, number=1, utc_ms=AT_14_03_22)
        console.links["Table 1"].show(reading_age_s=3.0, alarms=(raised,))
        for figure in ("force", "force_other", "second_force"):
            expect(page.locator(f"#unit-page [data-is={figure}]")).to_have_text("--")
        expect(page.locator("[data-strip='Table 1'] [data-is=force]")).to_have_text("--")
        return page.locator(".alarm")

    return bring_about


def program_gone(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    link = console.links["Table 1"]
    patch.setattr(KeptUnit, "has_a_program", property(lambda unit: False))
    link.is_answering, link.silent_s = False, 1.5
    return page.locator("[data-of='Table 1'] [data-is=warning]")


def press(page: Page) -> Locator:
    page.get_by_role("button", name="STOP Table 1").click()
    return page.locator("#stop-said")


def stop_ordered(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].stop_answer = ORDERED
    return press(page)


def stop_released(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    said = stop_ordered(page, console, patch)
    expect(said).to_have_text(says("STOP ordered"))
    console.links["Table 1"].seen = FREE
    return said


def nothing_runs(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].stop_answer = StopAnswer(
        result=StopResult.NOTHING_OPEN, utc_ms=AT_14_03_22, force_n=1.8
    )
    return press(page)


def nothing_known(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].stop_answer = StopAnswer(
        result=StopResult.NOTHING_OPEN, utc_ms=AT_14_03_22, force_n=None
    )
    return press(page)


def did_not_arrive(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    """The outcome of an earlier press does not replace the text."""
    expect(nothing_runs(page, console, patch)).to_have_text(says("STOP, nothing runs"))
    close_the_door(page, console)
    page.route("**/stop/**", lambda way: way.abort())
    return press(page)


def pressed_again(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    link = console.links["Table 1"]
    link.stop_answer = StopAnswer(
        result=StopResult.ALREADY_ORDERED, utc_ms=AT_14_03_22, force_n=59.2
    )
    link.seen = FREE
    return press(page)


def door_away(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    """No target that a finger may touch moves."""
    before = places_of_targets(page)
    close_the_door(page, console)
    expect(page.locator("#door-state")).to_have_text(WORDS["door away"])
    assert places_of_targets(page) == before
    return page.locator("#door-state")


def signed_out(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    people = console.site.people
    patch.setattr(people, "rules", replace(people.rules, idle_s=-1.0))
    page.reload()
    return page.locator("#signed-out")


def older(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    """Typed text stays, and nothing was sent except STOP and what applies no force."""
    link, told = console.links["Table 1"], page.locator("#older")
    other = page.context.new_page()
    other.goto("/sound")
    patch.setattr("workstation.console.live_frames.page_version", lambda: "a newer one")
    expect(page.locator("body")).to_have_attribute("data-older", "yes")
    expect(press(page)).not_to_be_empty()
    asked = len(link.asked)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#asked")).to_have_text("Done.")
    assert len(link.asked) == asked + 1
    expect(told).to_be_hidden()
    more = page.locator("[data-part=act-more]")
    more.locator("summary").click()
    field = more.get_by_label("Reason")
    field.fill("tolerates it well")
    more.get_by_role("button").click()
    expect(told).to_be_visible()
    expect(field).to_have_value("tolerates it well")
    assert len(link.asked) == asked + 1
    expect(other.locator("body")).to_have_attribute("data-older", "yes")
    other.get_by_role("button", name="Play alarm and end").click()
    expect(other.locator("#older")).to_be_visible()
    expect(other).to_have_url(re.compile("/sound$"))
    return told


def not_possible(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].show(increase_n=0.0, limit_n=102.0)
    return page.locator("#why-more")


def no_sound(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].show(sounds=False)
    return page.locator("#sound-state")


def sound_blocked(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    """Reported before the test looks at the page, which a browser takes for a person's touch."""
    console.links["Table 1"].show(sounds=False)
    untouched = page.context.new_page()
    untouched.add_init_script(TELLS_ITS_SOUND)
    with untouched.expect_console_message(lambda said: said.text == "sound made"):
        untouched.goto(UNIT)
    expect(untouched.locator("#sound-blocked")).to_be_visible()
    expect(page.locator("#sound-blocked")).to_be_hidden()
    assert top_of_page(untouched) == top_of_page(page), "what appears moves nothing"
    return untouched.locator("#sound-blocked")


def top_of_page(page: Page) -> float:
    box = page.locator("main").bounding_box()
    assert box is not None
    return box["y"]


def other_tab(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    """Three more pages of the same browser; a button brings the view back."""
    for _ in range(3):
        page.context.new_page().goto("/")
    expect(page.locator("#no-live-data")).to_have_text(WORDS["other tab"])
    page.get_by_role("button", name="Show it here").click()
    expect(page.locator("#no-live-data")).to_be_hidden()
    page.context.new_page().goto("/")
    page.context.new_page().goto("/")
    page.context.new_page().goto("/")
    return page.locator("#no-live-data")


def record_in_trouble(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].show(record_trouble="disk full")
    return page.locator("[data-is=record]")


def paused(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].show(phase="paused", pause_left_s=356.9)
    return standing(page)


def panel(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].show(local_takeover=True)
    return standing(page)


def emergency_stop(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    console.links["Table 1"].show(emergency_stop_open=True)
    return standing(page)


def standing(page: Page) -> Locator:
    return page.locator("[data-of='Table 1'] [data-is=standing]")


def asleep(page: Page, console: ServedConsole, patch: pytest.MonkeyPatch) -> Locator:
    """The first touch does nothing, the second is accepted; STOP is never asleep."""
    link = console.links["Table 1"]
    page.clock.install()
    page.reload()
    expect(page.locator("#door-state")).to_have_text("STOP: ready")
    asked = len(link.asked)
    pause = page.get_by_role("button", name="Pause")
    page.clock.fast_forward("00:20")
    pause.click()
    expect(page.locator("#touch-said")).to_have_text(WORDS["asleep"])
    assert len(link.asked) == asked
    pause.click()
    expect(page.locator("#asked")).to_have_text("Done.")
    assert len(link.asked) == asked + 1
    pressed = len(link.presses)
    page.clock.fast_forward("00:20")
    press(page)
    expect(page.locator("#stop-said")).not_to_be_empty()
    assert len(link.presses) > pressed
    return page.locator("#touch-said")


STATES: dict[str, Callable[[Page, ServedConsole, pytest.MonkeyPatch], Locator]] = {
    "no event for 1 s": no_event,
    "no event, door away": no_event_door_away,
    "reading old": alarm_without_reading("reading_stale"),
    "link silent": alarm_without_reading("link_silent"),
    "release not seen": alarm_without_reading("release_not_seen"),
    "control process gone": program_gone,
    "STOP ordered": stop_ordered,
    "STOP ordered, released": stop_released,
    "STOP, nothing runs": nothing_runs,
    "STOP, nothing runs, no fresh reading": nothing_known,
    "STOP did not arrive": did_not_arrive,
    "pressed again": pressed_again,
    "door away": door_away,
    "signed out": signed_out,
    "page older than the program": older,
    "not possible": not_possible,
    "no sound": no_sound,
    "sound blocked": sound_blocked,
    "other tab": other_tab,
    "record in trouble": record_in_trouble,
    "paused": paused,
    "operated at its own panel": panel,
    "emergency stop": emergency_stop,
    "asleep": asleep,
}
TAKEN = "taken by another"


def test_every_row_of_the_page_is_brought_about() -> None:
    assert {*STATES, TAKEN} == WORDS.keys()


@pytest.mark.parametrize("state", STATES)
def test_the_page_says_the_words_of_a_state(
    page: Page, console: ServedConsole, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    place = STATES[state](page, console, monkeypatch)
    expect(place).to_be_visible()
    expect(place).to_contain_text(says(state))


def test_who_comes_second_reads_who_was_first() -> None:
    """The text is from the unit's program; the page of the visit shows it unchanged."""
    desk = ControlDesk("Table 1", VirtualClock(), lambda utc_ms: "14:01", Path)
    asked = {"patient_key": "aa", "order_digest": "bb"}
    first = Prepare(id="p1", session_id="s1", by="A. Example", **asked)
    second = Prepare(id="p2", session_id="s2", by="B. Example", **asked)
    peer = PaperPeer(Hello(version=VERSION, role=PeerRole.CONSOLE), first, second)
    desk.serve(peer)
    assert ("p2", "refused", WORDS[TAKEN]) in peer.outcomes
