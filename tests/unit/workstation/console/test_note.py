"""The note's page: open fields first, every word with its source, a signature, amendments."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from controller.runtime.clock import VirtualClock
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.note.typed import typed_texts
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.notes import (
    ALL_WORDS,
    BEGAN_MS,
    DAY_MS,
    HOUR_MS,
    author,
    note_of,
    recorded,
)
from tests.support.reception import medicare_patient, open_clinic
from tests.support.standing import keep
from workstation.visit.completing import MINUTES

NOTE = "/sessions/s-1/note"
SHORT = {name: text for name, text in ALL_WORDS.items() if name not in MINUTES}
SEEN = re.compile(r'name="(seen\.[^"]+)" value="([^"]*)"')


@pytest.fixture
def bench(folder: RecordFolder) -> Iterator[ConsoleBench]:
    """A console an hour after a session; Pat Jones, PT, DPT, sits there."""
    open_clinic(folder)
    keep(folder, medicare_patient("2025-12-20"))
    recorded(folder)
    with console_bench(folder, VirtualClock(utc_origin_ms=BEGAN_MS + HOUR_MS)) as opened:
        opened.sit_down()
        yield opened


def shown(bench: ConsoleBench, path: str = NOTE) -> dict[str, str]:
    """The marks that a page has at this moment: they come back with what is posted from it."""
    return dict(SEEN.findall(bench.page(path)))


def entered(**words: str) -> dict[str, str]:
    return {f"field.{name}": text for name, text in words.items()}


def everything() -> dict[str, str]:
    """Every open field as a person types it, both minutes in one line."""
    both = " ".join(ALL_WORDS[name] for name in MINUTES)
    return entered(**SHORT, **{MINUTES[0]: both})


def signed(bench: ConsoleBench) -> None:
    fields = {**shown(bench), **everything(), "signature": "PJ", "act": "sign"}
    assert bench.post(NOTE, **fields) == NOTE


def words(bench: ConsoleBench) -> dict[str, str | None]:
    note = note_of(bench.site.folder)
    return {field.name: field.value for field in note.clinician_fields}


def refused(bench: ConsoleBench, path: str = NOTE, **fields: str) -> str:
    answer = bench.client.post(path, data=fields)
    assert answer.status_code == 422, answer.text
    return str(answer.text)


# --- reading ------------------------------------------------------------------------------------


def test_open_fields_stand_first_and_each_value_has_its_source(bench: ConsoleBench) -> None:
    page = bench.page(NOTE)
    assert page.index("Open: ") < page.index("What people said") < page.index("Order and device")
    assert "Source: order, filed by P. Jones" in page
    assert "events 1 to 3 of the session&#39;s record" in page
    assert "13.5 lbf (60.1 N)" in page, "the clinic's unit leads"
    assert 'name="field.peak_force"' not in page, "the device's numbers are no entries"
    assert 'name="field.patient_reference"' not in page
    (access,) = [each for each in accesses(bench.site.folder) if each.what == "note"]
    assert (access.by, access.session_id) == ("Pat Jones", "s-1")


def test_nothing_clinical_is_filled_in(bench: ConsoleBench) -> None:
    page = bench.page(NOTE)
    assert re.search(r'<textarea name="field\.patient_response"[^>]*></textarea>', page)
    assert not re.search(r'name="field\.tolerance" value="[^"]*" checked', page)
    assert 'value="yes" checked' not in page


def test_a_finding_stands_beside_the_field_that_it_is_about(bench: ConsoleBench) -> None:
    page = bench.page(NOTE)
    field = page[page.index('id="of-positioning"') :]
    assert "N-03" in field[: field.index('id="of-harness"')]
    assert "nobody has signed it" in page[page.index('class="signing"') :]


def test_who_has_said_no_name_is_asked_before_a_patient_s_note_is_shown(
    bench: ConsoleBench,
) -> None:
    bench.post("/person/leave")
    answer = bench.client.get(NOTE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/person?back={NOTE}")
    assert not [each for each in accesses(bench.site.folder) if each.what == "note"]


def test_a_session_that_runs_or_is_not_there_has_no_page(bench: ConsoleBench) -> None:
    recorded(bench.site.folder, "s-2", began_ms=BEGAN_MS + DAY_MS, closed=False)
    answer = bench.client.get("/sessions/s-2/note")
    assert answer.status_code == 409
    assert "the note begins when the session has ended" in answer.text
    assert bench.client.get("/sessions/s-9/note").status_code == 404
    assert bench.client.post("/sessions/s-9/note", data={"act": "keep"}).status_code == 404


def test_an_altered_record_is_said_and_not_shown(bench: ConsoleBench) -> None:
    signed(bench)
    with altering(bench.site.folder.clinic_database) as db:
        db.execute("UPDATE session_order SET order_text = replace(order_text, 'left', 'right')")
    for path in (NOTE, "/sessions/s-1/export/pdf", "/sessions/s-1/claim"):
        answer = bench.client.get(path)
        assert answer.status_code == 409
        assert "the order of session s-1" in answer.text
        assert "left arm pain" not in answer.text


# --- completing and signing ---------------------------------------------------------------------


def test_what_is_entered_is_taken_and_signed_by_a_name_in_one_post(bench: ConsoleBench) -> None:
    signed(bench)
    note = note_of(bench.site.folder)
    assert {name: note.field(name).value for name in ALL_WORDS} == ALL_WORDS
    (version,) = note.versions
    assert (version.by, version.credentials) == ("Pat Jones", "PT, DPT")
    assert "signed, Pat Jones, PT, DPT" in re.sub(r"<[^>]+>", "", bench.page(NOTE))
    assert verify_clinic(bench.site.folder).alterations == ()


def test_a_signed_note_posted_again_is_the_same_note(bench: ConsoleBench) -> None:
    fields = {**shown(bench), **everything(), "signature": "pat jones", "act": "sign"}
    assert bench.post(NOTE, **fields) == NOTE
    assert bench.post(NOTE, **fields) == NOTE
    assert len(note_of(bench.site.folder).versions) == 1
    other = {**fields, **entered(plan_next="twice a week")}
    assert "it was said after this page was drawn" in refused(bench, **other)
    assert len(note_of(bench.site.folder).versions) == 1


@pytest.mark.parametrize(
    ("signature", "words_of_refusal"),
    [("", "Nobody has signed"), ("A. Example", "not the name of who sits here"), ("n", "not the")],
)
def test_another_name_signs_nothing_and_takes_nothing(
    bench: ConsoleBench, signature: str, words_of_refusal: str
) -> None:
    fields = {**shown(bench), **everything(), "signature": signature, "act": "sign"}
    page = refused(bench, **fields)
    assert words_of_refusal in page
    assert "less arm pain after the third hold</textarea>" in page, "what was typed stands there"
    assert words(bench)["patient_response"] is None


def test_open_fields_keep_the_signature_back_by_their_labels(bench: ConsoleBench) -> None:
    fields = {**shown(bench), **everything(), "field.harness": "", "signature": "PJ", "act": "sign"}
    assert "Not signed. Open: Harness." in refused(bench, **fields)
    fields["nothing.harness"] = "yes"
    bench.post(NOTE, **fields)
    assert note_of(bench.site.folder).field("harness").not_assessed


def test_who_is_not_on_file_gives_credentials(bench: ConsoleBench) -> None:
    bench.sit_down("A. Guest")
    fields = {**shown(bench), **everything(), "signature": "a. guest", "act": "sign"}
    assert "A signature needs credentials" in refused(bench, **fields)
    bench.post(NOTE, **fields, credentials="PT")
    assert note_of(bench.site.folder).versions[-1].credentials == "PT"


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("pain_after", "12", "not a whole number from 0 to 10"),
        ("pain_after", "3,5", "not a whole number"),
        ("total_timed_minutes", "25", "not two whole numbers, as in 0 25"),
        ("patient_response", "x" * 10_000, "has 10000 characters, at most 2000"),
        ("patient_response", "\u202erewop", "U+202E"),
        ("diagnosis", "sore neck", "shape of an ICD-10-CM code"),
        ("tolerance", "fine", "is not one of tolerated"),
        ("harness", "<script>alert(1)</script>" * 100, "at most 2000"),
    ],
)
def test_what_a_field_does_not_take_is_said_beside_it_and_kept(
    bench: ConsoleBench, field: str, text: str, said: str
) -> None:
    marks = shown(bench)
    page = refused(bench, **marks, **entered(**{field: text, "plan_next": "ok"}), act="take")
    assert said in page
    assert "<script>alert" not in page
    assert words(bench)["plan_next"] is None, "all of it is taken, or nothing"
    assert typed_texts(bench.site.folder, "s-1")[field].text == text


def test_several_lines_become_one(bench: ConsoleBench) -> None:
    bench.post(NOTE, **shown(bench), **entered(plan_next="one\r\n\r\n two"), act="take")
    assert words(bench)["plan_next"] == "one two"


def test_a_tick_beside_a_text_is_refused(bench: ConsoleBench) -> None:
    fields = entered(harness="halter") | {"nothing.harness": "yes"}
    assert "leave one of them" in refused(bench, **shown(bench), **fields, act="take")


def test_of_two_tabs_the_later_one_is_told_what_was_said_meanwhile(bench: ConsoleBench) -> None:
    first = shown(bench)
    bench.post(NOTE, **first, **entered(harness="halter"), act="take")
    page = refused(bench, **first, **entered(harness="belt"), act="take")
    assert "Harness is now &#39;halter&#39;, by Pat Jones" in page
    assert words(bench)["harness"] == "halter"
    assert 'value="belt"' in page


def test_a_page_that_shows_older_words_signs_nothing(bench: ConsoleBench) -> None:
    first = shown(bench)
    bench.post(NOTE, **first, **entered(harness="halter"), act="take")
    older = {**first, **everything(), "field.harness": "halter", "signature": "PJ"}
    assert "Changed since this page was drawn: Harness" in refused(bench, **older, act="sign")


def test_a_remark_upon_a_number_of_the_device_is_a_person_s_word(bench: ConsoleBench) -> None:
    fields = {"remark_upon": "peak_force", "remark": "the belt slipped", "act": "take"}
    bench.post(NOTE, **shown(bench), **fields)
    assert words(bench)["remark.peak_force"] == "the belt slipped"
    device = {"field.peak_force": "1 N", "act": "take"}
    bench.post(NOTE, **shown(bench), **device)
    assert note_of(bench.site.folder).field("peak_force").value != "1 N"


@pytest.mark.parametrize("act", ["", "delete", "sign "])
def test_an_act_that_no_page_has_is_refused(bench: ConsoleBench, act: str) -> None:
    fields = {"act": act} if act != "sign " else {"act": "signed"}
    assert bench.client.post(NOTE, data=fields).status_code == 400


@pytest.mark.parametrize("path", ["/note/draft", "/note/sessions"])
def test_an_act_is_no_page(bench: ConsoleBench, path: str) -> None:
    assert bench.client.get(f"/sessions/s-1{path}").status_code == 405


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
