"""The note on paper: one page, nothing overlaps, and its numbers are those of the log."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from controller.events import Outcome
from records.exports.note.layout import MORE, NotePage, lay_out_note
from records.exports.note.pdf import note_pdf
from records.exports.note.plot_data import PlotData, plot_data
from records.exports.note.text import note_text
from records.exports.paper.page import BOTTOM, LEFT, RIGHT, TOP, Page, drawable
from records.note.delivered_dose import RecordedStop
from records.note.treatment_note import TreatmentNote, draft_note
from records.visit.face import Face, face_of
from tests.support.documents import SEAL, SESSION_ID, made_order, made_record

ORDER = made_order()
RECORD = made_record(ORDER)
NOTE = draft_note(RECORD, ORDER)
PLOT = plot_data(RECORD.samples)
TWO_MEGABYTES = 2_000_000
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=600
).filter(str.strip)


def text_of(pdf: bytes) -> str:
    """What a reader finds in the file, with single blanks."""
    return " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())


def with_words(note: TreatmentNote, words: list[str], stops: int = 0) -> TreatmentNote:
    """The note with its clinician's fields filled in turn and with some stops."""
    fields = tuple(
        replace(field, value=words[number % len(words)])
        for number, field in enumerate(note.clinician_fields)
    )
    marks = tuple(
        RecordedStop(
            at_ms=9_000 + 40_000 * n,
            cause="patient switch pressed",
            force_dn=1979,
            to_15_n_ms=520,
            sequence=n,
        )
        for n in range(stops)
    )
    stop = note.field("stop")
    device = [field for field in note.device_fields if field.name != "stop"]
    device += [replace(stop, name=f"stop_{n + 1}", label="Stop") for n in range(stops)]
    return replace(
        note,
        clinician_fields=fields,
        device_fields=tuple(device),
        dose=replace(note.dose, stops=marks),
    )


def overlaps(page: Page) -> list[tuple[str, str]]:
    """Pairs of texts that cover the same place by more than a hair."""
    boxes = [(text.text, text.box) for text in page.texts if text.text.strip()]
    return [
        (one, other)
        for (one, a), (other, b) in combinations(boxes, 2)
        if min(a[2], b[2]) - max(a[0], b[0]) > 0.2 and min(a[3], b[3]) - max(a[1], b[1]) > 0.2
    ]


def outside(page: Page) -> list[str]:
    """Texts that leave the margins."""
    return [
        text.text
        for text in page.texts
        if text.box[0] < LEFT - 0.1
        or text.box[2] > RIGHT + 0.1
        or text.box[1] < BOTTOM - 2
        or text.box[3] > TOP
    ]


def test_the_note_is_one_small_page_with_all_its_parts() -> None:
    pdf = note_pdf(RECORD, NOTE, face_of(NOTE))
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    assert tuple(map(float, reader.pages[0].mediabox[2:])) == (612.0, 792.0)
    assert len(pdf) < TWO_MEGABYTES
    text = text_of(pdf)
    for part in (
        "Recorded by the device",
        "Written by the clinician",
        "draft, not signed",
        SESSION_ID,
        SEAL.hex(),
        "Signature and credentials",
        "minutes from arming",
        "lbf",
    ):
        assert part in text


def test_every_value_of_the_device_stands_on_the_page_and_in_the_text() -> None:
    text = text_of(note_pdf(RECORD, NOTE, face_of(NOTE)))
    plain = note_text(NOTE)
    for field in NOTE.device_fields:
        assert field.value is not None
        assert field.value in text
        assert field.value in plain


def test_the_same_note_gives_the_same_bytes() -> None:
    assert note_pdf(RECORD, NOTE, face_of(NOTE)) == note_pdf(RECORD, NOTE, face_of(NOTE))


def test_open_fields_are_visibly_open() -> None:
    text = text_of(note_pdf(RECORD, NOTE, face_of(NOTE)))
    assert text.count("[to be completed by the clinician]") == len(NOTE.open_fields) > 0


def test_stops_are_marked_on_the_plot() -> None:
    record = made_record(ORDER, stops_ms=(200_000, 400_000), outcome=Outcome.STOPPED)
    note = draft_note(record, ORDER)
    page = lay_out_note(NotePage(note=note, face=face_of(note), plot=PLOT))
    written = [text.text for text in page.texts]
    assert "STOP 1" in written
    assert "STOP 2" in written
    assert overlaps(page) == []


def test_errors_stand_on_the_face() -> None:
    errors = ("T-021: add GP or GO.", "N-03: write the position.")
    face = replace(face_of(NOTE), errors=errors)
    text = text_of(note_pdf(RECORD, NOTE, face))
    assert "NOT READY: 2 errors found by the rules" in text
    assert "T-021: add GP or GO." in text
    assert "N-03: write the position." in text


def test_a_session_without_force_says_so() -> None:
    page = lay_out_note(NotePage(note=NOTE, face=face_of(NOTE), plot=PlotData([], [], [], [])))
    assert "No force was recorded." in [text.text for text in page.texts]
    assert overlaps(page) == []


def test_characters_that_the_fonts_lack_do_not_break_the_page() -> None:
    assert drawable("18° – “left”\nside") == "18° – “left”<U+000A>side"
    assert drawable("Łukasz \u0000 (痛)") == "?ukasz <U+0000> (?)"
    note = with_words(NOTE, ["Łukasz (痛) \\ ) ( °"])
    assert "?ukasz (?) \\ ) ( °" in text_of(note_pdf(RECORD, note, face_of(note)))


def test_what_is_too_long_is_visibly_shortened() -> None:
    note = with_words(NOTE, ["pain " * 400], stops=9)
    page = lay_out_note(NotePage(note=note, face=face_of(note), plot=PLOT))
    assert any(text.text.endswith(MORE) for text in page.texts)


@settings(max_examples=40, deadline=None)
@given(
    words=st.lists(WORDS, min_size=1, max_size=6),
    stops=st.integers(0, 9),
    errors=st.lists(WORDS, max_size=12),
    signer=st.sampled_from(["", "P. Jones, PT", "P. Jones, PT, " * 20]),
    amendments=st.lists(WORDS, max_size=5),
)
def test_nothing_overlaps_or_leaves_the_page(
    words: list[str], stops: int, errors: list[str], signer: str, amendments: list[str]
) -> None:
    note = with_words(NOTE, words, stops)
    face = Face(
        status="amended, version 3",
        signer=signer,
        signed_at="2026-11-24 10:41:00-06:00",
        amendments=tuple(amendments),
        alerts=note.warnings,
        errors=tuple(errors),
    )
    page = lay_out_note(NotePage(note=note, face=face, plot=PLOT))
    assert overlaps(page) == []
    assert outside(page) == []


@pytest.mark.parametrize("length", [1, 120, 700, 2000])
def test_twelve_diagnoses_and_nine_stops_keep_one_page(length: int) -> None:
    codes = ", ".join(f"M51.{n:03}" for n in range(360, 372))
    note = with_words(NOTE, [codes, "w" * length, "a word " * (length // 7 + 1)], stops=9)
    page = lay_out_note(NotePage(note=note, face=face_of(note), plot=PLOT))
    assert overlaps(page) == []
    assert outside(page) == []
    shown = " ".join(text.text for text in page.texts)
    for field in note.device_fields:
        assert field.value is not None
        assert field.value in shown
