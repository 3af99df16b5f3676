"""The display of a session without cursor control: plain lines.

Pages return the text that is to be written; ``workstation.terminal.display`` writes it.
"""

from __future__ import annotations

from controller.order.force_unit import ForceUnit
from controller.snapshot import Doing, Snapshot
from controller.telemetry import UnitState
from controller.words import visible

_WIDTH = 6
"""Characters of a force in a line, so that columns align: 981.0 and a sign."""
LINES_EVERY_S = 30.0
"""Without a terminal a line is printed at every change of phase, and in between at this interval.
"""


class PhaseLines:
    """Lines for logs and pipes."""

    def __init__(self, forces: ForceUnit = ForceUnit.NEWTON) -> None:
        self._last, self._forces = ("", 0.0), forces

    def words(self, text: str) -> str:
        """Returns a text on lines of its own."""
        return f"{visible(self._forces.in_sentence(text))}\n"

    def frame(self, snapshot: Snapshot) -> str:
        """Returns a line for a tone, for a new phase or after a while, else ""."""
        tone = f"tone: {alarm_words(snapshot)}\n" if snapshot.tone else ""
        phase, shown_s = self._last
        if snapshot.phase == phase and snapshot.elapsed_s < shown_s + LINES_EVERY_S:
            return tone
        self._last = (snapshot.phase, snapshot.elapsed_s)
        return f"{tone}{line(snapshot, self._forces)}\n"

    def aged(self, age_s: float) -> str:
        """Returns "": a line that was written shows its own time."""
        return ""

    def prompted(self, question: str, typed: str) -> str:
        """Returns "": the question is among the texts, and the terminal shows what is typed."""
        return ""

    def end(self) -> str:
        """Returns "": nothing is left open."""
        return ""


class Verbatim:
    """Texts unchanged, for programs that read them; no frames."""

    def words(self, text: str) -> str:
        """Returns the text and the end of its line."""
        return f"{text}\n"

    def frame(self, snapshot: Snapshot) -> str:
        """Returns "": a program has no use for a frame."""
        return ""

    def aged(self, age_s: float) -> str:
        """Returns "", also for its age."""
        return ""

    def prompted(self, question: str, typed: str) -> str:
        """Returns "": nobody types here."""
        return ""

    def end(self) -> str:
        """Returns "": nothing is left open."""
        return ""


def line(snapshot: Snapshot, forces: ForceUnit = ForceUnit.NEWTON) -> str:
    """Returns phase, treatment clock, target and actual force in two units, message and alarm."""
    force_n, target_n = snapshot.force_n, snapshot.target_n
    target = "" if target_n is None else f"   target {forces.with_other(target_n, _WIDTH)}"
    force = "no reading" if force_n is None else forces.with_other(force_n, _WIDTH)
    clock = f"{minutes(snapshot.elapsed_s)} / {minutes(snapshot.planned_s)}"
    message = forces.in_sentence(snapshot.message)
    said = (message, alarm_words(snapshot), sound_words(snapshot))
    words = "   ".join(filter(None, said))
    return f"{phase_words(snapshot):<16} {clock}{target}   force {force}   {words}".rstrip()


def alarm_words(snapshot: Snapshot) -> str:
    """Returns the most urgent alarm in words, and how many more there are."""
    if not snapshot.alarms:
        return ""
    first, *more = snapshot.alarms
    words = f"ALARM ({first.priority.name.lower()}) {first.text}"
    return f"{words} (+{len(more)})" if more else words


def sound_words(snapshot: Snapshot) -> str:
    """Returns how long tones are still paused."""
    if snapshot.sound_paused_s <= 0:
        return ""
    return f"no tones for {minutes(snapshot.sound_paused_s)}"


def standing_words(snapshot: Snapshot) -> str:
    """Returns what applies until somebody changes it and is not an alarm, with what to do."""
    said = (_stop_words(snapshot), _panel_words(snapshot), _pause_words(snapshot))
    return " ".join(filter(None, said))


def _pause_words(snapshot: Snapshot) -> str:
    if snapshot.pause_left_s is None:
        return ""
    return f"The pause ends in {minutes(snapshot.pause_left_s)} with a release: resume before then."


def _stop_words(snapshot: Snapshot) -> str:
    if not snapshot.emergency_stop_open:
        return ""
    return "The emergency stop is open: nothing begins before it is closed."


def _panel_words(snapshot: Snapshot) -> str:
    if not (snapshot.local_takeover or snapshot.unit_state is UnitState.LOCAL):
        return ""
    now = "look at the patient" if snapshot.doing is Doing.SESSION else "nothing begins meanwhile"
    return (
        f"Somebody operates the unit at its own panel (local takeover): {now}, agree with "
        "the person who stands there."
    )


def phase_words(snapshot: Snapshot) -> str:
    """Returns the phase, with the number of its hold where the order plans holds."""
    phase = snapshot.phase.replace("_", " ")
    if not (snapshot.hold_number and snapshot.hold_count):
        return phase
    return f"{phase}, hold {snapshot.hold_number} of {snapshot.hold_count}"


def force_words(force_n: float | None, forces: ForceUnit) -> str:
    """Returns a force in the leading unit, or that there is none."""
    return "no reading" if force_n is None else forces.in_unit(force_n)


def minutes(seconds: float) -> str:
    """Returns minutes and seconds: "04:31"."""
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"
