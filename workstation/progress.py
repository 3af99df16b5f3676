"""What a person sees while a session runs: a live line at a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from controller.alarms import Priority
from controller.ports import Progress
from controller.prescription import NEWTONS_PER_LBF

ALARM_STYLES = {Priority.HIGH: "bold red", Priority.MEDIUM: "yellow", Priority.LOW: "cyan"}
"""The line changes its colour, and the words say the same."""
LINES_EVERY_S = 30.0
"""Without a terminal a line is printed at every change of phase and every so often between."""


class LiveLine:
    """One line that is rewritten; rich limits it to a few frames a second."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=False)

    def __enter__(self) -> LiveLine:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, progress: Progress) -> None:
        if progress.tone:
            self._console.bell()
        self._live.update(Text(line(progress), style=_style(progress)))


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
        if progress.tone:
            self._console.print(f"tone: {_alarm_words(progress)}", highlight=False, soft_wrap=True)
        phase, shown_s = self._last
        if progress.phase == phase and progress.elapsed_s < shown_s + LINES_EVERY_S:
            return
        self._last = (progress.phase, progress.elapsed_s)
        self._console.print(line(progress), highlight=False, soft_wrap=True)


def teller(console: Console) -> Callable[[str], None]:
    """Says something on lines of its own, above the live line.

    A text without an end of line is drawn over by the live line, and "[y/n]" is markup to rich.
    """
    return lambda text: console.print(text, highlight=False, markup=False, soft_wrap=True)


def line(progress: Progress) -> str:
    """Phase, treatment clock, target and actual force in N and lbf."""
    force = "no reading" if progress.force_n is None else _both(progress.force_n)
    clock = f"{_minutes(progress.elapsed_s)} / {_minutes(progress.planned_s)}"
    text = f"{progress.phase.replace('_', ' '):<16} {clock}   target {_both(progress.target_n)}"
    words = "   ".join(filter(None, (progress.message, _alarm_words(progress))))
    return f"{text}   force {force}   {words}".rstrip()


def _alarm_words(progress: Progress) -> str:
    """The most pressing alarm in words, how many more there are, and whether tones are paused."""
    if not progress.alarms:
        return ""
    first, *more = progress.alarms
    words = f"ALARM ({first.priority.name.lower()}) {first.text}"
    if more:
        words += f" (+{len(more)})"
    if progress.sound_paused_s > 0:
        words += f" [sound paused {_minutes(progress.sound_paused_s)}]"
    return words


def _style(progress: Progress) -> str:
    return ALARM_STYLES[progress.alarms[0].priority] if progress.alarms else ""


def _both(force_n: float) -> str:
    return f"{force_n:6.1f} N ({force_n / NEWTONS_PER_LBF:5.1f} lbf)"


def _minutes(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"
