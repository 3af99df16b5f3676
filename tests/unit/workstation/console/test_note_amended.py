"""Behind the signature: amendments, further sessions of the visit, a downtime sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from records.clinic.paper_sheets import PaperSheet, keep_sheet
from records.keeping.retention import RemovalConfirmation, RetentionRule, apply_retention
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
    assert "an amendment needs one" in page
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


def test_posts_of_before_an_amendment_change_nothing_when_they_come_again(
    bench: ConsoleBench,
) -> None:
    """A browser that was closed sends its newest page once more; another one has amended since."""
    signing = {**shown(bench), **everything(), "signature": "PJ", "act": "sign"}
    bench.post(NOTE, **signing)
    page = shown(bench)
    amending = {"signature": "PJ", "act": "amend"}
    first = {**page, **entered(pain_after="2"), "remark_upon": "peak_force", "remark": "slipped"}
    bench.post(NOTE, **first, **amending, reason="first")
    second = {**shown(bench), **entered(pain_after="1"), **amending, "reason": "second"}
    bench.post(NOTE, **second)
    before = words(bench)
    for again in ({**first, **amending, "reason": "first"}, signing):
        assert "made after the page was loaded" in refused(bench, **again)
    assert words(bench) == before
    assert len(note_of(bench.site.folder).versions) == 3


def day_of(utc_ms: int) -> date:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).date()


def test_the_page_of_a_session_that_was_removed_takes_nothing(bench: ConsoleBench) -> None:
    signed(bench)
    page, folder = shown(bench), bench.site.folder
    day = day_of(BEGAN_MS)
    rule = RetentionRule(years=1, today=day.replace(year=day.year + 2), day_of=day_of)
    said = RemovalConfirmation(today=rule.today)
    assert apply_retention(folder, rule, author(folder), said=said).removed == ("s-1",)
    for act in ("take", "amend", "sign", "keep"):
        posted = {**page, **entered(pain_after="2"), "signature": "PJ", "reason": "why", "act": act}
        answer = bench.client.post(NOTE, data=posted)
        assert answer.status_code == 404, act
        assert "the content of session s-1 was removed" in answer.text
    assert typed_texts(folder, "s-1") == {}


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
