"""What is read and written behind the live pages: facts of a session, its chart, audit rows."""

from __future__ import annotations

import pytest

from controller.snapshot import Doing
from records.clinic.audit import Access, accesses
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.clinic_file import clinic_writing
from tests.support.console_bench import ConsoleBench
from tests.support.sessions import SETTINGS
from tests.support.station_console import ORDER
from tests.support.unit_stages import HOLDING
from workstation.session.filing import file_for_table
from workstation.session.identifiers import random_identifiers
from workstation.session.workplace import FiledSession, Workplace

PAGE = "/units/Table%201"


@pytest.fixture
def filed(bench: ConsoleBench) -> FiledSession:
    """An order on file, whose session runs on Table 1."""
    site = bench.site
    filed = file_for_table(
        Workplace(folder=site.folder, settings=SETTINGS, clock=site.clock),
        PlannedOrder.of(parse_order(ORDER, "test")),
        "Table 1",
        author=site.author("Pat Jones"),
        identifiers=random_identifiers(),
    )
    bench.links["Table 1"].show(**{**HOLDING, "session_id": filed.session_id})
    return filed


def views(bench: ConsoleBench) -> list[Access]:
    return [each for each in accesses(bench.site.folder) if each.what == "live view"]


def test_patient_and_order_are_read_behind_the_page(
    bench: ConsoleBench, filed: FiledSession
) -> None:
    bench.site.reader.look()
    facts = bench.site.units["Table 1"].open_facts
    assert facts is not None
    assert facts.reference == "TEST-1"
    assert facts.initials == "J.D."
    assert facts.opened_by == "Pat Jones"
    assert facts.order.hold_force_n == 30.0


def test_facts_of_another_session_are_nobody_s(bench: ConsoleBench, filed: FiledSession) -> None:
    bench.site.reader.look()
    bench.links["Table 1"].show(session_id="another")
    assert bench.site.units["Table 1"].open_facts is None
    bench.site.reader.look()
    assert bench.site.units["Table 1"].open_facts is None
    bench.links["Table 1"].show(doing=Doing.IDLE, session_id="")
    assert bench.site.units["Table 1"].open_facts is None


def test_who_looks_stands_in_the_audit_once(bench: ConsoleBench, filed: FiledSession) -> None:
    bench.site.reader.look()
    bench.page(PAGE)
    bench.sit_down()
    for _ in range(3):
        bench.page(PAGE)
        bench.site.reader.look()
    assert [(each.by, each.session_id) for each in views(bench)] == [
        ("nobody named", filed.session_id),
        ("Pat Jones", filed.session_id),
    ]
    assert {each.patient_key for each in views(bench)} == {filed.patient_key}


def test_a_locked_database_delays_no_page_and_the_row_follows(
    bench: ConsoleBench, filed: FiledSession
) -> None:
    bench.site.reader.look()
    bench.sit_down()
    with clinic_writing(bench.site.folder):
        page = bench.page(PAGE)
        assert "22.7 lbf" in page
        assert "TEST-1" in page
    bench.site.reader.look()
    assert [each.by for each in views(bench)] == ["Pat Jones"]


def test_before_anything_could_be_read_the_page_shows_table_and_figures(
    bench: ConsoleBench, filed: FiledSession
) -> None:
    bench.site.folder.clinic_database.rename(bench.site.folder.path / "away")
    bench.site.reader.look()
    page = bench.page(PAGE)
    assert "The order of this session is being read." in page
    assert "22.7 lbf" in page
    (bench.site.folder.path / "away").rename(bench.site.folder.clinic_database)
    bench.site.reader.look()
    assert "TEST-1" in bench.page(PAGE)
