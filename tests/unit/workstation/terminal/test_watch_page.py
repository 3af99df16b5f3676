"""What who watches a station reads: nothing of before as if it were now."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from controller.alarms import RaisedAlarm
from controller.order.force_unit import ForceUnit
from controller.questions import OpenQuestion, Question
from controller.snapshot import Doing, Snapshot
from workstation.commands.watch import page_text
from workstation.terminal.watch_page import UnitOnPage, watch_lines

HOLDING = Snapshot(
    number=7,
    utc_ms=0,
    session_id="s1",
    phase="holding",
    hold_number=1,
    hold_count=3,
    elapsed_s=30.0,
    planned_s=90.0,
    target_n=100.0,
    force_n=98.6,
    reading_age_s=0.0,
)
UNIT = UnitOnPage(called="Table 1", snapshot=HOLDING, silent_s=0.0, is_answering=True)


def lines_of(unit: UnitOnPage) -> list[str]:
    return watch_lines([unit], ForceUnit.NEWTON, "14:03:22")[2:]


def test_a_session_is_one_line_of_state_and_what_waits() -> None:
    shown = replace(
        HOLDING,
        alarms=(RaisedAlarm(code="check_in_due", number=1, utc_ms=0),),
        questions=(
            OpenQuestion(question=Question.LIFT_LOCKED, text="Is it locked?", person_only=True),
        ),
        message="waiting",
    )
    state, alarm, message, asked, said = lines_of(replace(UNIT, snapshot=shown, said="ramp over"))
    assert state == (
        "Table 1: holding, hold 1 of 3   force 98.6 N (22.2 lbf)   target 100.0 N (22.5 lbf)"
        "   01:00 left"
    )
    assert alarm.startswith("  ALARM (")
    assert [message, asked, said] == ["  waiting", "  asked: Is it locked?", "  ramp over"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"force_n": None}, "Table 1: holding, hold 1 of 3   force --   "),
        ({"doing": Doing.IDLE, "force_n": -0.04}, "no treatment is open   force 0.0 N"),
        ({"doing": Doing.BUSY, "busy_with": "checking the records"}, "busy: checking the records"),
    ],
)
def test_what_is_not_known_or_not_open_is_said(changes: dict[str, object], words: str) -> None:
    unit = replace(UNIT, snapshot=replace(HOLDING, **changes))  # type: ignore[arg-type]
    assert words in lines_of(unit)[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"phase": "paused", "pause_left_s": 356.9},
            "  The pause ends in 05:56 with a release: resume before then.",
        ),
        (
            {"local_takeover": True},
            "  Somebody operates the unit at its own panel (local takeover): look at the "
            "patient, agree with the person who stands there.",
        ),
    ],
)
def test_a_pause_and_a_panel_have_a_line_with_what_to_do(
    changes: dict[str, object], words: str
) -> None:
    unit = replace(UNIT, snapshot=replace(HOLDING, **changes))  # type: ignore[arg-type]
    assert lines_of(unit)[1] == words


def test_a_unit_that_is_not_heard_shows_no_number_and_the_stop_stays() -> None:
    unit = replace(UNIT, is_answering=False, silent_s=7.4, stop=("STOP did not reach Table 1.",))
    assert lines_of(unit) == [
        "Table 1: NO LIVE DATA for 7 s. The treatment may still be running. Look at the patient.",
        "  STOP did not reach Table 1.",
    ]
    never = replace(UNIT, snapshot=None, is_answering=False, silent_s=1.1)
    assert lines_of(never) == ["Table 1: connecting"]
    never = replace(never, silent_s=2.0)
    assert lines_of(never) == ["Table 1: no program answers; is the station running?"]


def test_a_narrow_terminal_cuts_no_word_off_and_no_control_character_passes() -> None:
    page = page_text(["a b" * 20, "\x1b[2J"], os.terminal_size((20, 6)))
    body = page.removeprefix("\x1b[H").removesuffix("\x1b[J")
    rows = [row.removesuffix("\x1b[K") for row in body.split("\r\n")][:-1]
    assert all(len(row) <= 20 for row in rows)
    assert "".join(rows).replace(" ", "").startswith("ab" * 20)
    assert "\x1b" not in "".join(rows)
    assert len(rows) <= 5
