"""What may be typed: one visible line; a refusal says where and what, and never shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import RequestRefused
from controller.questions import Answer
from controller.requests import (
    AcknowledgeAlarms,
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    PauseSound,
    Remark,
    Resume,
    Stop,
    TakeOver,
)
from controller.words import (
    NAME_CHARACTERS,
    TEXT_CHARACTERS,
    check_name,
    check_text,
    fault_of,
    visible,
)

UNUSUAL = "Dr. Ærøskøbing-Müller, 山田太郎, محمد, שרה, Ωμέγα, नमस्ते, e\u0301, 🙂, ½ N, “ok” – 5 €"
REFUSED = {
    "NUL": ("\x00", "a control character", "U+0000"),
    "escape": ("\x1b", "a control character", "U+001B"),
    "tab": ("\t", "a control character", "U+0009"),
    "delete": ("\x7f", "a control character", "U+007F"),
    "C1": ("\x9b", "a control character", "U+009B"),
    "newline": ("\n", "an end of line", "U+000A"),
    "next line": ("\x85", "an end of line", "U+0085"),
    "line separator": ("\u2028", "an end of line", "U+2028"),
    "override": ("\u202e", "a mark that turns the direction of text", "U+202E"),
    "embedding": ("\u202a", "a mark that turns the direction of text", "U+202A"),
    "isolate": ("\u2067", "a mark that turns the direction of text", "U+2067"),
    "end of isolate": ("\u2069", "a mark that turns the direction of text", "U+2069"),
    "left-to-right mark": ("\u200e", "a mark that turns the direction of text", "U+200E"),
    "Arabic letter mark": ("\u061c", "a mark that turns the direction of text", "U+061C"),
    "zero width space": ("\u200b", "an invisible character", "U+200B"),
    "byte order mark": ("\ufeff", "an invisible character", "U+FEFF"),
    "soft hyphen": ("\xad", "an invisible character", "U+00AD"),
    "Hangul filler": ("\u3164", "an invisible character", "U+3164"),
    "variation selector": ("\ufe0f", "an invisible character", "U+FE0F"),
    "tag": ("\U000e0041", "an invisible character", "U+E0041"),
    "no character": ("\ufffe", "an invisible character", "U+FFFE"),
    "byte": ("\udcff", "the byte 0xFF, no text in this system's encoding,", "U+DCFF"),
    "half a pair": ("\ud83d", "an invisible character", "U+D83D"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_nobody_could_see_is_refused_with_its_place_and_not_repeated(name: str) -> None:
    character, what, code = REFUSED[name]
    with pytest.raises(RequestRefused) as refused:
        check_text("remark", f"odd {character}noise")
    message = refused.value.message
    assert message.startswith(f"remark has {what} ({code} at character 5 of 10); only visible")
    assert character not in message
    assert visible(message) == message


def test_what_is_merely_unusual_is_taken() -> None:
    assert check_text("remark", UNUSUAL) == UNUSUAL
    assert check_name("by", UNUSUAL[:NAME_CHARACTERS])
    assert visible(UNUSUAL) == UNUSUAL


def test_the_limits_are_named() -> None:
    assert fault_of("x" * TEXT_CHARACTERS) == ""
    assert check_name("by", "x" * NAME_CHARACTERS)
    with pytest.raises(RequestRefused, match="remark has 10000 characters, at most 2000; shorten"):
        check_text("remark", "x" * 10_000)
    with pytest.raises(RequestRefused, match="by has 101 characters, at most 100; shorten it"):
        check_name("by", "x" * 101)
    with pytest.raises(RequestRefused, match="by is empty; say who it is"):
        check_name("by", " ")


@given(st.text(st.characters()))
def test_what_is_shown_holds_nothing_that_hides_and_ends_of_lines_stay(text: str) -> None:
    shown = visible(text)
    assert not any(fault_of(row, len(row)) for row in shown.split("\n"))
    assert shown.count("\n") == text.count("\n")
    shown.encode()


def test_visible_writes_out_what_would_steer_a_terminal() -> None:
    assert visible("a\x1b[2Jb\tc\nd\u202e\udcff") == "a<U+001B>[2Jb c\nd<U+202E><U+DCFF>"


BAD = "P. \u202eJones"
BUILT: dict[str, Callable[[str], object]] = {
    "pause by": lambda words: Pause(by=words),
    "pause reason": lambda words: Pause(by="P", reason=words),
    "resume by": lambda words: Resume(by=words),
    "adjust by": lambda words: AdjustForce(by=words, change_n=1.0),
    "adjust reason": lambda words: AdjustForce(by="P", change_n=1.0, reason=words),
    "check-in by": lambda words: CheckIn(by=words),
    "remark by": lambda words: Remark(by=words, text="x"),
    "remark text": lambda words: Remark(by="P", text=words),
    "end by": lambda words: EndEarly(by=words),
    "end reason": lambda words: EndEarly(by="P", reason=words),
    "acknowledge by": lambda words: AcknowledgeAlarms(by=words, alarms=()),
    "mute by": lambda words: PauseSound(by=words),
    "take over by": lambda words: TakeOver(by=words),
    "stop by": lambda words: Stop(by=words),
    "answer by": lambda words: Answer(accepted=True, answered_by=words),
}


@pytest.mark.parametrize("name", BUILT)
def test_no_door_can_build_a_request_with_words_that_hide(name: str) -> None:
    build = BUILT[name]
    assert build("P. Jones")
    field = name.split()[-1]
    with pytest.raises(RequestRefused, match=rf"{field} has a mark that turns .*U\+202E"):
        build(BAD)
    most = NAME_CHARACTERS if field == "by" else TEXT_CHARACTERS
    with pytest.raises(RequestRefused, match=f"at most {most}; shorten it"):
        build("x" * (most + 1))
