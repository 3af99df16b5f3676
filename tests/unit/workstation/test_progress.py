"""The line that a person sees."""

from __future__ import annotations

import io

from rich.console import Console

from controller.ports import Progress
from workstation.progress import LiveLine, PhaseLines, line


def progress(
    phase: str = "holding", elapsed_s: float = 75.0, force_n: float | None = 101.9
) -> Progress:
    return Progress(
        phase=phase, elapsed_s=elapsed_s, planned_s=900.0, target_n=102.0, force_n=force_n
    )


def test_a_line_has_phase_clock_target_and_force_in_both_units() -> None:
    text = line(progress())
    assert " ".join(text.split()) == (
        "holding 01:15 / 15:00 target 102.0 N ( 22.9 lbf) force 101.9 N ( 22.9 lbf)"
    )


def test_a_missing_reading_is_no_number() -> None:
    assert "no reading" in line(progress(force_n=None))
    assert "taking up slack" in line(progress("taking_up_slack"))


def test_lines_come_at_changes_of_phase_and_every_half_minute() -> None:
    out = io.StringIO()
    with PhaseLines(Console(file=out, width=200)) as show:
        for second in range(61):
            show(progress(elapsed_s=float(second)))
        show(progress("releasing", 61.0))
    assert [row.split()[1] for row in out.getvalue().splitlines()] == [
        "00:00", "00:30", "01:00", "01:01",
    ]  # fmt: skip


def test_the_live_line_is_rewritten() -> None:
    out = io.StringIO()
    with LiveLine(Console(file=out, force_terminal=True, width=120)) as show:
        show(progress())
    assert "101.9 N" in out.getvalue()
