"""What is typed for a note is kept, shown to whoever comes, and no word of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from controller.errors import JournalUnavailable
from records.clinic.visit_steps import StepKind, VisitBegun, VisitStep
from records.note.typed import typed_texts
from records.store.record_folder import RecordFolder
from records.visit.prepared import keep_prepared, prepared_texts
from tests.support.console_bench import ConsoleBench
from tests.support.note_pages import (
    NOTE,
    entered,
    everything,
    noted_console,
    refused,
    shown,
    signed,
    words,
)
from tests.support.notes import ALL_WORDS, BEGAN_MS, author, recorded
from workstation.console import note_desks


@pytest.fixture
def bench(folder: RecordFolder) -> Iterator[ConsoleBench]:
    with noted_console(folder) as opened:
        yield opened


# --- what is typed ------------------------------------------------------------------------------


def test_what_is_typed_is_kept_and_shown_and_is_no_word_of_the_note(bench: ConsoleBench) -> None:
    answer = bench.client.post(f"{NOTE}/draft", data=entered(plan_next="twice a"))
    assert answer.json() == {"kept": "19:00:00 CST"}
    assert words(bench)["plan_next"] is None
    bench.sit_down("A. Example")
    page = bench.page(NOTE)
    assert re.search(r'<textarea name="field\.plan_next"[^>]*>twice a</textarea>', page)
    assert "typed by Pat Jones, 2025-12-31 19:00:00 CST, not in the note yet" in page


def test_what_is_typed_leaves_with_the_word_that_is_said(bench: ConsoleBench) -> None:
    bench.client.post(f"{NOTE}/draft", data=entered(plan_next="twice a", harness="belt"))
    bench.post(NOTE, **shown(bench), **entered(plan_next="twice a week"), act="take")
    assert {*typed_texts(bench.site.folder, "s-1")} == {"harness"}
    signed(bench)
    assert typed_texts(bench.site.folder, "s-1") == {}


def test_who_is_signed_out_loses_nothing_and_says_nothing(bench: ConsoleBench) -> None:
    fields = {**shown(bench), **everything(), "signature": "PJ", "act": "sign"}
    bench.post("/person/leave")
    assert bench.post(NOTE, **fields) == f"/person?back={NOTE}"
    assert words(bench)["plan_next"] is None
    assert typed_texts(bench.site.folder, "s-1")["plan_next"].text == ALL_WORDS["plan_next"]
    bench.sit_down()
    assert f">{ALL_WORDS['plan_next']}</textarea>" in bench.page(NOTE)


def test_a_page_that_nobody_touched_takes_no_text_of_another_away(bench: ConsoleBench) -> None:
    older = shown(bench)
    bench.client.post(f"{NOTE}/draft", data=entered(plan_next="twice a week"))
    bench.post(NOTE, **older, **entered(plan_next="", harness="belt"), act="keep")
    kept = {name: each.text for name, each in typed_texts(bench.site.folder, "s-1").items()}
    assert kept == {"plan_next": "twice a week", "harness": "belt"}


def test_a_text_that_is_cleared_is_gone(bench: ConsoleBench) -> None:
    bench.client.post(f"{NOTE}/draft", data=entered(plan_next="twice"))
    bench.post(NOTE, **shown(bench), **entered(plan_next=""), act="keep")
    assert typed_texts(bench.site.folder, "s-1") == {}


def test_no_word_that_is_typed_reaches_the_log(bench: ConsoleBench) -> None:
    bench.client.post(f"{NOTE}/draft", data=entered(plan_next="secret plan"))
    refused(bench, **shown(bench), **entered(pain_after="secret"), act="take")
    assert "secret" not in "".join(bench.log)


def test_what_was_typed_before_the_session_waits_in_its_note(bench: ConsoleBench) -> None:
    """A visit at a terminal that ended with its session; the rest of it is of its own pages."""
    folder, began_ms = bench.site.folder, BEGAN_MS + 600_000
    step = VisitStep(
        visit="visit-0",
        reference="TEST-1",
        kind=StepKind.IDENTIFIED,
        said=(("name", "yes"),),
        by="P. Jones",
        user="desk",
        at_utc_ms=began_ms,
    )
    texts = {"pain_before": "6", "further": "1"}
    keep_prepared(folder, "visit-0", texts, author(folder, at_ms=began_ms))
    recorded(folder, "s-2", began_ms=began_ms, begun=VisitBegun(visit="visit-0", steps=(step,)))
    page = bench.page("/sessions/s-2/note")
    assert re.search(r'name="field\.pain_before" value="6"', page)
    assert "typed by P. Jones, 2025-12-31 18:10:00 CST, not in the note yet" in page
    bench.client.post("/sessions/s-2/note/draft", data=entered(harness="belt"))
    assert {*typed_texts(folder, "s-2")} == {"pain_before", "harness"}
    assert prepared_texts(folder, "visit-0") == {"further": "1"}


def test_what_could_not_be_kept_stays_on_the_page(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {**shown(bench), **entered(plan_next="twice a week"), "act": "take"}

    def full(*_: object) -> None:
        raise JournalUnavailable("clinic.db cannot be written (disk full)")

    monkeypatch.setattr(note_desks, "keep_typed", full)
    answer = bench.client.post(NOTE, data=fields)
    assert answer.status_code == 409
    assert "disk full" in answer.text
    assert 'value="twice a week"' in answer.text
    assert bench.client.post(f"{NOTE}/draft", data=fields).status_code == 409
