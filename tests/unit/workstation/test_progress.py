"""What a person sees: a question stays whole beside the live line."""

from __future__ import annotations

import io

from rich.console import Console

from controller.ports import Progress, Question
from workstation.operators import SessionOperator
from workstation.progress import LiveLine, line, teller

PROGRESS = Progress(
    phase="taking_up_slack", elapsed_s=61.0, planned_s=900.0, target_n=102.0, force_n=None
)


def test_the_line_says_force_in_both_units_and_a_missing_reading_in_words() -> None:
    text = line(PROGRESS)
    assert text.startswith("taking up slack")
    assert "01:01 / 15:00" in text
    assert "target  102.0 N ( 22.9 lbf)" in text
    assert "force no reading" in text


def test_a_question_is_shown_whole_and_above_the_live_line() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60, legacy_windows=False)
    typed = iter(["y"])

    def read_line(prompt: str) -> str:
        for typed_line in typed:
            return typed_line
        raise EOFError

    question = "A question that is longer than the line is wide, status [0x0004]. Go on?"
    with LiveLine(console) as show:
        show(PROGRESS)
        operator = SessionOperator(
            scripted=False, show=show, read_line=read_line, tell=teller(console)
        )
        operator.ask(Question.LONG_TREATMENT, question)
        while (answer := operator.answer(Question.LONG_TREATMENT)) is None:
            pass
    assert answer.accepted
    words = " ".join(screen.getvalue().split())
    assert f"{question} [y/n]" in words
    _, _, behind = screen.getvalue().partition("[y/n]")
    assert behind.startswith("\n"), "the live line is drawn on the line of the question"
