"""A terminal in three areas: messages that scroll, the state of the session, what is typed.

The messages are on top, so that scrolled-out lines enter the terminal's history. Below them are
rows that are overwritten and never wrap, and the input row, which always has the cursor. It needs
what every terminal since the VT102 has: a scroll region, cursor addresses, erasing to the end of a
row.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.cells import cell_len, set_cell_size

from controller.alarms import Priority
from controller.order.force_unit import ForceUnit
from controller.snapshot import Snapshot
from controller.words import one_line, visible
from records.times_in_words import zone_in_words
from workstation.terminal.display import BELL
from workstation.terminal.progress import (
    alarm_words,
    force_words,
    minutes,
    phase_words,
    sound_words,
)
from workstation.terminal.width import broken

WIDE_COLUMNS: Final = 76
"""From this width on forces in both units and all times fit."""
LEAST_COLUMNS, LEAST_ROWS = 30, 9
"""Below this there is no room for the areas; only one row of the force and the input row remain."""
STALE_S: Final = 1.0
"""An older force is not shown as the present one."""
MESSAGES_KEPT: Final = 60
"""Messages that are written again after a change of the terminal's size."""
HINT: Final = "help lists what you can ask for; Ctrl-C releases the patient"
OBSERVED_HINT: Final = "help lists what you can type; only the table's own switch stops the table"
"""Nothing typed here reaches a table that is only observed."""
PROMPT: Final = "> "
_COLOURS: Final = {Priority.HIGH: "1;31", Priority.MEDIUM: "33", Priority.LOW: "36"}
"""Bold red, yellow, cyan; the texts say the same."""


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    style: str = ""


Size = Callable[[], os.terminal_size]


