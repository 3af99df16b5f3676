"""The cost of a visit for the person who holds it, counted in a browser over a real station.

Clicks and typed fields are counted; identification, screening, ticks and findings of the day are
counted apart and never merged. The person has given a name in the morning.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from controller.order.prescription import Region
from records.store.record_folder import RecordFolder
from records.visit.screen import screen_items
from tests.support.browsed_station import BrowsedStation, browsed_station
from tests.support.browser_touch import let_go, start_traction
from tests.support.past_visits import RETURNING, commissioned, treated_before
from tests.support.real_time import PATIENCE_MS

TABLE = "Table 1"
APART = {
    "Is the table's lift locked?": "tick",
    "Is the quick release of the harness within reach?": "tick",
    "Does the patient hold a call bell?": "tick",
    "Is this the patient, and is this the order?": "identification",
}
"""Questions of the session that are none of the clicks; every other one is."""
SCREENED = len(screen_items(Region.CERVICAL))


def before(records: RecordFolder) -> None:
    treated_before(records)
    commissioned(records)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowsedStation]:
    """One table with its weight test, and a returning patient."""
    folder: Path = tmp_path_factory.mktemp("flows")
    with browsed_station(folder, ("cervical_sliding",), before=before) as opened:
        yield opened


class Hand:
    """A person at the page: clicks and typed fields, by kind."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.counted: Counter[str] = Counter()

    def click(self, name: str, kind: str = "click", role: str = "button") -> None:
        """Click a button or a link by its text."""
        self.tap(self.page.get_by_role(role, name=name, exact=True).first, kind)  # type: ignore[arg-type]

    def tap(self, place: Locator, kind: str) -> None:
        place.click()
        self.counted[kind] += 1

    def type(self, label: str, text: str, kind: str = "typed") -> None:
        self.page.get_by_label(label).first.fill(text)
        self.counted[kind] += 1

    def identify(self) -> None:
        for name in ("name", "birth_date"):
            self.tap(self.page.locator(f"input[name={name}]"), "identification")
        self.click("Both compared: go on")

    def screen(self) -> None:
        expect(self.page.get_by_role("button", name="Each was asked: go on")).to_be_visible()
        for no in self.page.locator("input[type=radio][value=no]").all():
            self.tap(no, "screen")
        self.click("Each was asked: go on")

    def find(self) -> None:
        self.type("Symptoms today", "left arm pain to the elbow", "finding")
        self.type("Why traction rather than another modality", "arm pain centralised", "finding")
        self.type("Pain before (0-10)", "6", "finding")

    def check(self) -> None:
        """Answer every question of the session up to the last one."""
        start_traction(self.page, self._count_answer)
        self.counted["click"] += 1

    def _count_answer(self, text: str) -> None:
        self.counted[next((APART[each] for each in APART if each in text), "click")] += 1


@pytest.fixture
def hand(browser: Browser, clinic: BrowsedStation) -> Iterator[Hand]:
    """Pat Jones has given the name in the morning, and sees the overview."""
    context = browser.new_context(base_url=clinic.address, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/person?back=/")
    page.get_by_label("Another name").fill("Pat Jones")
    page.get_by_role("button", name="Take this name").click()
    yield Hand(page)
    let_go(page)
    context.close()


def pulls(hand: Hand) -> None:
    """Wait until traction has begun."""
    headline = hand.page.locator(f"[data-strip='{TABLE}'] [data-is=headline]")
    expect(headline).to_have_text(re.compile("taking up slack|pretensioning|ramping up|holding"))


def apart(counted: Counter[str]) -> dict[str, int]:
    return {kind: counted[kind] for kind in ("identification", "screen", "tick", "finding")}


WHOLE = {"identification": 3, "screen": SCREENED, "tick": 3, "finding": 3}
"""The fourth tick, of the harness, is asked under pretension, behind the start."""


def test_a_returning_patient_costs_seven_clicks_and_one_field(hand: Hand) -> None:
    hand.type("Patient's reference", RETURNING)
    hand.click("Start visit")
    hand.click("New visit")
    hand.identify()
    hand.click("As last time")
    hand.screen()
    hand.find()
    hand.click("Go to the checks")
    hand.check()
    pulls(hand)
    assert hand.counted["click"] <= 7
    assert hand.counted["typed"] <= 1
    assert apart(hand.counted) == WHOLE


def test_a_new_patient_costs_nine_clicks_and_the_order(hand: Hand) -> None:
    hand.type("Patient's reference", "TEST-8")
    hand.click("Start visit")
    hand.click("New patient", role="link")
    page = hand.page
    for label, text in (
        ("Last name", "Roe"),
        ("First name", "Mary"),
        ("Birth date", "1971-02-28"),
    ):
        hand.type(label, text, "the patient's record")
    hand.click("Add the patient")
    hand.click("New visit")
    hand.identify()
    hand.click("Begin with Cervical mild")
    hand.screen()
    hand.find()
    hand.click("Go to the checks")
    hand.check()
    pulls(hand)
    assert page.url.endswith("/units/Table%201")
    assert hand.counted["click"] <= 9
    assert hand.counted["typed"] <= 1
    assert apart(hand.counted) == WHOLE
