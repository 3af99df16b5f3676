"""From the order to the checks: one session for one form, and nothing is lost by a refusal."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest

from controller.snapshot import Doing
from records.clinic.audit import accesses
from records.clinic.visit_steps import steps_on_file
from records.store.clinic_file import clinic_reading
from records.store.database import rows
from tests.support.console_bench import ConsoleBench
from tests.support.console_visits import FINDINGS, fields_of, filed, sent
from workstation.session.filing import read_filed
from workstation.station.messages import Followed, RequestOutcome


def test_the_session_is_filed_with_its_order_and_the_steps_of_the_visit(
    bench: ConsoleBench, order: str
) -> None:
    assert sent(bench, order).headers["location"] == "/units/Table%201"
    planned, begun = read_filed(bench.site.workplace(), filed(bench))
    assert planned.order.symptoms == FINDINGS["symptoms"]
    assert begun is not None
    kinds = [step.kind.value for step in begun.steps]
    assert kinds == ["patient identified", "contraindications screened"]
    assert {step.by for step in begun.steps} == {"Pat Jones"}


def test_words_of_before_stand_in_the_draft_of_the_note(bench: ConsoleBench, order: str) -> None:
    sent(bench, order)
    with clinic_reading(bench.site.folder) as db:
        found = rows(
            db,
            "SELECT name, value FROM draft_word WHERE session_id = ? ORDER BY name",
            (filed(bench).session_id,),
        )
    assert found == [("pain_before", "6"), ("performed_by", "Pat Jones, PT, DPT")]


def test_the_same_form_sent_twice_asks_for_one_session(bench: ConsoleBench, order: str) -> None:
    form = {**fields_of(bench.page(f"{order}/order")), **FINDINGS}
    for _ in range(3):
        assert bench.post(f"{order}/order/start", **form) == "/units/Table%201"
    assert len(bench.links["Table 1"].asked) == 1
    (sessions,) = steps_on_file(bench.site.folder).sessions.values()
    assert len(sessions) == 1


def test_who_came_second_reads_who_prepares_the_table(bench: ConsoleBench, order: str) -> None:
    told = "A. Example has been preparing Table 1 since 14:01."
    link = bench.links["Table 1"]
    link.follows = RequestOutcome(
        id="-", result=Followed.REFUSED, reason=told, utc_ms=0, force_n=None
    )
    answer = sent(bench, order)
    assert answer.status_code == 409
    assert told in answer.text
    assert fields_of(answer.text)["symptoms"] == FINDINGS["symptoms"]
    page = bench.page(f"{order}/order")
    assert f"The order {filed(bench).session_id} was filed and no session followed" in page
    assert fields_of(page)["symptoms"] == FINDINGS["symptoms"]
    link.show(session_id=filed(bench).session_id, doing=Doing.SESSION)
    assert "no session followed" not in bench.page(f"{order}/order")
    link.show(session_id="", doing=Doing.IDLE)
    link.follows = Followed.FOLLOWED
    again = fields_of(answer.text)
    assert bench.post(f"{order}/order/start", **again) == "/units/Table%201"


def test_a_table_that_is_not_heard_is_not_asked(bench: ConsoleBench, order: str) -> None:
    bench.links["Table 1"].is_answering = False
    answer = sent(bench, order)
    assert answer.status_code == 409
    assert "no program answers for Table 1" in answer.text
    assert bench.links["Table 1"].asked == []
    assert steps_on_file(bench.site.folder).sessions == {}


def test_an_answer_that_does_not_come_leads_to_the_table_all_the_same(
    bench: ConsoleBench, order: str
) -> None:
    bench.links["Table 1"].follows = None
    assert sent(bench, order).headers["location"] == "/units/Table%201"


def test_a_form_without_a_number_is_not_filed(bench: ConsoleBench, order: str) -> None:
    answer = sent(bench, order, request="")
    assert answer.status_code == 409
    assert "no number of its own" in answer.text


@pytest.mark.parametrize("path", ["order/start", "order/check", "identify", "screen", "dose"])
def test_another_site_does_nothing(bench: ConsoleBench, order: str, path: str) -> None:
    answer = bench.client.post(
        f"{order}/{path}", data={"way": "another"}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["order/start", "order/check", "again", "join"])
def test_reading_is_no_act(bench: ConsoleBench, order: str, path: str) -> None:
    assert bench.client.get(f"{order}/{path}").status_code == 405


def test_every_page_of_a_patient_has_its_row(bench: ConsoleBench, order: str) -> None:
    before = len([*accesses(bench.site.folder)])
    bench.page(f"{order}/order")
    rows_kept = [*accesses(bench.site.folder)]
    assert len(rows_kept) == before + 1
    newest = max(rows_kept, key=lambda each: each.at_utc_ms)
    assert newest.fields == ("patient TEST-1",)


# --- what an act could not take -----------------------------------------------------------------


@contextmanager
def written_elsewhere(database: Path) -> Iterator[None]:
    """Another program holds the file for longer than anybody waits."""
    somebody = sqlite3.connect(database, isolation_level=None)
    somebody.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        somebody.execute("ROLLBACK")
        somebody.close()


def test_what_could_not_be_kept_stays_on_the_page_and_can_be_sent_again(
    bench: ConsoleBench, order: str
) -> None:
    form = {**fields_of(bench.page(f"{order}/order")), **FINDINGS, "symptoms": 'left "arm" <pain>'}
    with written_elsewhere(bench.site.folder.clinic_database):
        answer = bench.client.post(f"{order}/order/start", data=form)
    assert answer.status_code == 409
    assert "it is kept on this page" in answer.text
    assert bench.links["Table 1"].asked == []
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text))
    again = {name: unescape(value) for name, value in kept.items()}
    assert again == form
    assert bench.post(f"{order}/order/start", **again) == "/units/Table%201"
    planned, _ = read_filed(bench.site.workplace(), filed(bench))
    assert planned.order.symptoms == 'left "arm" <pain>'
