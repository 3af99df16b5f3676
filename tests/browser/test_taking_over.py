"""Another person takes a whole treatment over by PIN, and the claim offers the assistant's part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from controller.event_details.treatment import ResponsibilityTaken
from controller.events import EventKind
from records.evidence.reader import list_sessions
from records.store.record_folder import RecordFolder
from tests.support.browsed_station import BrowsedStation, browsed_station
from tests.support.browser_touch import UNIT, begin_session, let_go, press, start_traction
from tests.support.real_time import PATIENCE_MS
from tests.support.signed_in import ADA, ANN, NAMES, PAT, PINS, add_accounts
from tests.support.standing import example, keep
from tests.support.station_console import ORDER, TABLE

WRONG = "000000"
LONG = ORDER.replace("1 min", "3 min")
"""Nobody hurries through what is done in its hold."""
ASSISTANT = {
    "initials": "AR",
    "first_name": "Ann",
    "last_name": "Reed",
    "credentials": "PTA",
    "role": "PTA",
    "npi": None,
}
PREPARES = " has been preparing Table 1 since "
PULLS = " has been responsible at Table 1 since "
STOPPED = re.compile(r"STOP was ordered at \d\d:\d\d:\d\d, force then .* Look at the patient\.")
RELEASED = re.compile(r"Released: -?\d+\.\d N")


def before(records: RecordFolder) -> None:
    """Pat is a therapist, Ann an assistant, and Ada an administrator."""
    keep(records, example("person", **ASSISTANT))
    add_accounts(records, ADA, PAT, ANN)
    keep(records, example("account", account=ANN, person="AR", roles=["assistant"]), made_from=1)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowsedStation]:
    """A station with one table, on a serial line, at which people sign in."""
    folder: Path = tmp_path_factory.mktemp("accounts")
    with browsed_station(folder, ("test_fixture",), ("rtu",), before) as opened:
        yield opened


@pytest.fixture
def pats(browser: Browser, clinic: BrowsedStation) -> Iterator[Page]:
    """The unit's page, where Pat has signed in; the table is free again after the test."""
    page = at_the_unit(browser, clinic)
    sign_in(page, PAT)
    yield page
    let_go(page)
    page.context.close()


@pytest.fixture
def anns(browser: Browser, clinic: BrowsedStation) -> Iterator[Page]:
    """The unit's page in another browser, where nobody has signed in yet."""
    page = at_the_unit(browser, clinic)
    yield page
    page.context.close()


