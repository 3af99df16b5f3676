"""The note's page: open fields first, every word with its source, and a signature."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.note.treatment_note import TreatmentNote
from records.note.typed import typed_texts
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
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
from tests.support.notes import ALL_WORDS, BEGAN_MS, DAY_MS, note_of, recorded
from workstation.visit.note_desk import NoteDesk


@pytest.fixture
def bench(folder: RecordFolder) -> Iterator[ConsoleBench]:
    with noted_console(folder) as opened:
        yield opened


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
    minutes = page[page.index('id="of-total_timed_minutes"') :]
    assert "not judged: total_treatment_minutes is missing" in minutes
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
    assert "this entry was made after the page was loaded" in refused(bench, **other)
    assert len(note_of(bench.site.folder).versions) == 1


@pytest.mark.parametrize(
    ("signature", "words_of_refusal"),
    [
        ("", "Nobody has signed"),
        ("A. Example", "not the name of the person who sits here"),
        ("n", "not the"),
    ],
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
    assert "keep one of them" in refused(bench, **shown(bench), **fields, act="take")


@pytest.mark.parametrize(
    ("ticks", "said"),
    [
        ({"nothing.peak_force": "yes"}, "is not a field with a tick"),
        ({"confirm.nobody": "yes"}, "is not a field with a tick"),
        ({"confirm.harness": "yes"}, "The last visit has no entry for it"),
        ({"confirm.harness": "yes", "nothing.harness": "yes"}, "two ticks"),
    ],
)
def test_a_tick_that_no_page_has_is_refused(
    bench: ConsoleBench, ticks: dict[str, str], said: str
) -> None:
    fields = {**shown(bench), **entered(plan_next="ok"), **ticks}
    assert said in refused(bench, **fields, act="take")
    assert words(bench)["plan_next"] is None


def test_ticks_that_are_posted_twice_are_taken_once(bench: ConsoleBench) -> None:
    fields = {**shown(bench), "nothing.harness": "yes", "act": "take"}
    for _ in range(2):
        bench.post(NOTE, **fields)
    written = [each for each in accesses(bench.site.folder) if each.what == "not assessed"]
    assert len(written) == 1


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


def test_what_another_one_says_while_a_post_is_taken_is_not_signed_unseen(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.post(NOTE, **shown(bench), **entered(harness="halter"), act="take")
    folder, completed = bench.site.folder, NoteDesk.complete

    def complete(
        desk: NoteDesk, values: dict[str, str], asked_of: TreatmentNote | None = None
    ) -> None:
        completed(desk, values, asked_of)
        other = NoteDesk((desk.settings, desk.folder), "s-1", "Ann Other")
        completed(other, {"harness": "belt"})

    monkeypatch.setattr(NoteDesk, "complete", complete)
    fields = {**shown(bench), **everything(), "field.harness": "halter", "signature": "PJ"}
    assert "Changed since this page was drawn: Harness" in refused(bench, **fields, act="sign")
    assert note_of(folder).versions == ()
    assert words(bench)["harness"] == "belt"


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
