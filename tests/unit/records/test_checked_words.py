"""Files that people write for claims, fees, rules and receivers: every key and text is asked."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from controller.errors import ClaimContextInvalid, RulesInvalid, TractionError
from records.checked_data import CheckedData, checked
from records.claim.context import ClaimContext
from records.claim.fees import parse_fees


class Anything(CheckedData):
    """A file of one text and one list."""

    text: str = ""
    more: tuple[dict[str, str], ...] = ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"text": "a\u202eb"}, "file x: text has a mark that turns the direction of text (U+202E"),
        ({"more": [{}, {"k": "\x1b"}]}, "file x: more.1.k has a control character (U+001B"),
        ({"te\u200bxt": "a"}, "file x: a key has an invisible character (U+200B at character 3"),
        ({"text": "a\u2028b"}, "file x: text has an end of line (U+2028 at character 2 of 3)"),
    ],
)
def test_a_word_that_hides_or_steers_is_refused_with_key_and_place(
    data: dict[str, object], said: str
) -> None:
    with pytest.raises(RulesInvalid) as refused:
        checked(Anything, data, "file x", RulesInvalid)
    assert refused.value.message.startswith(said)
    assert refused.value.message.isprintable()


def test_letters_of_every_script_are_taken() -> None:
    assert checked(Anything, {"text": "Ægir 山田 שרה"}, "x", RulesInvalid).text == "Ægir 山田 שרה"


def test_a_fee_table_is_asked() -> None:
    table = 'source = "fee\\u009B2J"\n[[rows]]\ncode = "97012"\n'
    with pytest.raises(RulesInvalid, match=r"fee table fees\.toml: rows\.0\.source has a control"):
        parse_fees(table, "fees.toml")


@pytest.mark.parametrize("key", ["claim_id", "patient_ref"])
def test_a_claim_context_is_asked(key: str) -> None:
    model: type[BaseModel] = ClaimContext
    error: type[TractionError] = ClaimContextInvalid
    with pytest.raises(error, match=rf"claim\.json: {key} has an end of line"):
        checked(model, {key: "1\n2"}, "claim.json", error)
