"""Which PINs are taken, and what is kept of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import RequestRefused
from records.accounts.pins import LANES, MEMORY_KIB, PASSES, hashed, matches, refuse_weak

WEAK = {
    "28096": "too short",
    "": "too short",
    "abcdefg": "too short",
    "111111": "fewer than 3 different",
    "112211": "fewer than 3 different",
    "123456": "counts up or down",
    "987654": "counts up or down",
    "246802": "counts up or down",
    "890123": "counts up or down",
    "abcdefgh": "counts up or down",
    "123123": "repeats itself",
    "19840131": "is a date",
    "31011984": "is a date",
    "01311984": "is a date",
    "Password2024": "one of the first that are guessed",
    "traction1": "one of the first that are guessed",
    "patjones": "one of the first that are guessed",
}


@pytest.mark.parametrize(("secret", "why"), WEAK.items())
def test_a_pin_that_others_would_try_is_refused_and_not_repeated(secret: str, why: str) -> None:
    with pytest.raises(RequestRefused, match=why) as refusal:
        refuse_weak(secret, ["PatJones", "PJ"])
    assert not secret or secret not in refusal.value.message


@pytest.mark.parametrize("secret", ["280961", "19841399", "correct horse", "kTa9-wren"])
def test_others_are_taken(secret: str) -> None:
    refuse_weak(secret, ["PatJones", "PJ"])


@given(st.text(min_size=1, max_size=200))
def test_whatever_is_typed_is_taken_or_refused_in_words(secret: str) -> None:
    said = fault(secret)
    assert len(secret) >= 6 or said.startswith("this PIN ")


def fault(secret: str) -> str:
    try:
        refuse_weak(secret, ["Pat"])
    except RequestRefused as refusal:
        return refusal.message
    return ""


def test_what_is_kept_has_the_parameters_of_the_page_and_another_salt_each_time() -> None:
    first, second = hashed("280961"), hashed("280961")
    assert first != second
    assert first.startswith(f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$")
    assert (MEMORY_KIB, PASSES, LANES) == (19456, 2, 1)
    assert matches(first, "280961")
    assert not matches(first, "280962")
    assert not matches("", "280961")
    assert not matches("$argon2id$v=19$m=8,t=1,p=1$YQ$YQ", "280961")
