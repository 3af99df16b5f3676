"""Behind the signature: amendments, further sessions of the visit, a downtime sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from records.clinic.paper_sheets import PaperSheet, keep_sheet
from records.note.typed import typed_texts
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench
from tests.support.note_pages import (
    NOTE,
    SEEN,
    entered,
    everything,
    noted_console,
    refused,
    shown,
    signed,
    words,
)
from tests.support.notes import ALL_WORDS, BEGAN_MS, HOUR_MS, author, note_of, recorded
from workstation.visit.completing import MINUTES


@pytest.fixture
def bench(folder: RecordFolder) -> Iterator[ConsoleBench]:
    with noted_console(folder) as opened:
        yield opened


# --- amending -----------------------------------------------------------------------------------


def test_an_amendment_has_a_reason_and_a_name_and_the_older_words_stay(
    bench: ConsoleBench,
) -> None:
    signed(bench)
    fields = {**shown(bench), **everything(), "field.pain_after": "2", "act": "amend"}
    for name in MINUTES:
        fields[f"field.{name}"] = ALL_WORDS[name]
    page = refused(bench, **fields)
    assert "an amendment says why" in page
    assert "Nobody has signed" in page
    assert words(bench)["pain_after"] == "3"
    fields |= {"signature": "PJ", "reason": "slip of the pen"}
    bench.post(NOTE, **fields)
    assert words(bench)["pain_after"] == "2"
    page = bench.page(NOTE)
    assert "Version 2 by Pat Jones, PT, DPT" in page
    assert "pain_after: &#39;2&#39; (was 3)" in page
    assert typed_texts(bench.site.folder, "s-1") == {}
    bench.post(NOTE, **fields)
    assert len(note_of(bench.site.folder).versions) == 2, "posted again it is the same amendment"


def test_an_amendment_changes_something(bench: ConsoleBench) -> None:
    signed(bench)
    fields = {**shown(bench), "signature": "PJ", "reason": "no reason", "act": "amend"}
    assert "nothing to amend" in refused(bench, **fields)


def test_a_draft_is_not_amended_and_a_signed_note_is_not_completed(bench: ConsoleBench) -> None:
    fields = {**entered(harness="belt"), "signature": "PJ", "reason": "why", "act": "amend"}
    assert "is a draft; complete it instead" in refused(bench, **shown(bench), **fields)
    signed(bench)
    assert "cannot be completed" in refused(
        bench, **shown(bench), **entered(harness="other"), act="take"
    )


# --- a downtime sheet ---------------------------------------------------------------------------


def test_a_downtime_sheet_has_a_note_and_never_a_claim(bench: ConsoleBench) -> None:
    folder = bench.site.folder
    sheet = PaperSheet(
        sheet_id="paper-0123456789ab",
        reference="TEST-1",
        began_utc_ms=BEGAN_MS - HOUR_MS,
        ended_utc_ms=BEGAN_MS - HOUR_MS // 2,
        utc_offset_min=-360,
        written_by="P. Jones",
        values={"table": "Table 1", "region": "cervical", "paused": "0 min"},
        words={**ALL_WORDS, "diagnosis": "M50.120", "symptoms": "tingling in the left hand"},
    )
    keep_sheet(folder, author(folder), sheet)
    path = f"/sessions/{sheet.sheet_id}"
    page = bench.page(f"{path}/note")
    assert "What the downtime sheet says (no device recorded it)" in page
    marks = dict(SEEN.findall(page))
    bench.post(f"{path}/note", **marks, signature="PJ", act="sign")
    assert "signed, Pat Jones, PT, DPT" in re.sub(r"<[^>]+>", "", bench.page(f"{path}/note"))
    assert "T-001" in bench.page(f"{path}/claim")
    assert bench.client.get(f"{path}/export/pdf").content.startswith(b"%PDF")
    for answer in (
        bench.client.get(f"{path}/export/fhir"),
        bench.client.post(f"{path}/export/csv"),
    ):
        assert answer.status_code == 409
        assert "no device recorded it (rule T-001)" in answer.text
    refusal = refused(bench, f"{path}/note/sessions", session="s-1", act="join")
    assert "a visit without sessions" in refusal


# --- several sessions ---------------------------------------------------------------------------


def test_a_further_session_of_the_day_joins_and_parts(bench: ConsoleBench) -> None:
    folder = bench.site.folder
    recorded(folder, "s-2", began_ms=BEGAN_MS + 600_000)
    assert '<option value="s-2">' in bench.page(NOTE)
    bench.client.post("/sessions/s-2/note/draft", data=entered(harness="belt"))
    page = refused(bench, f"{NOTE}/sessions", session="s-2", act="join")
    assert "something was typed for the note of session s-2" in page
    bench.client.post("/sessions/s-2/note/draft", data=entered(harness=""))
    bench.post(f"{NOTE}/sessions", session="s-2", act="join")
    assert note_of(folder).sessions == ("s-1", "s-2")
    assert bench.client.get("/sessions/s-2/note").headers["location"] == NOTE
    bench.post(f"{NOTE}/sessions", session="s-2", act="part")
    assert note_of(folder).sessions == ("s-1",)


def test_a_signed_note_takes_a_session_in_by_name_and_reason(bench: ConsoleBench) -> None:
    recorded(bench.site.folder, "s-2", began_ms=BEGAN_MS + 600_000)
    signed(bench)
    asked = {"session": "s-2", "act": "join"}
    assert "Nobody has signed" in refused(bench, f"{NOTE}/sessions", **asked)
    assert "reason is empty" in refused(bench, f"{NOTE}/sessions", **asked, signature="PJ")
    bench.post(f"{NOTE}/sessions", **asked, signature="PJ", reason="treated again")
    assert len(note_of(bench.site.folder).versions) == 2
    assert author(bench.site.folder).by == "P. Jones"
