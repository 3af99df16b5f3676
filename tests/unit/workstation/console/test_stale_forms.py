"""Forms of another patient, another browser, behind the back button, and of before a restart.

Each is of its page's patient and visit, or does nothing.
"""

from __future__ import annotations

import pytest

from controller.runtime.clock import VirtualClock
from records.clinic.visit_steps import steps_on_file
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.console_bench import BROWSER, ConsoleBench, console_bench
from tests.support.console_visits import FINDINGS, answers, at_the_order, check, fields_of
from tests.support.standing import keep, patient
from workstation.console.acts import FOREIGN_FORM
from workstation.console.browsers import BROWSER_COOKIE

OTHER = "ROE-7"


@pytest.fixture
def two(bench: ConsoleBench, folder: RecordFolder) -> ConsoleBench:
    """Somebody sits there; a second patient is on file."""
    keep(folder, patient(reference=OTHER, last_name="Roe", first_name="Ann"))
    bench.sit_down()
    return bench


def versions(folder: RecordFolder) -> dict[str, int]:
    return {each.name: each.number for each in read_standing(folder).patients}


def test_a_form_that_is_sent_to_the_address_of_another_patient_changes_neither(
    two: ConsoleBench, folder: RecordFolder
) -> None:
    two.post("/patients/TEST-1/flags", kind="pregnancy", text="ask first", version="1")
    form = {"version": "2", "reason": "delivered"}
    answer = two.client.post(f"/patients/{OTHER}/flags/1/end", data=form)
    assert answer.status_code == 422
    assert f"patient {OTHER} has 0 flags, and no flag 1" in answer.text
    assert versions(folder) == {"TEST-1": 2, OTHER: 1}


def test_the_order_of_a_visit_names_no_other_patient(two: ConsoleBench) -> None:
    first, second = at_the_order(two), at_the_order(two, reference=OTHER)
    form = {
        **fields_of(two.page(f"{first}/order")),
        **FINDINGS,
        "patient": OTHER,
        "reference": OTHER,
    }
    assert two.post(f"{first}/order/start", **form) == "/units/Table%201"
    on_file = steps_on_file(two.site.folder).sessions
    assert set(on_file) == {first.rpartition("/")[2]}
    assert two.client.get(second).headers["location"] == f"{second}/order"


def test_a_form_of_another_browser_does_nothing_and_loses_nothing(
    two: ConsoleBench, folder: RecordFolder
) -> None:
    """Its cookie came here, or this page went there: the token and the cookie name two browsers."""
    two.client.cookies.set(BROWSER_COOKIE, "f" * len(BROWSER), domain="127.0.0.1", path="/")
    form = {"kind": "pregnancy", "text": "ask first", "version": "1"}
    answer = two.client.post("/patients/TEST-1/flags", data=form)
    assert answer.status_code == 403
    assert FOREIGN_FORM in answer.text
    assert 'name="text" value="ask first"' in answer.text
    assert versions(folder) == {"TEST-1": 1, OTHER: 1}


def test_a_step_that_is_sent_from_behind_the_back_button_begins_nothing_anew(
    two: ConsoleBench,
) -> None:
    visit = at_the_order(two)
    form = {**fields_of(two.page(f"{visit}/order")), **FINDINGS}
    two.post(f"{visit}/order/start", **form)
    steps = len(steps_on_file(two.site.folder).steps)
    sent = {
        "identify": {"way": "compared", "name": "1", "birth_date": "1"},
        "screen": answers(),
        "order/start": form,
    }
    for path, fields in sent.items():
        assert two.client.post(f"{visit}/{path}", data=fields).status_code == 303
    assert len(two.links["Table 1"].asked) == 1
    (sessions,) = steps_on_file(two.site.folder).sessions.values()
    assert len(sessions) == 1
    assert len(steps_on_file(two.site.folder).steps) - steps <= 2, "said again, on record as that"


def test_a_form_that_was_open_over_a_restart_is_taken(
    two: ConsoleBench, folder: RecordFolder, clock: VirtualClock
) -> None:
    visit = at_the_order(two)
    check(two, visit, hold_force="50 N")
    form = {**fields_of(two.page(f"{visit}/order")), **FINDINGS}
    with console_bench(folder, clock) as anew:
        anew.client.cookies.update(two.client.cookies)
        anew.client.headers.update(two.client.headers)
        assert anew.post(f"{visit}/order/start", **form) == "/units/Table%201"
        assert len(anew.links["Table 1"].asked) == 1
        assert anew.post("/patients/TEST-1/flags", kind="a", text="b", version="1")
    assert versions(folder)["TEST-1"] == 2
