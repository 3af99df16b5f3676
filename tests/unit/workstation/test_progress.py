"""What a person sees: a question stays whole beside the live line."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from controller.alarms import ALARMS
from controller.ports import Progress, Question
from workstation.operators import SessionOperator
from workstation.progress import LiveLine, PhaseLines, line, teller

PROGRESS = Progress(
    phase="taking_up_slack", elapsed_s=61.0, planned_s=900.0, target_n=102.0, force_n=None
)


def test_the_line_says_force_in_both_units_and_a_missing_reading_in_words() -> None:
    text = line(PROGRESS)
    assert text.startswith("taking up slack")
    assert "01:01 / 15:00" in text
    assert "target  102.0 N ( 22.9 lbf)" in text
    assert "force no reading" in text


ALARMED = replace(
    PROGRESS,
    alarms=(ALARMS["over_force"], ALARMS["check_in_due"]),
    tone=True,
    sound_paused_s=75.0,
)


def test_the_most_pressing_alarm_stands_in_the_line_in_words() -> None:
    words = "ALARM (high) more force than ordered: look at the patient (+1) [sound paused 01:15]"
    assert line(ALARMED).endswith(words)


def test_a_tone_rings_the_terminal_s_bell_once_and_is_a_line_without_a_terminal() -> None:
    screen, log = io.StringIO(), io.StringIO()
    console = Console(file=screen, force_terminal=True, width=200, legacy_windows=False)
    with LiveLine(console) as show:
        show(ALARMED)
        show(replace(ALARMED, tone=False))
    assert screen.getvalue().count("\a") == 1
    with PhaseLines(Console(file=log, width=200)) as lines:
        lines(ALARMED)
        lines(replace(ALARMED, tone=False))
    assert [text.startswith("tone: ALARM (high)") for text in log.getvalue().splitlines()] == [
        True, False,
    ]  # fmt: skip


def test_a_question_is_shown_whole_and_above_the_live_line() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60, legacy_windows=False)
    typed = iter(["y"])

    def read_line() -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    question = "A question that is longer than the line is wide, status [0x0004]. Go on?"
    with LiveLine(console) as show:
        show(PROGRESS)
        operator = SessionOperator(
            scripted=False, show=show, read_line=read_line, tell=teller(console)
        )
        operator.ask(Question.LONG_TREATMENT, question, person_only=False)
        operator.reader_ended.wait(timeout=20)
        answer = operator.answer(Question.LONG_TREATMENT)
    assert answer is not None
    assert answer.accepted
    words = " ".join(screen.getvalue().split())
    assert f"{question} [y/n]" in words
    _, _, behind = screen.getvalue().partition("[y/n]")
    assert behind.startswith("\n"), "the live line is drawn on the line of the question"


def test_without_a_terminal_lines_come_at_changes_of_phase_and_every_half_minute() -> None:
    out = io.StringIO()
    with PhaseLines(Console(file=out, width=200)) as show:
        for second in range(61):
            show(replace(PROGRESS, phase="holding", elapsed_s=float(second)))
        show(replace(PROGRESS, phase="releasing", elapsed_s=61.0))
    shown = [row.split()[:2] for row in out.getvalue().splitlines()]
    assert shown == [
        ["holding", "00:00"], ["holding", "00:30"], ["holding", "01:00"], ["releasing", "01:01"],
    ]  # fmt: skip
