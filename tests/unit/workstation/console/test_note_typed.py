"""What is typed for a note is kept, shown to whoever comes, and no word of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from records.note.typed import typed_texts
from records.store.record_folder import RecordFolder
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
from tests.support.notes import ALL_WORDS


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
    assert "typed by Pat Jones, 2025-12-31 19:00:00-06:00, not in the note yet" in page


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
