"""Signing in at the console: PINs, roles over every address, change of person, emergencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.routing import Route

from controller.alarms import RaisedAlarm
from controller.questions import Question
from controller.requests import TakeOver
from controller.runtime.clock import VirtualClock
from controller.snapshot import Doing
from records.accounts.accounts import give_code
from records.accounts.rights import RIGHTS
from records.clinic.audit import accesses
from records.standing.kinds import StandingRecord
from records.store.record_folder import RecordFolder
from tests.support.console_bench import BROWSER, ConsoleBench, console_bench
from tests.support.console_visits import begin
from tests.support.notes import recorded
from tests.support.reception import medicare_patient
from tests.support.signed_in import ADA, ANN, BILL, NAMES, PAT, PINS, SetClock, add_accounts, desk
from tests.support.standing import example, keep, writer
from tests.support.unit_stages import CHECKING, HOLDING, SESSION, START
from workstation.console.application import PAGES
from workstation.console.browsers import BROWSER_COOKIE, TOKEN_FIELD, TOKEN_HEADER
from workstation.console.page_rights import PAGE_RIGHTS
from workstation.console.unit_view import seen_digest
from workstation.session.workplace import FiledSession
from workstation.station.messages import GivenAnswer, MadeRequest

UNIT_ID = "00c0ffee00c0ffee"
OF_ROLE = {"therapist": PAT, "aide": ANN, "biller": BILL, "administrator": ADA}
NAMED = {
    "reference": "TEST-1",
    "session": "s-1",
    "session_id": "s-1",
    "name": "Table 1",
    "visit": "visit-0123456789ab",
    "number": "1",
    "stream_id": "none",
    "replay_id": "none",
    "file_id": "none",
    "file": "none",
    "format": "text",
}


@pytest.fixture
def bench(folder: RecordFolder, clock: VirtualClock) -> Iterator[ConsoleBench]:
    """A clinic with accounts, a table, a patient and a session; nobody has signed in."""
    recorded(folder)
    add_accounts(folder)
    keep(folder, example("unit", unit_id=UNIT_ID))
    keep(folder, medicare_patient("2026-11-18"))
    with console_bench(folder, clock) as opened:
        yield opened


def routes() -> list[Route]:
    return [route for made in PAGES for route in made() if isinstance(route, Route)]


def address(path: str) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: NAMED[found[1]], path)


GUARDED = {name: right for name, right in PAGE_RIGHTS.items() if right is not None}


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    found = {
        f"{method} {route.path}"
        for route in routes()
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert found == set(PAGE_RIGHTS)


@pytest.mark.parametrize("role", OF_ROLE)
def test_every_role_gets_what_the_table_says_and_nothing_else(
    bench: ConsoleBench, role: str
) -> None:
    """A refusal of the table is a 403; whatever else an address says of an empty form, is not."""
    bench.sign_in(OF_ROLE[role])
    for name, right in GUARDED.items():
        method, path = name.split(" ")
        answer = bench.client.request(method, address(path))
        assert (answer.status_code == 403) == (right not in RIGHTS[role]), (name, answer.text)


def test_nobody_gets_what_needs_a_right(bench: ConsoleBench) -> None:
    before = len(accesses(bench.site.folder))
    for name in GUARDED:
        method, path = name.split(" ")
        answer = bench.client.request(method, address(path))
        if method == "GET":
            assert answer.status_code == 303, name
            assert answer.headers["location"].startswith("/person?back="), name
        elif answer.status_code == 303:
            assert answer.headers["location"].startswith("/person"), name
        elif answer.status_code == 409:
            assert "nobody is signed in here any more" in answer.text, name
        else:
            assert answer.status_code in (400, 404, 422) or "/note/draft" in name, name
    assert len(accesses(bench.site.folder)) == before


def test_a_pin_signs_in_and_the_record_names_the_account(bench: ConsoleBench) -> None:
    page = bench.page("/person")
    assert "Pat Jones" in page
    assert "nightly" not in page
    assert "Another name" not in page
    answer = bench.client.post("/person", data={"account": PAT, "pin": PINS[PAT], "back": "/notes"})
    assert answer.status_code == 200
    assert "Since this account was used last" in answer.text
    assert "one-time code given" in answer.text
    assert ">Pat Jones</a>" in bench.page("/notes")
    assert bench.post("/person", account=PAT, pin=PINS[PAT], back="/notes") == "/notes"
    bench.page("/sessions/s-1/note")
    newest = accesses(bench.site.folder)[-1]
    assert (newest.by, newest.account) == ("Pat Jones", PAT)


def test_a_wrong_pin_signs_nobody_in_and_is_shown_nowhere(bench: ConsoleBench) -> None:
    answer = bench.client.post("/person", data={"account": PAT, "pin": "640291", "back": "/notes"})
    assert answer.status_code == 422
    assert "this is not the PIN of Pat Jones (try 1)" in answer.text
    assert "640291" not in answer.text
    assert bench.site.people.sign_ins.cookie not in bench.client.cookies
    for _ in range(3):
        answer = bench.client.post("/person", data={"account": PAT, "pin": "640291"})
    assert "the next try is taken in 1 s" in answer.text
    assert bench.client.post("/stop/Table%201").status_code == 200


def test_a_pin_in_a_form_that_is_refused_is_not_sent_back(bench: ConsoleBench) -> None:
    form = {"account": PAT, "pin": PINS[PAT], "code": "AAAAA-BBBBB", TOKEN_FIELD: "forged"}
    answer = bench.client.post("/person", data=form)
    assert answer.status_code == 403
    assert PINS[PAT] not in answer.text
    assert "BBBBB" not in answer.text


def test_a_name_that_somebody_says_is_nobody(bench: ConsoleBench) -> None:
    answer = bench.client.post("/person", data={"name": "Pat Jones"})
    assert answer.status_code == 422
    assert "sign in here with an account" in answer.text


def test_a_program_s_account_signs_nobody_in(bench: ConsoleBench) -> None:
    answer = bench.client.post("/person", data={"account": "nightly", "pin": PINS["nightly"]})
    assert answer.status_code == 422


def test_a_code_sets_a_pin_and_signs_in(bench: ConsoleBench) -> None:
    code = give_code(bench.site.folder, writer(at_utc_ms=bench.clock.utc_ms()), ANN, "forgotten")
    form = {"account": ANN, "code": code, "pin": "551903", "again": "551904"}
    assert "the two new PINs differ" in bench.client.post("/person/code", data=form).text
    weak = {**form, "pin": "111111", "again": "111111"}
    assert "fewer than 3 different" in bench.client.post("/person/code", data=weak).text
    answer = bench.client.post("/person/code", data={**form, "again": "551903"})
    assert "Signed in: Ann Reed" in answer.text


def test_another_person_signs_in_without_leaving_the_page(bench: ConsoleBench) -> None:
    bench.sign_in(PAT)
    wants = {"accept": "application/json"}
    form = {"account": ANN, "pin": PINS[ANN]}
    answer = bench.client.post("/person", data=form, headers=wants)
    assert answer.json()["name"] == "Ann Reed"
    assert ">Ann Reed</a>" in bench.page("/")
    wrong = {"account": BILL, "pin": "000000"}
    answer = bench.client.post("/person", data=wrong, headers=wants)
    assert "not the PIN of Bill Able" in answer.json()["fault"]
    assert ">Ann Reed</a>" in bench.page("/")


def test_every_sign_in_has_an_id_of_its_own(bench: ConsoleBench) -> None:
    """An id that somebody had put into the browser before stands for nobody afterwards."""
    cookie = bench.site.people.sign_ins.cookie
    bench.sign_in(PAT)
    first = bench.client.cookies[cookie]
    bench.sign_in(ANN)
    assert bench.client.cookies[cookie] != first
    both = f"{BROWSER_COOKIE}={BROWSER}; {cookie}={first}"
    bench.client.cookies.clear()
    assert "who sits here?" in bench.client.get("/", headers={"cookie": both}).text
    assert first.encode() not in bench.site.folder.sign_ins.read_bytes()


def test_a_console_that_was_started_anew_knows_people(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sign_in(PAT)
    with console_bench(bench.site.folder, clock) as second:
        second.client.cookies = bench.client.cookies
        assert ">Pat Jones</a>" in second.page("/")
        second.post("/person/leave")
    with console_bench(bench.site.folder, clock) as third:
        third.client.cookies = bench.client.cookies
        assert "who sits here?" in third.page("/")


def test_a_role_that_is_taken_away_ends_at_once(bench: ConsoleBench, clock: VirtualClock) -> None:
    bench.sign_in(PAT)
    assert bench.client.get("/sessions/s-1/claim").status_code == 200
    keep(bench.site.folder, account(PAT, "PJ", "aide"), made_from=1)
    clock.sleep_until(clock.now_s() + 1.0)
    assert bench.client.get("/sessions/s-1/claim").status_code == 403
    keep(bench.site.folder, account(PAT, "PJ", "aide", in_use=False), made_from=2)
    clock.sleep_until(clock.now_s() + 1.0)
    assert "who sits here?" in bench.page("/")


def test_a_pin_that_is_set_elsewhere_ends_what_the_old_one_opened(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sign_in(PAT)
    bench.page("/")
    desk(bench.site.folder, SetClock()).change_pin(ANN, PINS[ANN], "551903")
    clock.sleep_until(clock.now_s() + 1.0)
    assert ">Pat Jones</a>" in bench.page("/"), "another person's PIN"
    desk(bench.site.folder, SetClock()).change_pin(PAT, PINS[PAT], "730194")
    clock.sleep_until(clock.now_s() + 1.0)
    assert "who sits here?" in bench.page("/")
    with console_bench(bench.site.folder, clock) as second:
        second.client.cookies = bench.client.cookies
        assert "who sits here?" in second.page("/")


def test_whoever_is_called_otherwise_now_signs_in_again(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    """Nothing is signed by a name that the account has no more."""
    bench.sign_in(PAT)
    married = example("person", initials="PJ", first_name="Pat", last_name="Moore")
    keep(bench.site.folder, married, made_from=1)
    clock.sleep_until(clock.now_s() + 1.0)
    assert "who sits here?" in bench.page("/")
    bench.sign_in(PAT)
    assert ">Pat Moore</a>" in bench.page("/")


def account(name: str, person: str, role: str, *, in_use: bool = True) -> StandingRecord:
    return example("account", account=name, person=person, roles=[role], in_use=in_use)


def test_a_form_of_no_page_of_this_browser_is_refused(bench: ConsoleBench) -> None:
    bench.sign_in(PAT)
    good = bench.client.headers.pop(TOKEN_HEADER)
    for token in ("", "forged", good[:-2], good + "x"):
        answer = bench.client.post("/visits", data={"reference": "TEST-1", TOKEN_FIELD: token})
        assert answer.status_code == 403
        assert "loaded in another browser" in answer.text
    assert bench.client.post("/person/touched").status_code == 403
    assert bench.client.post("/events/none/seen").status_code == 403
    assert bench.client.post("/stop/Table%201").status_code == 200
    bench.client.cookies.set(BROWSER_COOKIE, "another", domain="127.0.0.1", path="/")
    answer = bench.client.post("/visits", data={"reference": "TEST-1", TOKEN_FIELD: good})
    assert answer.status_code == 403


def test_every_form_of_a_page_carries_the_token_and_stop_none(bench: ConsoleBench) -> None:
    bench.sign_in(PAT)
    for path in ("/", "/person", "/patients/TEST-1", "/sessions/s-1/note", "/units/Table%201"):
        page = bench.page(path)
        for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", page, re.DOTALL):
            to_the_door = 'class="stop' in form
            assert (TOKEN_FIELD in form) != to_the_door, (path, form)


# --- a unit's page --------------------------------------------------------------------------------


def start(bench: ConsoleBench) -> str:
    """Answer the last question with a yes; returns what the page says."""
    link = bench.links["Table 1"]
    link.show(**{**CHECKING, "questions": (START,)})
    form = {
        "question": Question.START_TRACTION.value,
        "accepted": "yes",
        "session": SESSION,
        "id": "r1",
        "seen": seen_digest(START),
    }
    return str(bench.client.post("/units/Table%201/answers", data=form).text)


def test_an_aide_prepares_and_starts_nothing(bench: ConsoleBench) -> None:
    bench.sign_in(ANN)
    assert begin(bench).startswith("/visits/")
    assert "may not start and resume a treatment" in start(bench)
    for form in ({"act": "resume"}, {"act": "more", "change_n": "1", "words": "well"}):
        bench.links["Table 1"].show(**HOLDING)
        answer = bench.client.post(
            "/units/Table%201/requests", data={**form, "session": SESSION, "id": "r2"}
        )
        assert "may not start and resume a treatment" in answer.text
    assert bench.links["Table 1"].asked == []


def test_a_therapist_starts(bench: ConsoleBench) -> None:
    bench.sign_in(PAT)
    start(bench)
    (given,) = bench.links["Table 1"].asked
    assert isinstance(given, GivenAnswer)
    assert given.by == NAMES[PAT]


SLIPPING = RaisedAlarm(code="harness_slipping", number=2, utc_ms=10_150)
OUTWARD = ("pause", "less", "end", "check_in", "remark", "silence", "acknowledge")


@pytest.mark.parametrize("act", OUTWARD)
def test_what_leads_outward_needs_nobody(bench: ConsoleBench, act: str) -> None:
    bench.links["Table 1"].show(**HOLDING, alarms=(SLIPPING,))
    form = {"act": act, "session": SESSION, "id": "r1", "words": "x", "alarm": "harness_slipping:2"}
    assert bench.client.post("/units/Table%201/requests", data=form).status_code == 303
    (made,) = bench.links["Table 1"].asked
    assert isinstance(made, MadeRequest)
    assert made.request.by == "at Table 1, signed out"


def test_wrong_pins_while_an_alarm_sounds_keep_nothing_back(bench: ConsoleBench) -> None:
    bench.links["Table 1"].show(**HOLDING, alarms=(SLIPPING,))
    for _ in range(5):
        wrong = bench.client.post("/person", data={"account": PAT, "pin": "000111", "back": "/"})
        assert wrong.status_code == 422
        assert "harness slips" in wrong.text
    assert "the next try is taken in" in wrong.text
    for act in OUTWARD:
        form = {"act": act, "session": SESSION, "id": act, "words": "x"}
        form["alarm"] = "harness_slipping:2"
        assert bench.client.post("/units/Table%201/requests", data=form).status_code == 303, act
    assert bench.client.post("/stop/Table%201").status_code == 200
    assert len(bench.links["Table 1"].presses) == 1


# --- emergencies and time -------------------------------------------------------------------------


def test_in_an_emergency_a_reason_opens_the_records_for_an_hour(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sign_in(ADA)
    refused = bench.client.get("/sessions/s-1")
    assert refused.status_code == 403
    assert 'href="/emergency?back=/sessions/s-1"' in refused.text
    answer = bench.client.post("/emergency", data={"reason": " ", "back": "/sessions/s-1"})
    assert "say what the emergency is" in answer.text
    assert bench.post("/emergency", reason="patient fainted", back="/sessions/s-1")
    assert bench.client.get("/sessions/s-1").status_code == 200
    assert bench.client.get("/sessions/s-1/claim").status_code == 403
    kept = next(row for row in accesses(bench.site.folder) if row.kind == "emergency_access")
    assert (kept.by, kept.account) == (NAMES[ADA], ADA)
    people = bench.site.people
    people.rules = replace(people.rules, idle_s=1e6)
    clock.sleep_until(clock.now_s() + 3600)
    assert bench.client.get("/sessions/s-1").status_code == 403


def test_the_day_of_a_sign_in_never_ends_during_the_person_s_session(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sign_in(PAT)
    unit = bench.site.units["Table 1"]
    filed = FiledSession(session_id=SESSION, patient_key="ab", order_digest="cd")
    unit.prepare(filed, NAMES[PAT])
    bench.links["Table 1"].show(**HOLDING)
    clock.sleep_until(clock.now_s() + 13 * 3600)
    assert ">Pat Jones</a>" in bench.page("/")
    with console_bench(bench.site.folder, clock) as another:
        another.sign_in(ANN)
    clock.sleep_until(clock.now_s() + 1.0)
    assert ">Pat Jones</a>" in bench.page("/"), "whoever signs in has old ones forgotten"
    bench.links["Table 1"].show(doing=Doing.IDLE, session_id="")
    assert "who sits here?" in bench.page("/")


def test_who_was_away_is_known_to_a_console_that_was_started_anew(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    """The touch that woke the page was somebody's; the console that comes then knows that."""
    bench.sign_in(PAT)
    filed = FiledSession(session_id=SESSION, patient_key="ab", order_digest="cd")
    bench.site.units["Table 1"].prepare(filed, NAMES[PAT])
    bench.links["Table 1"].show(**HOLDING)
    clock.sleep_until(clock.now_s() + bench.site.people.rules.idle_s + 1)
    assert bench.client.post("/person/touched").status_code == 204
    with console_bench(bench.site.folder, clock) as second:
        second.client.cookies = bench.client.cookies
        second.site.units["Table 1"].prepare(filed, NAMES[PAT])
        second.links["Table 1"].show(**HOLDING)
        assert "nobody touched this page for 10 min" in start(second)
        assert not [each for each in second.links["Table 1"].asked if isinstance(each, GivenAnswer)]


