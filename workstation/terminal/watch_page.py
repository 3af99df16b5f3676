"""The units of a station in lines of a terminal, for a viewer who may stop them.

No number is shown that is older than a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.order.force_unit import ForceUnit
from controller.snapshot import Doing, Snapshot
from controller.words import one_line
from workstation.terminal.progress import alarm_words, minutes, phase_words, standing_words

KEYS = "space: STOP    q: leave (this stops nothing)"
UNSEEN = "--"
CONNECTING_S = 2.0
"""A running program answers sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOnPage:
    """One unit; ``silent_s`` is the time since its last message, ``stop`` a press's outcome.

    ``responsible`` says in words who is responsible for its session.
    """

    called: str
    snapshot: Snapshot | None
    silent_s: float
    is_answering: bool
    stop: Sequence[str] = ()
    said: str = ""
    responsible: str = ""


def watch_lines(units: Sequence[UnitOnPage], forces: ForceUnit, time_of_day: str) -> list[str]:
    """Returns the whole page; a press stops all units that are on it."""
    lines = [f"{time_of_day}    {KEYS}"]
    for unit in units:
        lines += ["", *unit_lines(unit, forces)]
    return lines


def unit_lines(unit: UnitOnPage, forces: ForceUnit) -> list[str]:
    """Returns state, alarms, the last messages, and the outcome of a stop."""
    stop = [f"  {line}" for line in unit.stop]
    if not unit.is_answering or unit.snapshot is None:
        return [*silent_lines(unit), *stop]
    shown = unit.snapshot
    lines = [f"{unit.called}: {state_words(shown, forces)}"]
    if alarm := alarm_words(shown):
        lines.append(f"  {alarm}")
    if standing := standing_words(shown):
        lines.append(f"  {standing}")
    if unit.responsible:
        lines.append(f"  {unit.responsible}")
    if shown.message:
        lines.append(f"  {forces.in_sentence(shown.message)}")
    lines += [f"  asked: {asked.text}" for asked in shown.questions]
    if unit.said:
        lines.append(f"  {one_line(forces.in_sentence(unit.said))}")
    return [*lines, *stop]


def silent_lines(unit: UnitOnPage) -> list[str]:
    """Returns the lines of a silent unit, without any earlier figure."""
    if unit.snapshot is None and unit.silent_s < CONNECTING_S:
        return [f"{unit.called}: connecting"]
    if unit.snapshot is None:
        return [f"{unit.called}: no program answers; is the station running?"]
    return [f"{unit.called}: {no_live_data(unit.silent_s)}"]


def no_live_data(silent_s: float) -> str:
    """Returns the text about a unit that sends nothing any more."""
    return (
        f"NO LIVE DATA for {silent_s:.0f} s. The treatment may still be running. Look at the "
        "patient."
    )


def doing_words(shown: Snapshot) -> str:
    """Returns the process's activity, without figures."""
    if shown.doing is Doing.BUSY:
        return f"busy: {shown.busy_with}"
    if shown.doing is Doing.IDLE:
        return "no treatment is open"
    return phase_words(shown)


def state_words(shown: Snapshot, forces: ForceUnit) -> str:
    """Returns the process's activity, and the present figures."""
    doing = doing_words(shown)
    if shown.doing is Doing.BUSY:
        return doing
    force = UNSEEN if shown.force_n is None else forces.with_other(round(shown.force_n, 1) + 0.0)
    if shown.doing is Doing.IDLE:
        return f"{doing}   force {force}"
    target = "" if shown.target_n is None else f"   target {forces.with_other(shown.target_n)}"
    left = f"   {minutes(shown.treatment_left_s)} left"
    return f"{doing}   force {force}{target}{left}"
