"""The pages of instruments agree with the files from which they are made."""

from __future__ import annotations

from tools.instruments_page import (
    KEYS_PAGE,
    NOT_SHIPPED,
    PAGE,
    keys_page,
    page,
    shipped_instruments,
)


def test_the_page_of_shipped_instruments_is_made_from_their_files() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_table_of_faults_is_made_from_the_faults() -> None:
    text = KEYS_PAGE.read_text(encoding="utf-8")
    assert text == keys_page(text)


def test_the_page_says_that_nothing_was_tested_on_an_instrument() -> None:
    assert "None of these profiles was tested on a real instrument" in page()


def test_no_model_is_both_shipped_and_left_out() -> None:
    shipped = " ".join(model for one in shipped_instruments() for model in one.models)
    for names, _ in NOT_SHIPPED:
        model = names.partition(",")[0]
        assert model not in shipped or model == "Flintec DAD 141.1", "that one ships as text"


def test_every_decided_absence_stands_on_the_page_with_its_reason() -> None:
    """The list of decision 0417, in the words of the page."""
    decision = next((PAGE.parents[1] / "decisions").glob("0417-*")).read_text(encoding="utf-8")
    left_out = decision.partition("Not among them: ")[2]
    told = " ".join(names for names, _ in NOT_SHIPPED)
    words = {word.strip(".,") for word in left_out.split()}
    models = {word for word in words if any(c.isdigit() for c in word) or word in MAKERS}
    assert models >= MAKERS
    assert {model for model in models if model not in told} == set()


MAKERS = {"CAS", "Seneca", "Pavone", "Imada", "Lutron", "Mecmesin", "Dillon", "Andilog", "Tecsis"}
