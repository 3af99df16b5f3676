"""How a session looks: pages are texts, so that every terminal can be tried."""

from __future__ import annotations

from dataclasses import replace

from controller.order.force_unit import ForceUnit
from controller.snapshot import Snapshot
from tests.support.alarms import raised
from workstation.terminal.progress import PhaseLines, Verbatim, line

SNAPSHOT = Snapshot(
    number=1,
    utc_ms=0,
    phase="taking_up_slack",
    elapsed_s=61.0,
    planned_s=900.0,
    target_n=102.0,
    force_n=None,
)
ALARMED = replace(
    SNAPSHOT,
    alarms=(raised("over_force"), raised("check_in_due")),
    tone=True,
    sound_paused_s=75.0,
)


def test_the_line_says_force_in_both_units_and_a_missing_reading_in_words() -> None:
    text = line(SNAPSHOT)
    assert text.startswith("taking up slack")
    assert "01:01 / 15:00" in text
    assert "target  102.0 N ( 22.9 lbf)" in text
    assert "force no reading" in text


def test_the_most_pressing_alarm_stands_in_the_line_in_words() -> None:
    words = "ALARM (high) more force than ordered: look at the patient (+1)   no tones for 01:15"
    assert line(ALARMED).endswith(words)


def test_a_hold_says_which_of_how_many_it_is() -> None:
    text = line(replace(SNAPSHOT, phase="holding", hold_number=3, hold_count=12))
    assert text.startswith("holding, hold 3 of 12 01:01")


def test_without_a_terminal_lines_come_at_changes_of_phase_and_every_half_minute() -> None:
    page = PhaseLines()
    rows = [
        page.frame(replace(SNAPSHOT, phase="holding", elapsed_s=float(second)))
        for second in range(61)
    ]
    rows.append(page.frame(replace(SNAPSHOT, phase="releasing", elapsed_s=61.0)))
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


def test_a_table_that_is_only_observed_has_no_target_and_a_missing_reading_is_said() -> None:
    dark = line(replace(SNAPSHOT, target_n=None, force_n=None, message="NO READING: look"))
    assert "target" not in dark
    assert "force no reading   NO READING: look" in dark


def test_lines_are_of_their_time_and_the_terminal_shows_what_is_typed() -> None:
    for page in (PhaseLines(), Verbatim()):
        assert page.aged(7.0) == page.prompted("Go on? [y/n]", "ye") == ""


def test_the_clinic_s_unit_leads() -> None:
    pulling = replace(SNAPSHOT, phase="holding", force_n=101.9)
    text = line(pulling, ForceUnit.POUND)
    assert "target   22.9 lbf (102.0 N)   force   22.9 lbf (101.9 N)" in text
    assert PhaseLines(ForceUnit.POUND).frame(pulling) == f"{text}\n"


def test_every_sentence_of_the_core_is_led_by_the_clinic_s_unit() -> None:
    page = PhaseLines(ForceUnit.POUND)
    assert page.words("Is 60 N right? [y/n]") == "Is 13.5 lbf (60 N) right? [y/n]\n"
    text = line(replace(SNAPSHOT, message="at 90 N"), ForceUnit.POUND)
    assert "at 20.2 lbf (90 N)" in text
