"""The note on paper: whole, on as many pages as it needs, and its numbers are those of the log."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.events import Outcome
from records.exports.note.pdf import note_pdf
from records.exports.note.text import note_text
from records.exports.paper.fonts import NOTICE
from records.note.as_read import note_as_read
from records.note.treatment_note import draft_note
from records.visit.face import face_of
from records.visit.visit import Visit
from tests.support.claims import made_claim
from tests.support.documents import SEAL, SESSION_ID, made_visit
from tests.support.pdfs import TEXTS, fonts_of, pages_of, solid, text_of

VISIT = made_visit()
TWO_MEGABYTES = 2_000_000
NAME = "Nguy\u1ec5n \u0141ukasz \u041e\u043b\u044c\u0433\u0430 \u03a3\u03c4\u03ad\u03c6 " * 16


def with_words(visit: Visit, *words: str) -> Visit:
    """The visit with the clinician's fields of its note filled in turn."""
    fields = tuple(
        replace(field, value=words[number % len(words)])
        for number, field in enumerate(visit.note.clinician_fields)
    )
    return replace(visit, note=replace(visit.note, clinician_fields=fields))


def of_patient(visit: Visit, reference: str) -> Visit:
    """The visit with another reference of its patient."""
    fields = tuple(
        replace(field, value=reference) if field.name == "patient_reference" else field
        for field in visit.note.clinician_fields
    )
    return replace(visit, note=replace(visit.note, clinician_fields=fields))


def test_an_ordinary_note_is_one_small_page_with_all_its_parts() -> None:
    pdf = note_pdf(VISIT)
    (page,) = pages_of(pdf)
    assert tuple(map(float, page.mediabox[2:])) == (612.0, 792.0)
    assert len(pdf) < TWO_MEGABYTES
    text = text_of(pdf)
    for part in (
        "Recorded by the device",
        "Written by the clinician",
        "draft, not signed",
        SESSION_ID,
        SEAL.hex(),
        "Signature and credentials",
        "Date and time",
        "minutes since traction began",
        "lbf",
        "Made by an engineering system that is not a cleared medical device.",
        "page 1 of 1",
    ):
        assert part in text


def test_every_value_of_the_device_stands_on_the_page_and_in_the_text() -> None:
    text = text_of(note_pdf(VISIT))
    plain = note_text(VISIT)
    for field in note_as_read(VISIT.note).device_fields:
        assert field.value is not None
        assert field.value in text
        assert field.value in plain


def test_the_same_note_gives_the_same_bytes() -> None:
    assert note_pdf(VISIT) == note_pdf(VISIT)


def test_open_fields_are_visibly_open() -> None:
    text = text_of(note_pdf(VISIT))
    assert text.count("[to be completed by the clinician]") == len(VISIT.note.open_fields) > 0


def test_stops_are_marked_on_the_plot_and_numbered_as_in_their_fields() -> None:
    visit = made_visit(stops_ms=(200_000, 400_000, 410_000), outcome=Outcome.STOPPED)
    text = text_of(note_pdf(visit))
    assert "STOP 1" in text
    assert "STOP 2-3" in text
    assert "Stop 3" in text
    alone = text_of(note_pdf(made_visit(stops_ms=(200_000,), outcome=Outcome.STOPPED)))
    assert "STOP" in alone
    assert "STOP 1" not in alone


def test_a_long_treatment_is_drawn_in_parts_as_well() -> None:
    pages = pages_of(note_pdf(made_visit(minutes=50, stops_ms=(40 * 60_000,))))
    text = " ".join(page.extract_text() for page in pages)
    for first, last in ((0, 15), (15, 30), (30, 45), (45, 51)):
        assert f"Force from minute {first} to {last}" in text
    assert text.count("STOP") == 2  # over all, and in the third part
    assert text.count("minutes since traction began") == 5
    assert "Force from minute" not in text_of(note_pdf(made_visit(minutes=15)))


def test_errors_and_alerts_stand_on_the_face_all_of_them() -> None:
    errors = tuple(f"T-{n:03}: do {n}." for n in range(30))
    text = text_of(note_pdf(replace(VISIT, face=replace(VISIT.face, errors=errors))))
    assert "NOT READY: 30 errors found by the rules" in text
    for line in (*errors, *VISIT.face.alerts):
        assert line in text


def test_a_session_without_force_says_so() -> None:
    record = replace(VISIT.record, samples=VISIT.record.samples[:0])
    note = draft_note(record, VISIT.order)
    visit = replace(VISIT, record=record, note=note, face=face_of(note))
    assert "No force was recorded." in text_of(note_pdf(visit))


# --- pages ------------------------------------------------------------------------------------


def test_a_note_of_three_pages_says_on_each_whose_it_is() -> None:
    visit = with_words(made_visit(context=made_claim(1)), "pain " * 190, "short")
    visit = of_patient(visit, "MRN-0001")
    pages = pages_of(note_pdf(visit))
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        text = " ".join(page.extract_text().split())
        assert f"Patient {visit.patient_reference} \u00b7 Session {SESSION_ID}" in text
        assert "draft, not signed" in text
        assert SEAL.hex() in text
        assert f"page {number} of 3" in text
    assert "Written by the clinician, continued" in pages[2].extract_text()