class StatusArea:
    """A ``DisplayStyle`` for terminals with cursor control.

    ``size`` is called for every frame. ``now`` gives the time of day in the first row, in the
    clinic's zone.
    """

    def __init__(
        self,
        size: Size,
        now: Callable[[], datetime],
        *,
        colours: bool,
        forces: ForceUnit = ForceUnit.NEWTON,
        hint: str = HINT,
    ) -> None:
        self._size, self._now, self._colours, self._forces = size, now, colours, forces
        self._hint = hint
        self._snapshot: Snapshot | None = None
        self._age_s = 0.0
        self._question = self._typed = ""
        self._laid_out: os.terminal_size | None = None
        self._shown: list[_Row] = []
        self._messages: deque[str] = deque(maxlen=MESSAGES_KEPT)

    # --- the display's side -------------------------------------------------------------------

    def words(self, text: str) -> str:
        """Returns a message, below the earlier ones."""
        message = visible(self._forces.in_sentence(text))
        anew = self._lay_out()
        self._messages.append(message)
        return anew + self._message(message) + self._drawn()

    def frame(self, snapshot: Snapshot) -> str:
        """Returns the rows of the state that have changed, with a bell for a tone."""
        self._snapshot, self._age_s = snapshot, 0.0
        return self._lay_out() + self._drawn() + (BELL if snapshot.tone else "")

    def aged(self, age_s: float) -> str:
        """Returns the same while no newer frame has come."""
        self._age_s = age_s
        return self._lay_out() + self._drawn()

    def prompted(self, question: str, typed: str) -> str:
        """Returns the question that waits for an answer, and what is typed so far."""
        self._question = one_line(self._forces.in_sentence(question))
        self._typed = one_line(typed)
        return self._lay_out() + self._drawn()

    def end(self) -> str:
        """Returns what restores the terminal below the last message; no force stays visible."""
        if self._laid_out is None:
            return ""
        top = self._top(self._laid_out)
        self._laid_out = None
        return f"\x1b[r{_at(top + 1)}\x1b[J"

    # --- the areas ----------------------------------------------------------------------------

    def _lay_out(self) -> str:
        """Returns what lays out the areas, at first and whenever the size has changed."""
        size = self._size()
        if size == self._laid_out:
            return ""
        first, self._laid_out, self._shown = self._laid_out is None, size, []
        top = self._top(size)
        if first:
            return "\n" * (size.lines - top) + f"\x1b[1;{top}r"
        told = "".join(map(self._message, self._messages))
        return f"\x1b[r\x1b[2J\x1b[1;{top}r{told}"

    def _top(self, size: os.terminal_size) -> int:
        """Returns the last row of the messages."""
        return max(1, size.lines - len(self._rows(size)))

    def _message(self, message: str) -> str:
        """Returns lines of the messages' area, broken between words."""
        size = self._laid_out
        assert size is not None, "the areas are laid out before anything is written"
        lines = [part for line in message.split("\n") for part in broken(line, size.columns - 1)]
        return _at(self._top(size)) + "".join(f"\n{line}" for line in lines)

    def _drawn(self) -> str:
        """Returns rows that are not shown yet, and the cursor after what is typed."""
        size = self._laid_out
        assert size is not None, "the areas are laid out before anything is written"
        rows = self._rows(size)
        top = size.lines - len(rows)
        shown = self._shown if len(self._shown) == len(rows) else [None] * len(rows)
        changed = [
            f"{_at(top + number)}{self._styled(row)}\x1b[K"
            for number, (row, before) in enumerate(zip(rows, shown, strict=True), start=1)
            if row != before
        ]
        self._shown = rows
        return "".join(changed) + f"\x1b[{size.lines};{cell_len(rows[-1].text) + 1}H"

    def _styled(self, row: _Row) -> str:
        if not (self._colours and row.style):
            return row.text
        return f"\x1b[{row.style}m{row.text}\x1b[0m"

    def _rows(self, size: os.terminal_size) -> list[_Row]:
        """Returns the state and the input row, at most one column short of the width."""
        width = size.columns - 1
        state = [_Row(cut(row.text, width), row.style) for row in self._state(size)]
        return [*state, _Row(self._input(width))]

    def _input(self, width: int) -> str:
        """Returns the end of what is typed, where it does not fit."""
        room, typed = width - len(PROMPT), self._typed
        if room < 1:
            return PROMPT[:width]
        if cell_len(typed) > room:
            typed = typed[len(typed) - room :]
            while cell_len(typed) >= room:
                typed = typed[1:]
            typed = f"<{typed}"
        return f"{PROMPT}{typed}"

    def _state(self, size: os.terminal_size) -> list[_Row]:
        snapshot = self._snapshot
        if size.columns < LEAST_COLUMNS or size.lines < LEAST_ROWS:
            return [_Row(self._force_and_phase(snapshot))]
        question = _Row(self._question or self._hint, "1" if self._question else "")
        alarm = self._alarm(snapshot)
        return [*self._figures(snapshot, size.columns), alarm, question]

    def _figures(self, snapshot: Snapshot | None, columns: int) -> list[_Row]:
        """Returns the rows of figures; as many before the first frame as after it."""
        is_wide = columns >= WIDE_COLUMNS
        if snapshot is None:
            return [_Row("no reading yet", "7"), _Row(self._time_of_day()), _Row("")]
        return self._wide(snapshot) if is_wide else self._narrow(snapshot)

    def _wide(self, snapshot: Snapshot) -> list[_Row]:
        target_n = snapshot.target_n
        ordered = "" if target_n is None else f"ordered {self._forces.with_other(target_n)}"
        message = self._forces.in_sentence(snapshot.message)
        times = (self._time_of_day(), _since(snapshot), _pause(snapshot))
        return [
            _Row(f"{phase_words(snapshot)}   {_treated(snapshot)}", "7"),
            _Row(f"force {self._force(snapshot)}   {ordered}"),
            _Row("   ".join(filter(None, (*times, sound_words(snapshot), message)))),
        ]

    def _narrow(self, snapshot: Snapshot) -> list[_Row]:
        target_n = snapshot.target_n
        of = "" if target_n is None else f" of {self._forces.in_unit(target_n)}"
        return [
            _Row(phase_words(snapshot), "7"),
            _Row(f"{self._force(snapshot)}{of}"),
            _Row(_treated(snapshot)),
        ]

    def _time_of_day(self) -> str:
        now = self._now()
        return f"{now:%H:%M:%S} {zone_in_words(now)}"

    def _alarm(self, snapshot: Snapshot | None) -> _Row:
        if snapshot is None or not snapshot.alarms:
            return _Row("no alarm")
        return _Row(alarm_words(snapshot), _COLOURS[snapshot.alarms[0].priority])

    def _force_and_phase(self, snapshot: Snapshot | None) -> str:
        if snapshot is None:
            return "no reading yet"
        alarm = "ALARM " if snapshot.alarms else ""
        target_n = snapshot.target_n
        of = "" if target_n is None else f" of {self._forces.in_unit(target_n).split()[0]}"
        now = self._silence() or force_words(snapshot.force_n, self._forces)
        return f"{alarm}{now}{of} {phase_words(snapshot)}"

    def _force(self, snapshot: Snapshot) -> str:
        """Returns the present force, or why there is none; never an earlier one."""
        if silence := self._silence():
            return silence
        force_n = snapshot.force_n
        return "no reading" if force_n is None else self._forces.with_other(force_n)

    def _silence(self) -> str:
        if self._age_s <= STALE_S:
            return ""
        return f"-- NO LIVE DATA for {math.floor(self._age_s)} s"


def cut(text: str, width: int) -> str:
    """Returns at most ``width`` columns; three dots say that something is missing."""
    if cell_len(text) <= width:
        return text
    return f"{set_cell_size(text, max(0, width - 3))}..."[:width]


def _at(row: int) -> str:
    return f"\x1b[{row};1H"


def _treated(snapshot: Snapshot) -> str:
    left_s = max(0.0, snapshot.planned_s - snapshot.elapsed_s)
    return (
        f"treated {minutes(snapshot.elapsed_s)} of {minutes(snapshot.planned_s)}, "
        f"{minutes(left_s)} left"
    )


def _since(snapshot: Snapshot) -> str:
    if snapshot.since_start_s is None:
        return ""
    return f"traction began {minutes(snapshot.since_start_s)} ago"


def _pause(snapshot: Snapshot) -> str:
    if snapshot.pause_left_s is None:
        return ""
    return f"released in {minutes(snapshot.pause_left_s)} unless resumed"
