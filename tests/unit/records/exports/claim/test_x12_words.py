"""Texts in X12: in the receiver's characters, every change told, identifiers as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyx12.validation import IsValidDataType

from controller.errors import ExportIncomplete
from records.exports.claim.x12_words import CARRIED, Wording
from records.exports.messages.receiver_maps import X12Characters

SETS = st.sampled_from(sorted(CARRIED))
PYX12_SETS = {"basic": "B", "extended": "E"}
LATIN = "AÀÁÂÃÄÅĀĂĄÆÇĆĈČĎĐÐÈÉÊĒĖĘĚĜĞĢĤĦÌÍÎĪĮİIĴĶŁĻĽŃŅŇÑŊÒÓÔÕÖŌŐØŒŔŘŚŞŠȘßŢŤŦȚÙÚÛÜŪŮŰŲŴÝŶŸŹŻŽÞƏ"
ADDRESSES = "#@'’‘ʼ`´-–—‑/.,&()%_[]{}<>|\\$:*^~\"“”½№"
TYPED = st.text(LATIN + LATIN.lower() + ADDRESSES + "0123456789 ", max_size=30)


def written(text: str, characters: X12Characters = "basic", longest: int = 400) -> str:
    wording = Wording(characters)
    plain = wording.words("name", text, longest)
    wording.check()
    return plain


@given(TYPED, SETS)
def test_no_latin_name_and_no_sign_of_an_address_is_refused(
    text: str, characters: X12Characters
) -> None:
    plain = written(text, characters)
    assert set(plain) <= CARRIED[characters]
    assert IsValidDataType(plain, "AN", PYX12_SETS[characters], "00501")
    assert plain == " ".join(plain.split())
    assert written(plain, characters) == plain


@given(TYPED, SETS)
def test_every_change_beyond_capitals_and_blanks_is_told(
    text: str, characters: X12Characters
) -> None:
    wording = Wording(characters)
    plain = wording.words("patient.last_name", text, 400)
    changed = plain != " ".join(text.upper().split())
    told = [f"patient.last_name: {text!r} is written {plain!r}"]
    assert wording.notices == (told if changed else [])


@pytest.mark.parametrize(
    ("text", "basic", "extended"),
    [
        ("José Müller", "JOSE MULLER", "JOSE MULLER"),
        ("Łukasz Ørsted", "LUKASZ ORSTED", "LUKASZ ORSTED"),
        ("Nguyễn Thị Ánh", "NGUYEN THI ANH", "NGUYEN THI ANH"),
        ("Weiß, Æsa Þór", "WEISS, AESA THOR", "WEISS, AESA THOR"),
        ("Suite #4", "SUITE NO. 4", "SUITE #4"),
        ("c/o clinic@main", "C/O CLINIC AT MAIN", "C/O CLINIC@MAIN"),
        ("5–7 O’Neil St.", "5-7 O'NEIL ST.", "5-7 O'NEIL ST."),
        ("Unit_B [rear]", "UNIT-B (REAR)", "UNIT_B [REAR]"),
        ("a*b:c^d~e\n", "A B C D E", "A B C D E"),
        ("12＊3", "12 3", "12 3"),
    ],
)
def test_a_text_is_written_as_near_as_the_set_allows(text: str, basic: str, extended: str) -> None:
    assert (written(text), written(text, "extended")) == (basic, extended)


def test_signs_give_way_where_their_words_would_be_too_long() -> None:
    line = f"{'9' * 50} # 4"
    assert written(line, longest=55) == f"{'9' * 50} 4"
    assert written(line, "extended", longest=55) == line


@pytest.mark.parametrize("text", ["痛", "Иванов", "محمد", "דוד", "Ω", "\u202eDoe"])
@pytest.mark.parametrize("characters", sorted(CARRIED))
def test_a_name_in_other_letters_is_refused_never_lost(
    text: str, characters: X12Characters
) -> None:
    with pytest.raises(ExportIncomplete, match="Latin letters"):
        written(text, characters)


def test_a_text_that_does_not_fit_is_refused_with_what_fits() -> None:
    with pytest.raises(ExportIncomplete, match="has 4 characters, X12 takes 0 to 3; shorten it"):
        written("Jane", longest=3)
    wording = Wording()
    wording.words("city", "Y", 30, 2)
    with pytest.raises(ExportIncomplete, match="has 1 characters, X12 takes 2 to 30; write it in"):
        wording.check()


@given(st.text(max_size=20), SETS)
def test_an_identifier_is_carried_as_it_is_or_refused(text: str, characters: X12Characters) -> None:
    wording = Wording(characters)
    carried = wording.identifier("member_id", text, 400)
    if set(text.strip().upper()) <= CARRIED[characters]:
        wording.check()
        assert carried == text.strip().upper()
    else:
        with pytest.raises(ExportIncomplete, match="an identifier is never changed"):
            wording.check()
    assert wording.notices == []


def test_all_texts_that_cannot_be_written_are_named_at_once() -> None:
    wording = Wording()
    wording.words("patient.last_name", "痛", 60)
    wording.identifier("patient.member_id", "A*1", 80)
    with pytest.raises(ExportIncomplete, match=r"patient\.last_name=.*patient\.member_id="):
        wording.check()
