"""The language in which a person or a script makes requests while a session runs.

One parser for the terminal and for ``--script``; a console makes the same requests without it.
"""

from __future__ import annotations

import re
from typing import Final

from controller.errors import PrescriptionInvalid, RequestRefused
from controller.order.force_unit import ForceUnit
from controller.requests import (
    AcknowledgeAlarms,
    AdjustedForce,
    AdjustForce,
    AlarmOnScreen,
    CheckIn,
    EndEarly,
    Pause,
    PauseSound,
    Remark,
    Resume,
    SessionRequest,
    TakeOver,
)
from controller.words import visible
from records.order.quantities import force_n

_EXAMPLES = {ForceUnit.NEWTON: "5 N", ForceUnit.POUND: "1 lbf", ForceUnit.KILOGRAM: "0.5 kgf"}
_HELP = """\
  pause [REASON]            hold the force, stop the clock; after 60 s back to the pretension
  resume                    go on with the treatment
  -{force} [REASON]{gap}less hold force, at any time; N, lbf or kgf; "rest -{force}" for the rest
  +{force} REASON  {gap}more hold force, within maximum_force; "rest +{force}" likewise
  check NAME                NAME checked on the patient
  takeover NAME             NAME is responsible from now on, and types
  remark TEXT               words for the record
  end [REASON]              release the patient and end the session
  stop                      release the patient at once; a second one releases fast
  ok                        acknowledge the alarms
  mute                      no tones for 2 min
  help                      this list; Ctrl-C releases the patient and leaves the program"""
OBSERVED_HELP: Final = """\
  check NAME                NAME checked on the patient
  takeover NAME             NAME is responsible from now on, and types
  remark TEXT               words for the record
  end [REASON]              end the observation, once the cord is free
  help                      this list; Ctrl-C ends the observation and leaves the program
Nothing typed here reaches the table: its own switch stops it."""

SHOWN_CHARACTERS = 40
_BLANKS = re.compile(r"[ \t]+")
_ADJUSTMENT = re.compile(
    r"(?:(?P<force>hold|rest) )?(?P<sign>[+-]) ?(?P<size>[0-9]+(?:\.[0-9]+)? ?[A-Za-z]+) ?"
    r"(?P<reason>.*)"
)


def help_text(forces: ForceUnit) -> str:
    """Returns everything that can be requested, with forces in the leading unit."""
    force = _EXAMPLES[forces]
    return _HELP.format(force=force, gap=" " * (16 - len(force)))


def parse_request(line: str, by: str, alarms: tuple[AlarmOnScreen, ...] = ()) -> SessionRequest:
    """Returns the request in a line; raises RequestRefused with the valid commands.

    Extra blanks and tabs are ignored. ``alarms`` are those that are on the screen.
    """
    text = _BLANKS.sub(" ", line).strip(" ")
    adjustment = _ADJUSTMENT.fullmatch(text)
    if adjustment is not None:
        return _adjustment(adjustment, by)
    word, _, rest = text.partition(" ")
    match word.lower():
        case "pause":
            return Pause(by=by, reason=rest)
        case "resume":
            return Resume(by=by)
        case "end":
            return EndEarly(by=by, reason=rest)
        case "ok":
            return AcknowledgeAlarms(by=by, alarms=alarms)
        case "mute":
            return PauseSound(by=by)
        case "stop":
            raise RequestRefused("stop is a person's at the terminal; a script ends with end")
        case "check":
            return CheckIn(by=_needed(rest, "check", "who checked on the patient"))
        case "takeover":
            return TakeOver(by=_needed(rest, "takeover", "who is responsible from now on"))
        case "remark":
            return Remark(by=by, text=_needed(rest, "remark", "what is to be recorded"))
        case _:
            raise RequestRefused(
                f"{_beginning(text)} is not understood; say pause, resume, check NAME, "
                "takeover NAME, remark TEXT, end, stop, ok, mute, a change of force, or help, "
                "which shows each"
            )


def _beginning(text: str) -> str:
    """Returns as much of a line as a message repeats."""
    shown = visible(text[:SHOWN_CHARACTERS])
    return f"'{shown}'" if len(text) <= SHOWN_CHARACTERS else f"'{shown}...'"


def _adjustment(found: re.Match[str], by: str) -> AdjustForce:
    try:
        size_n = force_n("force", found["size"], None)
    except PrescriptionInvalid as error:
        raise RequestRefused(error.message) from error
    return AdjustForce(
        by=by,
        change_n=size_n if found["sign"] == "+" else -size_n,
        reason=found["reason"],
        force=AdjustedForce(found["force"] or "hold"),
    )


def _needed(words: str, command: str, what: str) -> str:
    if not words:
        raise RequestRefused(f"{command} needs to say {what}: {command} ...")
    return words
