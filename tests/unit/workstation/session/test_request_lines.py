"""The typed language of a running session: every command, and what is said to anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from controller.requests import (
    AcknowledgeAlarms,
    AdjustedForce,
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    PauseSound,
    Remark,
    Resume,
    SessionRequest,
    TakeOver,
    request_name,
)
from controller.words import visible
from workstation.session.request_lines import help_text, parse_request

WHO = "P. Jones"
REST = AdjustedForce.REST


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("pause", Pause(by=WHO)),
        ("pause  head  turned", Pause(by=WHO, reason="head turned")),
        ("resume", Resume(by=WHO)),
        ("-5 N", AdjustForce(by=WHO, change_n=-5.0)),
        (
            "- 5N patient reports pain",
            AdjustForce(by=WHO, change_n=-5.0, reason="patient reports pain"),
        ),
        ("+2 lbf ordered by Dr. X", AdjustForce(by=WHO, change_n=8.9, reason="ordered by Dr. X")),
        ("hold +5 N ok", AdjustForce(by=WHO, change_n=5.0, reason="ok")),
        ("rest -0.5 kgf", AdjustForce(by=WHO, change_n=-4.9, force=REST)),
        ("check A. Example, PT", CheckIn(by="A. Example, PT")),
        ("takeover A. Example, PT", TakeOver(by="A. Example, PT")),
        ("remark patient asleep", Remark(by=WHO, text="patient asleep")),
        ("END", EndEarly(by=WHO)),
        ("end numb fingers", EndEarly(by=WHO, reason="numb fingers")),
        ("ok", AcknowledgeAlarms(by=WHO, alarms=())),
        ("mute", PauseSound(by=WHO)),
    ],
)
def test_a_line_becomes_a_request(line: str, request_: SessionRequest) -> None:
    assert parse_request(line, WHO) == request_


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("paus", "'paus' is not understood; say pause"),
        ("5 N", "not understood"),
        ("-5", "not understood"),
        ("+5 stone more", 'force="5 stone" has a unit that is not known'),
        ("check", "who checked on the patient"),
        ("takeover", "who is responsible from now on"),
        ("remark", "what is to be recorded"),
    ],
)
def test_other_lines_are_refused_with_what_is_understood(line: str, said: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_request(line, WHO)
    assert said in refused.value.message


@given(st.text(st.characters(), max_size=60))
def test_any_line_becomes_a_request_or_is_refused_in_words(line: str) -> None:
    said = ""
    try:
        request = parse_request(line, WHO)
    except RequestRefused as refused:
        said = refused.message
    else:
        assert request_name(request)
    assert visible(said) == said


@pytest.mark.parametrize("digits", [10, 400, 5000])
def test_a_number_that_no_force_has_is_refused(digits: int) -> None:
    for sign in "+-":
        with pytest.raises(RequestRefused, match="with at most nine digits") as refused:
            parse_request(f"{sign}{'9' * digits} N pain", WHO)
        assert len(refused.value.message) < 200


def test_help_names_every_command() -> None:
    for word in ("pause", "resume", "-5 N", "+5 N", "check", "remark", "end", "ok", "mute", "help"):
        assert f"\n  {word} " in f"\n{help_text(ForceUnit.NEWTON)}"


@pytest.mark.parametrize("unit", ForceUnit)
def test_help_asks_for_forces_in_the_unit_that_leads(unit: ForceUnit) -> None:
    """What it shows can be typed, changes the force by less than 5.1 N, and stands in columns."""
    lines = help_text(unit).splitlines()
    less, more = lines[2], lines[3]
    assert unit.value in less.split("[")[0]
    asked = parse_request(less.split("[")[0].strip(), WHO)
    raised = parse_request(more.split("REASON")[0].strip() + " no pain", WHO)
    assert isinstance(asked, AdjustForce)
    assert isinstance(raised, AdjustForce)
    assert -5.1 < asked.change_n < -4.0
    assert raised.change_n == -asked.change_n
    assert {len(line) - len(line[28:]) for line in lines} == {28}
    assert all(line[26:28] == "  " and line[28] != " " for line in lines)


def test_every_request_has_a_name() -> None:
    assert request_name(AdjustForce(by=WHO, change_n=1.0)) == "adjust_force"
    assert request_name(EndEarly(by=WHO)) == "end_early"
