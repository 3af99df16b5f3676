"""The page of a session: dose, curve, events, integrity, and every state that it can be in."""

from __future__ import annotations

import re

import pytest

from controller.events import EventKind
from records.clinic.audit import accesses
from records.exports.note.text import note_text
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.console_bench import ConsoleBench
from tests.support.notes import ADJUSTED_AND_PAUSED, Happened, recorded
from tests.support.sessions import SETTINGS

PRESSED = "STOP from 127.0.0.1, page of http://127.0.0.1:8720"
POLYGON = re.compile(r'<polygon class="actual" points="([^"]+)"')


@pytest.fixture(autouse=True)
def seated(bench: ConsoleBench) -> None:
    """Who looks has said a name."""
    bench.sit_down()


@pytest.fixture
def one(bench: ConsoleBench, folder: RecordFolder) -> ConsoleBench:
    """A session with a change of force, a pause, a check-in and a remark."""
    recorded(folder, "s-1", happened=ADJUSTED_AND_PAUSED)
    return bench


def test_dose_stands_beside_the_order_in_the_clinics_unit(one: ConsoleBench) -> None:
    page = one.page("/sessions/s-1")
    assert "<dt>Ordered hold force</dt><dd>13.5 lbf (60.0 N)</dd>" in page
    assert "<dt>Mean force in hold</dt><dd>13.5 lbf (60.1 N)</dd>" in page
    assert "hold 13.5 lbf (60.0 N) to 12.4 lbf (55.0 N) by P. Jones (belt)" in page


def test_a_stop_is_one_plain_sentence_on_pages_and_as_stored_where_it_is_signed(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    stored = f"operator stop ({PRESSED})"
    ordered = {"kind": "release_fast", "reason": stored}
    released: Happened = [(60_000, EventKind.RELEASE_ORDERED, dict(ordered))]
    recorded(folder, "s-1", outcome="stopped", reason=stored, happened=released)
    said = "STOP was pressed on a page at this workstation"
    session = "/sessions/s-1"
    for path, count in (
        (session, 3),
        (f"{session}/replay", 2),
        ("/patients/TEST-1", 1),
    ):
        shown = bench.page(path)
        assert "operator stop" not in shown
        assert shown.count(said) >= count, path
    assert f"stopped: {said}" in bench.page("/sessions/s-1")
    for signed in (bench.page(f"{session}/note"), note_text(load_visit(folder, "s-1", SETTINGS))):
        assert f"stopped ({stored})" in signed, "who signs has read the words of the document"


def test_events_are_sentences_with_marks_and_places_in_the_curve(one: ConsoleBench) -> None:
    page = one.page("/sessions/s-1")
    assert "A. Ray remarked: patient talks [remark_recorded]" in page
    assert page.count('<circle class="request"') == 1 + 3  # one in the legend
    assert page.count('<rect class="pause"') == 1 + 1
    (row,) = [line for line in page.splitlines() if "A. Ray remarked" in line]
    assert "<td>request</td>" in row
    assert 'href="/sessions/s-1?from=0:15&amp;to=0:45#plot"' in row


def test_a_part_of_the_curve_is_an_address(one: ConsoleBench) -> None:
    part = one.page("/sessions/s-1?from=0:05&to=0:35")
    assert 'value="0:05"' in part
    assert part.count('<circle class="request"') == 1 + 3
    assert "Whole session" in part
    nearer = one.page("/sessions/s-1?from=20&to=35")
    assert nearer.count('<circle class="request"') == 1 + 2
    assert POLYGON.search(nearer)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("from=abc", "from=abc is not a time"),
        ("from=0:20&to=0:10", "shows less than 2 s"),
        ("to=1e3", "to=1e3 is not a time"),
        (f"from={'9' * 10_000}", "is not a time"),
    ],
)
def test_no_part_of_the_curve_is_refused_and_the_whole_is_shown(
    one: ConsoleBench, asked: str, fault: str
) -> None:
    answer = one.client.get(f"/sessions/s-1?{asked}")
    assert answer.status_code == 422
    assert fault in answer.text
    assert POLYGON.search(answer.text)


def test_the_look_is_in_the_audit(one: ConsoleBench, folder: RecordFolder) -> None:
    one.sit_down()
    one.page("/sessions/s-1")
    (row,) = [each for each in accesses(folder) if each.what == "show"]
    assert (row.by, row.session_id, row.patient_key) == ("Pat Jones", "s-1", "key-of-TEST-1")


def test_what_was_not_checked_is_said_until_it_is(one: ConsoleBench) -> None:
    page = one.page("/sessions/s-1")
    assert "nothing was altered" in page
    assert "Not checked by this page: checkpoints in the second place" in page
    assert "never verified here" in page
    verified = one.page("/sessions/s-1/verify")
    assert "nothing was altered (checked at" in verified
    assert "not checked against outside checkpoints" in verified


def test_a_session_that_nobody_closed_says_so(bench: ConsoleBench, folder: RecordFolder) -> None:
    recorded(folder, "s-1", closed=False)
    page = bench.page("/sessions/s-1")
    assert "This session was interrupted: the program that recorded it ended" in page
    assert "There is no seal yet" in page


def test_the_beginning_of_an_id_leads_to_the_session(one: ConsoleBench) -> None:
    answer = one.client.get("/sessions/s-")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sessions/s-1")


def test_none_of_this_name_is_said(one: ConsoleBench) -> None:
    answer = one.client.get("/sessions/nobody")
    assert answer.status_code == 404
    assert "session &#39;nobody&#39; is not on file" in answer.text


@pytest.mark.parametrize(
    "called", ["x" * 10_000, "%00", "%3Cscript%3E", "..%2F..%2Fclinic.db", "s-1'--", "%E2%80%AE"]
)
@pytest.mark.parametrize("behind", ["", "/replay", "/verify"])
def test_what_is_no_session_is_not_found(one: ConsoleBench, called: str, behind: str) -> None:
    answer = one.client.get(f"/sessions/{called}{behind}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert one.log == []
