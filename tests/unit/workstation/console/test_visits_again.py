"""A visit through its pages beside what is on record: last time, a further session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from records.clinic.visit_sessions import visits_of
from records.clinic.visit_steps import steps_on_file
from records.evidence.reader import read_session
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.worklist import VisitState, list_visits
from simulator.table.patient import StopsDuring
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.console_visits import (
    FINDINGS,
    at_the_order,
    begin,
    fields_of,
    filed,
    identified,
    screened,
    with_dose,
)
from tests.support.held_visit import FIRST, visit_held
from tests.support.reception import (
    Left,
    Reception,
    medicare_patient,
    open_clinic,
    reception,
)
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from workstation.session.workplace import FiledSession
from workstation.visit.flow import AskedVisit, begin_visit


@pytest.fixture
def clinic(folder: RecordFolder, tmp_path: Path) -> Iterator[Reception]:
    """A clinic whose table is configured as the simulated one says that it is."""
    with reception(folder, tmp_path / "claims") as opened:
        open_clinic(folder)
        keep(folder, medicare_patient("2026-11-18"))
        opened.identifiers = replace(opened.identifiers, patient_key=lambda: "c0ffee")
        yield opened


@pytest.fixture
def returning(clinic: Reception) -> Iterator[ConsoleBench]:
    """A console two days after a first visit that was held at the terminal."""
    visit_held(clinic)
    yield from console_after(clinic, days=2)


def console_after(clinic: Reception, days: int) -> Iterator[ConsoleBench]:
    """A console over the clinic's records, some days later."""
    unit_id = read_session(clinic.folder, "session-1").head.unit_id
    keep(clinic.folder, example("unit", unit_id=unit_id), made_from=1)
    clinic.clock.sleep_until(clinic.clock.now_s() + days * 86_400)
    with console_bench(clinic.folder, clinic.clock) as bench:
        bench.sit_down()
        yield bench


def test_as_last_time_stands_beside_what_was_delivered(returning: ConsoleBench) -> None:
    visit = begin(returning)
    identified(returning, visit)
    page = returning.page(f"{visit}/dose")
    for words in (
        "As last time (2026-11-24)",
        "mean hold",
        "completed",
        "tolerated",
        "hold force</dt><dd>13.5 lbf (60.0 N)",
    ):
        assert words in page
    assert "Today&#39;s hold force" not in page
    with_dose(returning, visit, "last")
    screened(returning, visit)
    page = returning.page(f"{visit}/order")
    form = fields_of(page)
    assert form["hold_force"] == "60 N"
    assert form["symptoms"] == form["pain_before"] == form["positioning"] == ""
    assert "as on 2026-11-24: supine, knees supported" in page
    assert "same_positioning" not in form


def test_after_a_patient_s_stop_the_force_is_given_and_has_a_reason(clinic: Reception) -> None:
    clinic.on_the_table = lambda: StopsDuring(1, after_s=30.0)
    begin_visit(clinic.desk(FIRST), AskedVisit(reference="TEST-1"))
    for bench in console_after(clinic, days=2):
        visit = begin(bench)
        identified(bench, visit)
        page = bench.page(f"{visit}/dose")
        assert "Last time the patient pressed stop" in page
        assert ">As last time</button>" not in page
        for force in ("", "60", "a lot"):
            answer = bench.client.post(f"{visit}/dose", data={"basis": "last", "hold_force": force})
            assert answer.status_code == 422
        with_dose(bench, visit, "last", hold_force="60 N")
        screened(bench, visit)
        form = {**fields_of(bench.page(f"{visit}/order")), **FINDINGS}
        answer = bench.client.post(f"{visit}/order/start", data=form)
        assert answer.status_code == 422
        assert "is not lower than last time; say why" in answer.text
        form = {**fields_of(answer.text), "force_reason": "the cramp was not the pull"}
        assert bench.post(f"{visit}/order/start", **form) == "/units/Table%201"
        newest = steps_on_file(bench.site.folder).steps[-1]
        assert newest.said[1] == ("reason", "the cramp was not the pull")


