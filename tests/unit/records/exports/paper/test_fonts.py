"""Every character is drawn by an embedded font or stands there as its code point."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.platypus import Paragraph

from records.exports.paper.blocks import said
from records.exports.paper.fonts import BOLD, PLAIN, SEEN, drawn_by, markup, runs
from tests.support.pdfs import LETTERS, solid
from tools.fonts import FOLDER, packaged

MARK = f'<onDraw name="{SEEN}"/>'


@pytest.mark.parametrize("font", [PLAIN, BOLD])
def test_latin_greek_cyrillic_and_vietnamese_are_drawn_by_the_first_font(font: str) -> None:
    assert len(LETTERS) > 1500
    assert set(unicodedata.normalize("NFC", LETTERS)) <= drawn_by(font)


@pytest.mark.parametrize("font", [PLAIN, BOLD])
def test_the_font_beside_the_code_is_that_of_the_package(font: str) -> None:
    assert (FOLDER / f"{font}.ttf").read_bytes() == packaged(font)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("18\u00b0 \u2013 \u201cleft\u201d", "18\u00b0 \u2013 \u201cleft\u201d"),
        ("\u5f20\u4f1f", f"{MARK}U+5F20 U+4F1F{MARK}"),
        ("a\u5f20b", f"a {MARK}U+5F20{MARK} b"),
        ("\u5f20 b", f"{MARK}U+5F20{MARK} b"),
        ("\U0001f600", f"{MARK}U+1F600{MARK}"),
        ("\u05e9", f"{MARK}U+05E9{MARK}"),
        ("\u0639", f"{MARK}U+0639{MARK}"),
        ("\u0939", f"{MARK}U+0939{MARK}"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("left\nside\u200b", "left&lt;U+000A&gt;side&lt;U+200B&gt;"),
        ("e\u0301", "\u00e9"),
        ("\u10e5", '<font name="FiraGO">\u10e5</font>'),
        ("a\u00a0b", "a b"),
        ("", ""),
    ],
)
def test_a_text_as_the_library_gets_it(text: str, shown: str) -> None:
    assert markup(text) == shown


def test_bold_text_has_fonts_of_its_own() -> None:
    assert [run.font for run in runs("a\u10e5", BOLD)] == [BOLD, "FiraGO-Bold"]


def test_many_code_points_are_told_of_in_pieces() -> None:
    many = markup("\u5f20" * 120)
    assert many.count("U+5F20") == 120
    assert many.count(MARK) == 6


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.sampled_from(f"{LETTERS} \u5f20\u10e5<&"), max_size=500),
    width=st.floats(60, 532),
    bold=st.booleans(),
)
def test_no_line_is_wider_than_its_column(text: str, width: float, bold: bool) -> None:
    paragraph = said(text, 9, bold=bold)
    assert isinstance(paragraph, Paragraph)
    paragraph.wrap(width, 10_000)
    assert max(paragraph.getActualLineWidths0(), default=0) <= width + 0.01


def test_solid_leaves_out_what_breaks_lines() -> None:
    assert solid("e\u0301 a\nb") == "\u00e9ab"