@pytest.mark.parametrize("touches", [False, True])
def test_force_and_table_take_a_pin_once_nobody_has_touched_the_page(
    bench: ConsoleBench, clock: VirtualClock, touches: bool
) -> None:
    bench.sign_in(PAT)
    unit, link = bench.site.units["Table 1"], bench.links["Table 1"]
    filed = FiledSession(session_id=SESSION, patient_key="ab", order_digest="cd")
    unit.prepare(filed, NAMES[PAT])
    link.show(**HOLDING, responsible=NAMES[ANN], responsible_since_ms=0)
    clock.sleep_until(clock.now_s() + bench.site.people.rules.idle_s + 1)
    if touches:
        assert bench.client.post("/person/touched").status_code == 204, "the session is open"
    asked_before = len(link.asked)
    more = {"act": "more", "change_n": "1", "words": "tolerates it well"}
    wanted = {"take-over": {}, "requests": {"act": "resume"}, "requests?": more}
    for path, form in wanted.items():
        sent = {**form, "session": SESSION, "id": path}
        answer = bench.client.post(f"/units/Table%201/{path}", data=sent)
        assert "nobody touched this page for 10 min: sign in again with your PIN" in answer.text
    assert "nobody touched this page" in start(bench)
    assert len(link.asked) == asked_before
    bench.post("/units/Table%201/requests", act="less", session=SESSION, id="r9")
    bench.sign_in(PAT)
    bench.post("/units/Table%201/take-over", session=SESSION, id="r10")
    taken = link.asked[-1]
    assert isinstance(taken, MadeRequest)
    assert taken.request == TakeOver(by=NAMES[PAT])
    assert start(bench) == ""
    answered = link.asked[-1]
    assert isinstance(answered, GivenAnswer)


def test_records_that_cannot_be_read_sign_nobody_in_and_stop_works(
    folder: RecordFolder, clock: VirtualClock
) -> None:
    add_accounts(folder)
    keep(folder, example("unit", unit_id=UNIT_ID))
    with console_bench(folder, clock) as opened:
        folder.clinic_database.write_bytes(b"no database" * 1000)
        page = opened.page("/person")
        assert "The records cannot be read at present" in page
        assert opened.client.post("/stop/Table%201").status_code == 200
