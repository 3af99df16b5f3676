"""The disk is full, or clinic.db is locked: every act says so, and is done once when sent again."""

from __future__ import annotations

import re
from html import unescape

import pytest

from controller.runtime.clock import VirtualClock
from records.clinic.visit_sessions import visits_of
from records.clinic.visit_steps import VisitBegun, steps_on_file
from records.standing.versions import read_standing
from records.store.clinic_chain import EntryKind, entries_of_kind
from records.store.clinic_file import clinic_reading
from records.store.database import rows
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench
from tests.support.console_visits import FINDINGS, PRESET, answers, at_the_order, fields_of, filed
from tests.support.notes import recorded
from tests.support.troubled_writes import Trouble, full_disk, locked, troubled_from
from workstation.console.patient_form import values_of

MOST_WRITES = 20
WAYS_OUT: dict[Trouble, str] = {
    full_disk: "look whether its disk is full or failing, then try again",
    locked: "another program is writing it: try again in a few seconds",
}
PATIENT = "/patients/TEST-1"
NEW = {"reference": "A-7", "last_name": "Roe", "first_name": "Ann", "birth_date": "1971-02-28"}


class Sender:
    """Sends a form while each of its writes fails in turn, and then for good."""

    def __init__(self, bench: ConsoleBench, trouble: Trouble) -> None:
        self.bench, self.trouble = bench, trouble
        self.failed = 0

    def __call__(self, path: str, **fields: str) -> str:
        """Returns the address that the browser is sent to in the end."""
        stood = self._stands(path)
        for write in range(MOST_WRITES):
            with troubled_from(write, self.trouble, self.bench.site.folder.clinic_database):
                answer = self.bench.client.post(path, data=fields)
            if answer.status_code == 303:
                assert write, f"{path} kept nothing"
                return str(answer.headers["location"])
            assert self._stands(path) == stood
            self._check_refusal(answer.status_code, answer.text, fields)
        raise AssertionError(f"{path} never ends")

    def _stands(self, path: str) -> str:
        """Where a visit leads to that the form belongs to, or what its page shows."""
        visit = re.match(r"/visits/[^/]+", path)
        if visit is None:
            return ""
        answer = self.bench.client.get(visit[0])
        shown = answer.text.partition("<main>")[2]
        return str(answer.headers.get("location", shown))

    def _check_refusal(self, status: int, page: str, fields: dict[str, str]) -> None:
        self.failed += 1
        assert status == 409
        fault = unescape(page.partition('role="alert">')[2])
        assert WAYS_OUT[self.trouble] in fault
        assert "it is kept on this page" in page
        kept = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
        again = {name: unescape(value) for name, value in kept if name != "form_token"}
        assert again == {name: text for name, text in fields.items() if name != "form_token"}


@pytest.mark.parametrize("trouble", WAYS_OUT)
def test_a_visit_through_a_disk_that_fails_at_every_write(
    bench: ConsoleBench, folder: RecordFolder, trouble: Trouble
) -> None:
    bench.sit_down()
    send = Sender(bench, trouble)
    visit = send("/visits", reference="TEST-1")
    send(f"{visit}/identify", way="compared", name="1", birth_date="1")
    send(f"{visit}/dose", basis=PRESET)
    send(f"{visit}/screen", **answers())
    form = {**fields_of(bench.page(f"{visit}/order")), **FINDINGS}
    send(f"{visit}/order/check", **form)
    before = send.failed
    assert send(f"{visit}/order/start", **form) == "/units/Table%201"
    assert send.failed - before > 3, "the audit, the id, the words and the order"

    assert len(bench.links["Table 1"].asked) == 1
    on_file = steps_on_file(folder)
    assert on_file.sessions == {visit.rpartition("/")[2]: (filed(bench).session_id,)}
    assert [step.kind.value for step in on_file.steps] == [
        "patient identified",
        "contraindications screened",
    ]
    with clinic_reading(folder) as db:
        session = (filed(bench).session_id,)
        words = rows(db, "SELECT name FROM draft_word WHERE session_id = ?", session)
    assert sorted(words) == [("pain_before",), ("performed_by",)]


@pytest.mark.parametrize("trouble", WAYS_OUT)
def test_a_further_session_is_begun_and_joined_once(
    bench: ConsoleBench, clock: VirtualClock, folder: RecordFolder, trouble: Trouble
) -> None:
    bench.sit_down()
    visit = at_the_order(bench)
    begun = VisitBegun(visit=visit.rpartition("/")[2], steps=steps_on_file(folder).steps)
    recorded(folder, began_ms=clock.utc_ms(), outcome="stopped", begun=begun)
    send = Sender(bench, trouble)
    assert send(f"{visit}/again") == f"{visit}/dose"
    clock.sleep_until(clock.now_s() + 600)
    recorded(folder, "s-2", began_ms=clock.utc_ms(), outcome="stopped", begun=begun)
    assert send(f"{visit}/join") == visit
    assert visits_of(folder).sessions_with("s-1") == ("s-1", "s-2")
    assert "does not have" not in bench.page(visit)
    with clinic_reading(folder) as db:
        assert len(entries_of_kind(db, EntryKind.VISIT_SAID)) == 1


@pytest.mark.parametrize("trouble", WAYS_OUT)
def test_a_patient_is_added_changed_and_flagged_once(
    bench: ConsoleBench, folder: RecordFolder, trouble: Trouble
) -> None:
    bench.sit_down()
    send = Sender(bench, trouble)
    assert send("/patients/new", **NEW) == "/patients/A-7"
    flag = {"kind": "pregnancy", "text": "ask first", "version": "1"}
    assert send(f"{PATIENT}/flags", **flag) == PATIENT
    assert send(f"{PATIENT}/flags/1/end", version="2", reason="delivered") == PATIENT
    found = read_standing(folder).patient_exactly("TEST-1")
    assert found is not None
    typed = {**values_of(found.record), "phone": "555 0100", "version": "3"}
    assert send(f"{PATIENT}/change", **typed) == PATIENT
    held = {each.name: each for each in read_standing(folder).patients}
    assert {name: each.number for name, each in held.items()} == {"TEST-1": 4, "A-7": 1}
    (kept,) = held["TEST-1"].record.flags
    assert kept.ended is not None
    assert held["TEST-1"].record.phone == "555 0100"