def test_the_signature_never_stands_alone_on_a_page() -> None:
    for number in range(40):
        errors = tuple(f"T-{n:03}: do {n}." for n in range(number))
        pages = pages_of(note_pdf(replace(VISIT, face=replace(VISIT.face, errors=errors))))
        last = pages[-1].extract_text()
        assert "Signature and credentials" in last
        assert "Written by the clinician" in last


def test_an_altered_record_is_marked_on_every_page() -> None:
    visit = with_words(replace(VISIT, altered="ALTERED: not as sealed"), "pain " * 300)
    pages = pages_of(note_pdf(visit))
    assert len(pages) > 2
    assert all("ALTERED: not as sealed" in page.extract_text() for page in pages)


def test_many_amendments_stand_in_full() -> None:
    lines = tuple(f"Version {n} by P. Jones, PT: symptoms ({'why ' * 40}{n})" for n in range(60))
    face = replace(VISIT.face, amendments=lines, status="amended, version 60")
    text = text_of(note_pdf(replace(VISIT, face=face)))
    for line in lines:
        assert line in text


def test_names_of_four_hundred_characters_stand_in_full() -> None:
    claim = made_claim(1, patient_ref=NAME[:300].strip())
    visit = made_visit(context=claim)
    visit = with_words(visit, NAME)
    signed = replace(visit.face, signer=NAME, signed_at="2026-11-24 10:41:00-06:00")
    pages = pages_of(note_pdf(replace(visit, face=signed)))
    for page in pages:
        assert solid(f"Patient {NAME[:300].strip()}") in solid(page.extract_text())
    assert solid("".join(page.extract_text() for page in pages)).count(solid(NAME)) > 10


@settings(max_examples=20, deadline=None)
@given(words=st.lists(TEXTS.filter(str.strip), min_size=1, max_size=4))
def test_every_character_of_every_field_is_on_the_pages(words: list[str]) -> None:
    visit = with_words(VISIT, *words)
    pages = pages_of(note_pdf(visit))
    found = Counter(solid("".join(page.extract_text() for page in pages)))
    given_ = Counter(solid("".join(field.value or "" for field in visit.note.clinician_fields)))
    assert given_ <= found
    for number, page in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in page.extract_text()
        assert all("/FontFile2" in f["/FontDescriptor"] for f in fonts_of(page).values())  # type: ignore[operator]


@pytest.mark.parametrize("reference", ["\u5f20" * 2000, "w" * 2000, ""])
def test_nothing_that_an_order_may_hold_is_too_large_for_a_page(reference: str) -> None:
    face = replace(VISIT.face, signer="\u5f20" * 400, errors=("\u5f20" * 4000,))
    pages = pages_of(note_pdf(replace(of_patient(VISIT, reference), face=face)))
    assert all(f"of {len(pages)}" in page.extract_text() for page in pages)
    said = sum(page.extract_text().count("U+5F20") for page in pages)
    assert said == 4400 + reference.count("\u5f20") * (len(pages) + 1)  # each head, and the field


def test_a_character_outside_every_font_is_its_code_point_with_a_word_about_it() -> None:
    text = text_of(note_pdf(with_words(VISIT, "\u5f20\u4f1f, \u0141ukasz")))
    assert "U+5F20 U+4F1F , \u0141ukasz" in text
    assert NOTICE in text
    assert "?" not in text
    assert NOTICE not in text_of(note_pdf(VISIT))


# --- who --------------------------------------------------------------------------------------


def test_what_the_claim_knows_of_patient_and_practice_stands_below_the_title() -> None:
    parties = {
        "patient": {"last_name": "Doe", "first_name": "Jane", "birth_date": "1960-02-03"},
        "billing": {
            "last_name": "Spine Practice",
            "npi": "1234567893",
            "address": {"line_1": "1 Main St", "city": "Town", "state": "IL", "zip": "62701"},
        },
        "rendering": {
            "last_name": "Jones",
            "first_name": "Pat",
            "credentials": "PT, DPT",
            "npi": "1003000126",
        },
    }
    text = text_of(note_pdf(made_visit(context=made_claim(1, **parties, service_facility=None))))
    assert "Patient Jane Doe, born 1960-02-03" in text
    assert "Clinic Example Spine Clinic" in text
    assert "Billed by Spine Practice, 1 Main St, Town IL 62701, NPI 1234567893" in text
    assert "Treated by Pat Jones, PT, DPT, NPI 1003000126" in text
    assert "Treated at" not in text


def test_what_nobody_said_of_the_parties_is_left_out() -> None:
    text = text_of(note_pdf(replace(VISIT, clinic="")))
    for label in ("Clinic ", "Billed by", "Treated by", "NPI"):
        assert label not in text
