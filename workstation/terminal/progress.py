"""How a session looks to a person: a live line at a terminal, plain lines elsewhere.

Pages return the text that is to be written; ``workstation.terminal.display`` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from controller.alarms import Priority
from controller.order.force_unit import ForceUnit
from controller.ports import Progress
from controller.words import visible
from workstation.terminal.display import BELL

ALARM_COLOURS = {Priority.HIGH: "1;31", Priority.MEDIUM: "33", Priority.LOW: "36"}
"""Bold red, yellow, cyan: the line changes its colour, and the words say the same."""
_WIDTH = 6
"""Characters of a force in the live line, so that it does not jump: 981.0 N and a sign."""
LINES_EVERY_S = 30.0
"""Without a terminal a line is printed at every change of phase and every so often between."""


class LiveLine:
    """One line that is written over; words go above it.

    It needs a carriage return of its terminal and nothing else; ``columns`` says how wide it is
    now, and only with ``colours`` are escape sequences used.
    """

    def __init__(
        self,
        columns: Callable[[], int],
        *,
        colours: bool,
        forces: ForceUnit = ForceUnit.NEWTON,
    ) -> None:
        self._columns, self._forces = columns, forces
        self._colours = colours
        self._shown = self._style = ""

    def words(self, text: str) -> str:
        """A text on lines of its own, above the live line."""
        erased = self._erased()
        self._shown = ""
        return f"{erased}{visible(text)}\n"

    def frame(self, progress: Progress) -> str:
        """The line as it is now, with a bell for a tone; nothing when it has not changed."""
        bell = BELL if progress.tone else ""
        columns = max(1, self._columns() - 1)
        text, style = line(progress, columns, self._forces), self._style_of(progress)
        if (text, style) == (self._shown, self._style):
            return bell
        pad = " " * (len(self._shown) - len(text))
        self._shown, self._style = text, style
        return f"\r{style}{text}{pad}{_PLAIN if style else ''}{bell}"

    def end(self) -> str:
        """Leave the last line standing."""
        return "\n" if self._shown else ""

    def _erased(self) -> str:
        return f"\r{' ' * len(self._shown)}\r" if self._shown else ""

    def _style_of(self, progress: Progress) -> str:
        if not (self._colours and progress.alarms):
            return ""
        return f"\x1b[{ALARM_COLOURS[progress.alarms[0].priority]}m"


_PLAIN = "\x1b[0m"


class PhaseLines:
    """Lines for logs and pipes."""

    def __init__(self, forces: ForceUnit = ForceUnit.NEWTON) -> None:
        self._last, self._forces = ("", 0.0), forces

    def words(self, text: str) -> str:
        """A text on lines of its own."""
        return f"{visible(text)}\n"

    def frame(self, progress: Progress) -> str:
        """A line for a tone, a line for a new phase or after a while, else nothing."""
        tone = f"tone: {_alarm_words(progress)}\n" if progress.tone else ""
        phase, shown_s = self._last
        if progress.phase == phase and progress.elapsed_s < shown_s + LINES_EVERY_S:
            return tone
        self._last = (progress.phase, progress.elapsed_s)
        return f"{tone}{line(progress, forces=self._forces)}\n"

    def end(self) -> str:
        """Nothing is left open."""
        return ""


class Verbatim:
    """Words as they are, for programs that read them; no frames."""

    def words(self, text: str) -> str:
        """The text and the end of its line."""
        return f"{text}\n"

    def frame(self, progress: Progress) -> str:
        """A program has no use for a live line."""
        return ""

    def end(self) -> str:
        """Nothing is left open."""
        return ""


def line(
    progress: Progress, columns: int = sys.maxsize, forces: ForceUnit = ForceUnit.NEWTON
) -> str:
    """Phase, treatment clock, target and actual force, in at most ``columns``.

    Where that does not fit, less is said; the words of an alarm stand above the line anyway.
    """
    for made in (_full, _shorter, _shortest):
        text = made(progress, forces)
        if len(text) <= columns:
            return text
    return _shortest(progress, forces)[:columns]


def _full(progress: Progress, forces: ForceUnit) -> str:
    force_n, target_n = progress.force_n, progress.target_n
    force = "no reading" if force_n is None else forces.with_other(force_n, _WIDTH)
    target = "" if target_n is None else f"   target {forces.with_other(target_n, _WIDTH)}"
    words = "   ".join(filter(None, (progress.message, _alarm_words(progress))))
    text = f"{_phase(progress):<16} {_clock(progress)}{target}   force {force}   {words}"
    return text.rstrip()


def _shorter(progress: Progress, forces: ForceUnit) -> str:
    alarm, target_n = _alarm_words(progress), progress.target_n
    target = "" if target_n is None else f" target {forces.in_unit(target_n)}"
    force = f"force {_force(progress, forces)}"
    text = f"{_phase(progress)} {_clock(progress)}{target}"
    return " ".join(filter(None, (text, force, progress.message, alarm)))


def _shortest(progress: Progress, forces: ForceUnit) -> str:
    """Returns what comes first survives the narrowest terminal."""
    alarm = "ALARM " if progress.alarms else ""
    target_n = progress.target_n
    target = "" if target_n is None else f" of {forces.in_unit(target_n).split()[0]}"
    return f"{alarm}{_force(progress, forces)}{target} {_phase(progress)}"


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


def _phase(progress: Progress) -> str:
    return progress.phase.replace("_", " ")


def _clock(progress: Progress) -> str:
    return f"{_minutes(progress.elapsed_s)} / {_minutes(progress.planned_s)}"


def _force(progress: Progress, forces: ForceUnit) -> str:
    return "no reading" if progress.force_n is None else forces.in_unit(progress.force_n)


def _minutes(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"