def at_the_unit(browser: Browser, clinic: BrowsedStation) -> Page:
    context = browser.new_context(base_url=clinic.address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(UNIT)
    expect(page.locator("#door-state")).to_have_text("STOP: ready")
    return page


def sign_in(page: Page, account: str) -> None:
    """Sign in by [Change person] on the page that is open."""
    try_pin(page, account, PINS[account])
    expect(page.locator("#person")).to_have_text(NAMES[account])


def try_pin(page: Page, account: str, pin: str) -> None:
    change = page.locator("#change-person")
    if not change.is_visible():
        page.get_by_text("Change person").click()
    change.get_by_label("Account").select_option(account)
    change.get_by_label("PIN").fill(pin)
    with page.expect_response("**/person"):
        change.get_by_role("button").click()


def responsible(page: Page) -> Locator:
    return page.locator("#unit-page [data-is=responsible]")


def take_over(page: Page, said: str | re.Pattern[str]) -> None:
    button = page.get_by_role("button", name="Take over", exact=True)
    expect(button).to_be_visible()
    asked = page.locator("#asked")
    press(button, page.locator("#asked").filter(has_not_text=said))
    expect(asked).to_contain_text(said)


def test_responsibility_goes_from_one_person_to_the_next_by_pin(
    pats: Page, anns: Page, clinic: BrowsedStation
) -> None:
    begin_session(clinic, order=LONG, by=NAMES[PAT])
    _ann_takes_over_what_pat_prepares(anns)
    expect(responsible(pats)).to_contain_text(NAMES[ANN] + PREPARES)
    start_traction(anns)
    expect(anns.locator("#unit-page [data-is=headline]")).to_contain_text("holding")
    _pat_takes_over_what_pulls(anns)
    expect(responsible(pats)).to_contain_text(NAMES[PAT] + PULLS)
    _who_may_not_takes_nothing(anns)
    anns.get_by_role("button", name=f"STOP {TABLE}").click()
    expect(anns.locator("#stop-said")).to_contain_text(STOPPED)
    expect(anns.locator("#stop-said")).to_contain_text(RELEASED)
    acknowledge = pats.get_by_role("button", name="Acknowledge", exact=True)
    expect(acknowledge).to_be_visible()
    press(acknowledge, acknowledge)
    _the_record_and_the_note_have_the_spans(pats, clinic)
    _the_claim_gets_the_modifier_that_a_person_accepts(pats)


def _ann_takes_over_what_pat_prepares(page: Page) -> None:
    """In a browser where nobody has signed in yet; a wrong PIN changes nothing."""
    expect(responsible(page)).to_contain_text(NAMES[PAT] + PREPARES)
    take_over(page, "Not done: Say who sits here first.")
    _refuse_a_wrong_pin(page, ANN)
    expect(responsible(page)).to_contain_text(NAMES[PAT] + PREPARES)
    sign_in(page, ANN)
    take_over(page, "Ann Reed is responsible from now on, until now Pat Jones")
    expect(responsible(page)).to_contain_text(NAMES[ANN] + PREPARES)


def _pat_takes_over_what_pulls(page: Page) -> None:
    """On Ann's page, without leaving it."""
    button = page.get_by_role("button", name="Take over", exact=True)
    expect(responsible(page)).to_contain_text(NAMES[ANN] + PULLS)
    expect(button).to_have_count(0)
    _refuse_a_wrong_pin(page, PAT)
    expect(page.locator("#person")).to_have_text(NAMES[ANN])
    expect(button).to_have_count(0)
    sign_in(page, PAT)
    take_over(page, "Pat Jones is responsible from now on, until now Ann Reed")
    expect(button).to_have_count(0)


def _refuse_a_wrong_pin(page: Page, account: str) -> None:
    try_pin(page, account, WRONG)
    expect(page.locator("#change-said")).to_contain_text(f"not the PIN of {NAMES[account]}")


def _who_may_not_takes_nothing(page: Page) -> None:
    sign_in(page, ADA)
    take_over(page, "Not done: Ada Moss (administrator) may not start and resume a treatment")
    expect(responsible(page)).to_contain_text(NAMES[PAT] + PULLS)


def _the_record_and_the_note_have_the_spans(page: Page, clinic: BrowsedStation) -> None:
    link = page.get_by_role("link", name="Write the note")
    expect(link).to_be_visible()
    (session,) = list_sessions(clinic.records)
    taken = session.of_kind(EventKind.RESPONSIBILITY_TAKEN)
    said = [(one.from_by, one.by) for one in (each.said(ResponsibilityTaken) for each in taken)]
    assert said == [(NAMES[PAT], NAMES[ANN]), (NAMES[ANN], NAMES[PAT])]
    link.click()
    spans = r"Pat Jones from \S.* to \S.*Ann Reed from \S.* to \S.*Pat Jones from \S.* to \S"
    expect(page.locator("main")).to_contain_text(re.compile(spans))


def _the_claim_gets_the_modifier_that_a_person_accepts(page: Page) -> None:
    """From the note on, by the links that the pages show."""
    page.get_by_role("link", name="Claim and exports").click()
    offer = page.locator("#offers ~ .field").filter(has_text="97012:CQ")
    expect(offer).to_contain_text("an assistant was responsible for more than 10 % of the traction")
    time = r"\d+ min \d+ s"
    share = rf"the record: Ann Reed \(PTA\) {time} of {time} under traction, \d+ %"
    expect(offer).to_contain_text(re.compile(share))
    expect(offer).to_contain_text("who was responsible need not be who treated")
    offer.get_by_role("button", name=f"Accept 97012:CQ as {NAMES[PAT]}").click()
    accepted = page.locator("#accepted ~ .field").filter(has_text="97012:CQ")
    expect(accepted).to_contain_text(f"accepted by {NAMES[PAT]}, ")
    expect(page.locator("#offers ~ .field").filter(has_text="97012:CQ")).to_have_count(0)
    accepted.get_by_role("button", name=f"Take 97012:CQ back as {NAMES[PAT]}").click()
    expect(offer).to_be_visible()
