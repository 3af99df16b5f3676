"""Alarms: every code has text, priorities order them, they latch, and a paused sound comes back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import controller
from controller.alarms import ALARMS, CONTROL_GONE, AlarmBoard, Priority, alarm_kind
from controller.safety.checks import CHECKS

SOURCES = [*Path(controller.__file__).parent.rglob("*.py")]


def codes_of_the_supervisor() -> set[str]:
    return {check.code for check in CHECKS}


def codes_in_the_core() -> set[str]:
    """Texts in quotes outside the table itself that could be codes."""
    texts = [path.read_text(encoding="utf-8") for path in SOURCES if path.name != "alarms.py"]
    return {code for text in texts for code in re.findall(r"\"([a-z_]+)\"", text)}


def test_every_alarm_code_has_text_and_every_text_an_alarm() -> None:
    raised = codes_of_the_supervisor() | (codes_in_the_core() & set(ALARMS))
    assert {"over_force", "check_in_due", "treatment_done", "pause_over"} <= raised
    assert raised | {CONTROL_GONE} == set(ALARMS)
    assert all(kind.text and kind.code == code for code, kind in ALARMS.items())


def test_every_code_that_is_raised_by_name_has_a_row() -> None:
    named = re.compile(r"(?:(?:RaiseAlarm|raise_alarm)\([^()]*?|alarm=)\"([a-z_]+)\"")
    texts = [path.read_text(encoding="utf-8") for path in SOURCES]
    found = {code for text in texts for code in named.findall(text)}
    assert {"check_in_due", "link_lost", "release_not_seen", "pause_over"} <= found
    assert found <= set(ALARMS)


def test_a_code_without_a_row_is_still_heard_with_high_priority() -> None:
    kind = alarm_kind("something_new")
    assert (kind.priority, kind.text) == (Priority.HIGH, "something new")


def test_alarms_latch_until_acknowledged_and_the_most_pressing_stands_first() -> None:
    board = AlarmBoard()
    for code in ("check_in_due", "pause_regressed", "over_force"):
        assert board.raise_alarm(code, 0) is not None
    assert board.raise_alarm("over_force", 0) is None
    assert [kind.code for kind in board.active] == ["over_force", "pause_regressed", "check_in_due"]
    assert board.acknowledge({"pause_regressed"}) == ("pause_regressed",)
    assert board.acknowledge({"pause_regressed"}) == ()
    assert board.acknowledge({"over_force", "check_in_due", "lock_lost"}) == (
        "check_in_due",
        "over_force",
    )
    assert board.active == ()


@pytest.mark.parametrize(
    ("code", "every_s"), [("over_force", 5), ("pause_regressed", 15), ("treatment_done", 30)]
)
def test_tones_come_at_once_and_again_by_priority(code: str, every_s: int) -> None:
    board = AlarmBoard()
    assert not board.tone_due(0.0)
    board.raise_alarm(code, 0)
    assert [second for second in range(100) if board.tone_due(second)] == [*range(0, 100, every_s)]


def test_a_paused_sound_comes_back_after_2_min() -> None:
    board = AlarmBoard()
    board.raise_alarm("treatment_done", 0)
    assert board.tone_due(0.0)
    assert board.pause_sound(10.0) == 130.0
    assert board.sound_paused_s(100.0) == 30.0
    assert not any(board.tone_due(second) for second in range(10, 130))
    assert board.tone_due(130.0)


def test_a_new_alarm_of_high_priority_ends_the_pause_of_the_sound_and_others_do_not() -> None:
    board = AlarmBoard()
    board.raise_alarm("check_in_due", 0)
    board.pause_sound(0.0)
    board.raise_alarm("pause_regressed", 0)
    assert not board.tone_due(1.0)
    board.raise_alarm("over_force", 0)
    assert board.tone_due(2.0)