def started(bench: ConsoleBench, visit: str, **changes: str) -> FiledSession:
    """The order of a visit is filed."""
    form = {**fields_of(bench.page(f"{visit}/order")), **FINDINGS, **changes}
    bench.post(f"{visit}/order/start", **form)
    return filed(bench)


def address_of(bench: ConsoleBench) -> str:
    (unit,) = read_standing(bench.site.folder).units
    return unit.record.address


def test_a_session_of_the_pages_has_the_words_that_were_said_before(
    clinic: Reception, returning: ConsoleBench
) -> None:
    visit = at_the_order(returning)
    session = started(returning, visit)
    clinic.treat_filed(session, address_of(returning))
    note = load_visit(clinic.folder, session.session_id, SETTINGS).note
    assert note.field("pain_before").value == "6"
    assert note.field("performed_by").value == "Pat Jones, PT, DPT"
    assert note.field("symptoms").value == FINDINGS["symptoms"]
    assert note.field("patient_identified").value == "name and date of birth compared"
    assert (
        returning.client.get(f"/sessions/{session.session_id}/visit").headers["location"] == visit
    )
    page = returning.page(visit)
    assert "completed" in page
    assert f"/sessions/{session.session_id}/note" in page
    assert "Treat again" not in page
    for step in ("identify", "dose", "screen", "order"):
        assert returning.client.get(f"{visit}/{step}").headers["location"] == visit


def test_a_visit_that_ended_early_is_treated_again_and_is_one_note(
    clinic: Reception, returning: ConsoleBench
) -> None:
    visit = at_the_order(returning)
    clinic.on_the_table = lambda: StopsDuring(1, after_s=30.0)
    first = started(returning, visit)
    clinic.treat_filed(first, address_of(returning))
    clinic.on_the_table = Reception.on_the_table
    assert "Treat again in this visit" in returning.page(visit)
    assert returning.post(f"{visit}/again") == f"{visit}/dose"
    assert returning.post(f"{visit}/again") == f"{visit}/dose"
    assert "Last time the patient pressed stop" in returning.page(f"{visit}/dose")
    with_dose(returning, visit, "last", hold_force="50 N")
    page = returning.page(f"{visit}/order")
    assert fields_of(page)["symptoms"] == ""
    second = started(returning, visit)
    clinic.treat_filed(second, address_of(returning))
    assert f"The note does not have {second.session_id} yet" in returning.page(visit)
    returning.post(f"{visit}/join")
    returning.post(f"{visit}/join")
    together = visits_of(clinic.folder).sessions_with(first.session_id)
    assert together == (first.session_id, second.session_id)
    assert "does not have" not in returning.page(visit)


def test_a_completed_visit_is_not_treated_again(clinic: Reception, returning: ConsoleBench) -> None:
    visit = at_the_order(returning)
    clinic.treat_filed(started(returning, visit), address_of(returning))
    answer = returning.client.post(f"{visit}/again")
    assert answer.status_code == 409
    assert "a further session is possible only in a visit that ended early" in answer.text


def test_a_session_that_never_began_leaves_the_visit_waiting(returning: ConsoleBench) -> None:
    visit = at_the_order(returning)
    started(returning, visit)
    settings = returning.site.words.settings
    day = settings.day_at(returning.clock.utc_ms())
    listed = list_visits(returning.site.folder, settings, settings.day_at, (day, day))
    assert [each.state for each in listed] == [VisitState.BEGUN]
    assert returning.client.get(visit).headers["location"] == f"{visit}/order"


def test_a_visit_that_was_left_at_the_terminal_goes_on_here(clinic: Reception) -> None:
    desk = clinic.desk(FIRST, kill_at="changes")
    with pytest.raises(Left):
        begin_visit(desk, AskedVisit(reference="TEST-1"))
    (visit_id,) = steps_on_file(clinic.folder).by_visit()
    with console_bench(clinic.folder, clinic.clock) as bench:
        bench.sit_down()
        assert bench.client.get(f"/visits/{visit_id}").headers["location"].endswith("/dose")
        with_dose(bench, f"/visits/{visit_id}")
        location = bench.client.get(f"/visits/{visit_id}").headers["location"]
    assert location == f"/visits/{visit_id}/order", "patient and screen were done there"
