"""What is said of a unit that must not be misread: silence, a program that ended, a stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.snapshot import Doing, Snapshot
from workstation.console.clinic_words import ClinicWords
from workstation.console.units import KeptUnit
from workstation.station.stop_target import (
    StopResult,
    not_reached_text,
    press_text,
    released_text,
)
from workstation.station.watching import ANSWER_S, NO_ANSWER_YET
from workstation.terminal.progress import phase_words

NO_SOUND: Final = "NO SOUND: no loudspeaker answers."
NO_PROGRAM: Final = "No program answers for this table. Is the station running?"


def no_live_data(silent_s: float) -> str:
    """What is said of a session that nothing is heard of."""
    return (
        f"NO LIVE DATA for {silent_s:.0f} s. The treatment may still be running. Look at the "
        "patient."
    )


def program_gone(unit: KeptUnit, at: str) -> str:
    """What is said where the process that drove a session has ended."""
    text = (
        f"The program that drives {unit.name} has ended ({at}). The unit should let go within 1 s; "
        "not seen from here. Look at the patient."
    )
    manual = unit.link.manual_release
    return f"{text} Manual release: {manual}" if manual else text


def headline(shown: Snapshot) -> str:
    """What the unit does, in a few words."""
    if shown.doing is Doing.BUSY:
        return f"busy: {shown.busy_with}"
    if shown.doing is Doing.IDLE:
        return "no treatment is open"
    return phase_words(shown)


def sound_words(shown: Snapshot) -> str:
    """Whether alarms are heard."""
    if shown.sounds is None:
        return "sound: no station is heard"
    return "sound: on" if shown.sounds else NO_SOUND


def stop_lines(unit: KeptUnit, words: ClinicWords) -> Sequence[str]:
    """What became of the newest press on a unit from this console; nothing without one."""
    press = unit.newest_press()
    if press is None:
        return []
    answer = press.answer()
    if answer is None:
        late = unit.pressed_for_s() > ANSWER_S
        return [not_reached_text(unit) if late else NO_ANSWER_YET]
    lines = [press_text(unit.name, answer, words.wording)]
    seen = unit.link.released()
    if seen is not None and answer.result is not StopResult.NOTHING_OPEN:
        lines.append(released_text(answer, seen, words.wording))
    return lines
