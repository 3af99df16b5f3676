"""The pages of instruments agree with the files they are made from."""

from __future__ import annotations

from tools.instruments_page import KEYS_PAGE, PAGE, keys_page, page


def test_the_page_of_shipped_instruments_is_made_from_their_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_table_of_faults_is_made_from_the_faults() -> None:
    text = KEYS_PAGE.read_text(encoding="utf-8")
    assert text == keys_page(text)


def test_the_page_says_that_nothing_was_tested_on_an_instrument() -> None:
    assert "None of these profiles was tested on a real instrument" in page()
