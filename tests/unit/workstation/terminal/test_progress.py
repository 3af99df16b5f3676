"""How a session looks: pages are texts, so that every terminal can be tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.alarms import ALARMS
from controller.order.force_unit import ForceUnit
from controller.ports import Progress
from workstation.terminal.progress import LiveLine, PhaseLines, Verbatim, line

PROGRESS = Progress(
    phase="taking_up_slack", elapsed_s=61.0, planned_s=900.0, target_n=102.0, force_n=None
)
ALARMED = replace(
    PROGRESS,
    alarms=(ALARMS["over_force"], ALARMS["check_in_due"]),
    tone=True,
    sound_paused_s=75.0,
)


def live_line(columns: int = 200, *, colours: bool = False) -> LiveLine:
    return LiveLine(lambda: columns, colours=colours)


def test_the_line_says_force_in_both_units_and_a_missing_reading_in_words() -> None:
    text = line(PROGRESS)
    assert text.startswith("taking up slack")
    assert "01:01 / 15:00" in text
    assert "target  102.0 N ( 22.9 lbf)" in text
    assert "force no reading" in text


def test_the_most_pressing_alarm_stands_in_the_line_in_words() -> None:
    words = "ALARM (high) more force than ordered: look at the patient (+1) [sound paused 01:15]"
    assert line(ALARMED).endswith(words)


def test_a_narrow_terminal_gets_less_and_the_alarm_first() -> None:
    pulling = replace(ALARMED, phase="holding", force_n=101.86)
    assert line(pulling, 140).startswith("holding 01:01 / 15:00 target 102.0 N force 101.9 N ALARM")
    assert line(pulling, 40) == "ALARM 101.9 N of 102.0 holding"
    assert line(pulling, 29) == "ALARM 101.9 N of 102.0 holdin"
    assert line(replace(pulling, alarms=()), 29) == "101.9 N of 102.0 holding"


@pytest.mark.parametrize("columns", [1, 2, 4, 29, 30, 79, 80, 200])
def test_the_live_line_never_wraps(columns: int) -> None:
    page = live_line(columns)
    for progress in (PROGRESS, ALARMED, replace(ALARMED, force_n=1.0, message="press the switch")):
        for piece in page.frame(progress).strip("\a").split("\r"):
            assert len(piece.rstrip()) <= max(1, columns - 1)


def test_the_line_is_written_over_and_only_when_it_changes() -> None:
    page = live_line()
    first = page.frame(PROGRESS)
    assert first == f"\r{line(PROGRESS)}"
    assert page.frame(replace(PROGRESS, since_start_s=1.0)) == ""
    shorter = replace(PROGRESS, phase="idle", target_n=1.0)
    again = page.frame(shorter)
    assert again.startswith(f"\r{line(shorter)}")
    assert len(again) >= len(first), "what is left of the longer line is wiped out"
    assert page.end() == "\n"


def test_words_stand_whole_above_the_live_line_and_steer_nothing() -> None:
    page = live_line()
    assert page.words("first") == "first\n", "there is no line to wipe out yet"
    page.frame(PROGRESS)
    shown = page.words("A question, status [0x0004]: \x1b[2J go on? [y/n]")
    wiped, _, words = shown.rpartition("\r")
    assert wiped.strip() == ""
    assert words == "A question, status [0x0004]: <U+001B>[2J go on? [y/n]\n"
    assert page.end() == ""
    assert page.frame(PROGRESS) == f"\r{line(PROGRESS)}", "it is drawn again below the words"


def test_a_tone_rings_the_bell_and_colours_are_used_only_where_they_are_known() -> None:
    page = live_line(colours=True)
    assert page.frame(ALARMED) == f"\r\x1b[1;31m{line(ALARMED)}\x1b[0m\a"
    assert page.frame(ALARMED) == "\a"
    assert page.frame(replace(ALARMED, tone=False)) == ""
    assert live_line().frame(ALARMED) == f"\r{line(ALARMED)}\a"


def test_without_a_terminal_lines_come_at_changes_of_phase_and_every_half_minute() -> None:
    page = PhaseLines()
    rows = [
        page.frame(replace(PROGRESS, phase="holding", elapsed_s=float(second)))
        for second in range(61)
    ]
    rows.append(page.frame(replace(PROGRESS, phase="releasing", elapsed_s=61.0)))
    shown = [row.split()[:2] for row in rows if row]
    assert shown == [
        ["holding", "00:00"],
        ["holding", "00:30"],
        ["holding", "01:00"],
        ["releasing", "01:01"],
    ]
    assert page.end() == ""


def test_without_a_terminal_a_tone_is_a_line_and_words_are_made_safe() -> None:
    page = PhaseLines()
    first, second = page.frame(ALARMED), page.frame(replace(ALARMED, tone=False))
    assert first.startswith("tone: ALARM (high) more force than ordered")
    assert second == ""
    assert page.words("a\x1bb\nc") == "a<U+001B>b\nc\n"


def test_a_program_gets_its_document_as_it_is_and_no_frames() -> None:
    page = Verbatim()
    assert page.words('{"a": "\u202e"}') == '{"a": "\u202e"}\n'
    assert (page.frame(ALARMED), page.end()) == ("", "")


@pytest.mark.parametrize("columns", [200, 60, 30])
def test_a_table_that_is_only_observed_has_no_target_and_a_missing_reading_is_said(
    columns: int,
) -> None:
    dark = replace(PROGRESS, target_n=None, force_n=None, message="NO READING: look")
    assert "target" not in line(dark, columns)
    assert " of " not in line(dark, columns)
    assert "no reading" in line(dark, columns).lower()


def test_the_clinic_s_unit_leads_in_every_width() -> None:
    pounds = ForceUnit.POUND
    pulling = replace(PROGRESS, phase="holding", force_n=101.9)
    wide = line(pulling, forces=pounds)
    assert "target   22.9 lbf (102.0 N)   force   22.9 lbf (101.9 N)" in wide
    shorter = line(pulling, len(wide) - 1, pounds)
    assert "target 22.9 lbf" in shorter
    assert line(pulling, 30, pounds) == "22.9 lbf of 22.9 holding"
    assert PhaseLines(pounds).frame(pulling) == f"{wide}\n"
    assert LiveLine(lambda: 200, colours=False, forces=pounds).frame(pulling) == f"\r{wide}"
