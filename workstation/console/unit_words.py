"""Texts about a unit that must not be misread: silence, a program that ended, a stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.snapshot import Snapshot
from workstation.console.clinic_words import ClinicWords
from workstation.console.units import KeptUnit
from workstation.sound.wording import NO_SOUND
from workstation.station.stop_target import stop_lines
from workstation.station.watching import ANSWER_S

NO_PROGRAM: Final = "No program answers for this table. Is the station running?"


def program_gone(unit: KeptUnit, at: str) -> str:
    """Returns the text where the process that drove a session has ended."""
    text = (
        f"The program that drives {unit.name} has ended ({at}). The unit should release "
        "within 1 s; not seen from here. Look at the patient."
    )
    manual = unit.link.manual_release
    return f"{text} Manual release: {manual}" if manual else text


def sound_words(shown: Snapshot) -> str:
    """Returns whether alarms are heard."""
    if shown.sounds is None:
        return "sound: no station answers"
    return "sound: on" if shown.sounds else NO_SOUND


def newest_stop_lines(unit: KeptUnit, words: ClinicWords) -> Sequence[str]:
    """Returns what became of the newest press on a unit from this console; nothing without one."""
    press = unit.newest_press()
    if press is None:
        return []
    return stop_lines(unit, press, words.wording, is_late=unit.pressed_for_s() > ANSWER_S)
