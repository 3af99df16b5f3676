"""What a person sees while a session runs: a live line at a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from controller.ports import Progress
from controller.prescription import NEWTONS_PER_LBF

LINES_EVERY_S = 30.0
"""Without a terminal a line is printed at every change of phase and every so often between."""


class LiveLine:
    """One line that is rewritten; rich limits it to a few frames a second."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=False)

    def __enter__(self) -> LiveLine:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, progress: Progress) -> None:
        self._live.update(Text(line(progress)))


class PhaseLines:
    """Lines for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ("", 0.0)

    def __enter__(self) -> PhaseLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, progress: Progress) -> None:
        phase, shown_s = self._last
        if progress.phase == phase and progress.elapsed_s < shown_s + LINES_EVERY_S:
            return
        self._last = (progress.phase, progress.elapsed_s)
        self._console.print(line(progress), highlight=False, soft_wrap=True)


def line_reader(console: Console) -> Callable[[str], str]:
    """Puts a question on lines of its own, above the live line, and reads the answer.

    A prompt without an end of line is drawn over by the live line, and "[y/n]" is markup to rich.
    """

    def read_line(question: str) -> str:
        console.print(question, markup=False, highlight=False)
        return input()

    return read_line


def line(progress: Progress) -> str:
    """Phase, treatment clock, target and actual force in N and lbf."""
    force = "no reading" if progress.force_n is None else _both(progress.force_n)
    clock = f"{_minutes(progress.elapsed_s)} / {_minutes(progress.planned_s)}"
    text = f"{progress.phase.replace('_', ' '):<16} {clock}   target {_both(progress.target_n)}"
    return f"{text}   force {force}   {progress.message}".rstrip()


def _both(force_n: float) -> str:
    return f"{force_n:6.1f} N ({force_n / NEWTONS_PER_LBF:5.1f} lbf)"


def _minutes(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"
