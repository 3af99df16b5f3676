"""A document is as long as its content, all of it can be read back, and its fonts are inside."""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy

from hypothesis import example, given, settings
from reportlab.platypus import PageBreak

from records.exports.paper.blocks import (
    ALERT_TINT,
    DEVICE,
    DEVICE_TINT,
    Flowable,
    grid,
    inside,
    labelled,
    on_ground,
    part,
    said,
)
from records.exports.paper.document import Document, pdf_of
from records.exports.paper.fonts import NOTICE
from tests.support.pdfs import LETTERS, TEXTS, fonts_of, pages_of, solid, text_of

PAGE_NUMBER = re.compile(r"\s*page \d+ of \d+\s*$")


def made(*content: Flowable, head: str = "", foot: str = "") -> bytes:
    """A document; what it holds is used up by one layout, so each call of its parts is a copy."""
    return pdf_of(
        Document(
            body=lambda: deepcopy(list(content)),
            head=lambda: [said(head, 8)] if head else [],
            foot=lambda: [said(foot, 8)] if foot else [],
            title="A document",
        )
    )


def read(pdf: bytes) -> str:
    """The text of the pages without their numbers, and without blanks."""
    texts = (PAGE_NUMBER.sub("", page.extract_text()) for page in pages_of(pdf))
    return solid("".join(texts))


@settings(max_examples=30, deadline=None)
@given(TEXTS)
@example("Nguy\u1ec5n Th\u1ecb \u00c1nh, \u0141ukasz, \u041e\u043b\u044c\u0433\u0430, \u03a3\u03c4")
@example("x" * 4000)
@example(" ".join(LETTERS))
@example((LETTERS * 3)[:4000])
def test_every_character_is_found_in_its_order(text: str) -> None:
    assert read(made(said(text, 9))) == solid(text)


@settings(max_examples=15, deadline=None)
@given(TEXTS)
def test_every_character_is_found_in_every_kind_of_block(text: str) -> None:
    content = [
        *part("Part", DEVICE, DEVICE_TINT, [labelled("Label", text, 8.5, DEVICE, label_width=100)]),
        *on_ground(ALERT_TINT, [inside(text, 8)]),
        grid([[said("cell", 8), said(text, 8)]], [100, 432]),
    ]
    three_times = Counter(solid(text) * 3)
    assert three_times <= Counter(read(made(*content)))


def test_every_page_has_head_foot_and_number() -> None:
    pages = pages_of(made(said("a", 9), PageBreak(), said("b", 9), head="HEAD", foot="FOOT"))
    assert len(pages) == 2
    for number, page in enumerate(pages, start=1):
        text = page.extract_text()
        assert "HEAD" in text
        assert "FOOT" in text
        assert f"page {number} of 2" in text


def test_a_part_that_goes_on_says_so_on_the_next_page() -> None:
    lines = [said(f"line {n}", 9) for n in range(100)]
    pages = pages_of(made(*part("Device", DEVICE, DEVICE_TINT, lines), PageBreak(), said("x", 9)))
    said_again = ["Device, continued" in page.extract_text() for page in pages]
    assert said_again == [False, True, False]


def test_fonts_are_embedded_in_parts_with_a_way_back_to_the_characters() -> None:
    (page,) = pages_of(made(said("plain \u10e5", 9), said("bold", 9, bold=True)))
    fonts = fonts_of(page)
    assert {name.partition("+")[2] for name in fonts} == {
        "NotoSans-Regular",
        "NotoSans-Bold",
        "FiraGO-Regular",
    }
    for name, font in fonts.items():
        assert re.match(r"/[A-Z]{6}\+", name)
        assert "/ToUnicode" in font
        assert "/FontFile2" in font["/FontDescriptor"]  # type: ignore[operator]


def test_the_pages_that_show_code_points_say_what_they_are() -> None:
    content = [said("\u5f20\u4f1f came", 9), PageBreak(), said("plain", 9)]
    first, second = pages_of(made(*content))
    assert "U+5F20 U+4F1F came" in first.extract_text()
    assert "?" not in first.extract_text()
    assert NOTICE in first.extract_text()
    assert NOTICE not in second.extract_text()


def test_a_run_of_code_points_over_a_page_s_end_is_explained_on_both_pages() -> None:
    for lines in range(50, 62):
        content = [*(said(f"line {n}", 9) for n in range(lines)), said("\u5f20" * 100, 9)]
        for page in pages_of(made(*content)):
            text = page.extract_text()
            assert ("U+5F20" in text) == (NOTICE in text)


def test_the_same_content_gives_the_same_bytes() -> None:
    assert made(said("same", 9)) == made(said("same", 9))


def test_title_and_keywords_can_be_found_without_a_reader() -> None:
    pdf = pdf_of(
        Document(
            body=lambda: [said("a", 9)],
            head=list,
            foot=list,
            title="Session s-1",
            keywords="TC1-ABCD",
        )
    )
    assert b"Session s-1" in pdf
    assert b"TC1-ABCD" in pdf
    assert "a" in text_of(pdf)
