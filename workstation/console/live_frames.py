"""The present of all units as pages show it: words and figures made once for every page.

No figure stands in a frame that was not heard within the last second; a page that is drawn on the
server and one that a script keeps fresh show the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from controller.alarms import RaisedAlarm
from controller.order.force_unit import ForceUnit
from controller.ports import Clock
from controller.snapshot import Doing, Snapshot
from controller.words import one_line
from workstation.console.clinic_words import ClinicWords
from workstation.console.units import KeptUnit
from workstation.station.messages import FRESH_S
from workstation.station.stop_target import (
    StopResult,
    not_reached_text,
    press_text,
    released_text,
)
from workstation.station.watching import ANSWER_S, NO_ANSWER_YET
from workstation.terminal.progress import minutes, phase_words

UNSEEN: Final = "--"
CONNECTING_S: Final = 2.0
"""A program that runs answers sooner."""
NO_SOUND: Final = "NO SOUND: no loudspeaker answers."


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmWords:
    """An alarm as pages list it; ``key`` names this raising of it for an acknowledgement."""

    key: str
    priority: str
    text: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionWords:
    """An open question; ``name`` is what an answer to it is sent under."""

    name: str
    text: str
    person_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFrame:
    """A unit at one moment, in words. ``state`` is one of live, silent, gone, connecting.

    Forces and times that are not known are "--". ``headline`` says what the unit does, ``warning``
    what must not be misread; "" where there is nothing to say.
    """

    name: str
    state: str
    doing: str = ""
    headline: str = ""
    warning: str = ""
    session_id: str = ""
    phase: str = ""
    stage: str = ""
    force: str = UNSEEN
    force_other: str = UNSEEN
    target: str = UNSEEN
    target_other: str = UNSEEN
    second_force: str = UNSEEN
    ceiling: str = UNSEEN
    limit: str = UNSEEN
    increase_n: float = 0.0
    force_n: float | None = None
    target_n: float | None = None
    left: str = UNSEEN
    phase_left: str = UNSEEN
    pause_left: str = ""
    check_in: str = UNSEEN
    cycle: str = ""
    pull: str = UNSEEN
    speed: str = UNSEEN
    switch: str = ""
    takeover: str = ""
    link: str = ""
    record: str = ""
    lateness: str = ""
    sound: str = ""
    sound_paused: str = ""
    alarms: tuple[AlarmWords, ...] = ()
    questions: tuple[QuestionWords, ...] = ()
    said: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All units at one moment; ``clock`` is the time of day in the clinic's zone."""

    utc_ms: int
    clock: str
    units: tuple[UnitFrame, ...]

    def of(self, name: str) -> UnitFrame:
        """The unit of this name."""
        return next(each for each in self.units if each.name == name)


class LiveFrames:
    """Makes the frames of a station. ``stopped`` says what became of the last press on a unit."""

    def __init__(self, units: Mapping[str, KeptUnit], words: ClinicWords, clock: Clock) -> None:
        self._units, self._words, self._clock = units, words, clock
        self._gone_ms: dict[str, int] = {}

    def present(self) -> Frame:
        """The units as they are heard at this moment."""
        utc_ms = self._clock.utc_ms()
        return Frame(
            utc_ms=utc_ms,
            clock=self._words.time(utc_ms),
            units=tuple(self._unit(each) for each in self._units.values()),
        )

    @property
    def any_session(self) -> bool:
        """True while a session is open on some unit, by what was heard last."""
        return any(each.session_id for each in self._units.values())

    def encoded(self) -> bytes:
        """The present as one server-sent event."""
        plain = asdict(self.present())
        return (
            b"data: " + json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"
        )

    # --- one unit -----------------------------------------------------------------------------

    def _unit(self, unit: KeptUnit) -> UnitFrame:
        shown = unit.live
        if shown is None:
            return self._silent(unit)
        self._gone_ms.pop(unit.name, None)
        forces = self._words.settings.unit_of_force
        force_n = shown.force_n if _is_fresh(shown) else None
        return UnitFrame(
            name=unit.name,
            state="live",
            doing=shown.doing.value,
            headline=headline(shown),
            warning=self._words.sentence(shown.message),
            session_id=shown.session_id,
            phase=phase_words(shown),
            stage=shown.stage.replace("_", " "),
            **_forces(shown, force_n, forces),
            **_times(shown),
            **_small(shown),
            sound=sound_words(shown),
            sound_paused=minutes(shown.sound_paused_s) if shown.sound_paused_s > 0 else "",
            alarms=tuple(self._alarm(each) for each in shown.alarms),
            questions=tuple(
                QuestionWords(
                    name=each.question.value,
                    text=self._words.sentence(each.text),
                    person_only=each.person_only,
                )
                for each in shown.questions
            ),
            said=self._said(unit),
            stop=tuple(stop_lines(unit, self._words)),
        )

    def _silent(self, unit: KeptUnit) -> UnitFrame:
        """Nothing of before stands here as if it were now."""
        stop = tuple(stop_lines(unit, self._words))
        silent_s = unit.link.silent_s
        session_id = unit.session_id
        if unit.snapshot is None and silent_s < CONNECTING_S:
            return UnitFrame(name=unit.name, state="connecting", headline="connecting", stop=stop)
        if unit.has_a_program:
            warning = no_live_data(silent_s) if unit.snapshot is not None else NO_PROGRAM
            return UnitFrame(
                name=unit.name,
                state="silent",
                headline="NO LIVE DATA",
                warning=warning,
                session_id=session_id,
                stop=stop,
            )
        if not session_id:
            return UnitFrame(
                name=unit.name, state="gone", headline="no program", warning=NO_PROGRAM, stop=stop
            )
        at_ms = self._gone_ms.setdefault(unit.name, self._clock.utc_ms() - int(silent_s * 1000))
        return UnitFrame(
            name=unit.name,
            state="gone",
            headline="PROGRAM ENDED",
            warning=program_gone(unit, self._words.time(at_ms)),
            session_id=session_id,
            stop=stop,
        )

    def _alarm(self, alarm: RaisedAlarm) -> AlarmWords:
        return AlarmWords(
            key=f"{alarm.code}:{alarm.number}",
            priority=alarm.priority.name.lower(),
            text=alarm.text,
            at=self._words.time(alarm.utc_ms),
        )

    def _said(self, unit: KeptUnit) -> tuple[str, ...]:
        return tuple(
            f"{self._words.time(each.utc_ms)}  {one_line(self._words.sentence(each.text))}"
            for each in [*unit.link.said]
        )


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


def _is_fresh(shown: Snapshot) -> bool:
    return shown.reading_age_s is not None and shown.reading_age_s <= FRESH_S


def _forces(shown: Snapshot, force_n: float | None, forces: ForceUnit) -> dict[str, Any]:
    in_unit, in_other = _reader(forces), _reader(other_unit(forces))
    return {
        "force": in_unit(force_n),
        "force_other": in_other(force_n),
        "target": in_unit(shown.target_n),
        "target_other": in_other(shown.target_n),
        "second_force": in_unit(shown.second_force_n if force_n is not None else None),
        "ceiling": in_unit(shown.ceiling_n),
        "limit": in_unit(shown.limit_n),
        "increase_n": shown.increase_n,
        "force_n": force_n,
        "target_n": shown.target_n,
    }


def other_unit(forces: ForceUnit) -> ForceUnit:
    """The unit that stands small beside the one that leads."""
    return ForceUnit.POUND if forces is ForceUnit.NEWTON else ForceUnit.NEWTON


def _reader(forces: ForceUnit) -> Callable[[float | None], str]:
    """Reads a force in a unit; no force is never "-0.0"."""

    def read(force_n: float | None) -> str:
        return UNSEEN if force_n is None else forces.in_unit(round(force_n, 1) + 0.0)

    return read


def _times(shown: Snapshot) -> dict[str, Any]:
    in_session = shown.doing is Doing.SESSION
    cycle = f"{shown.hold_number} of {shown.hold_count}" if shown.hold_count else ""
    return {
        "left": minutes(shown.treatment_left_s) if in_session else UNSEEN,
        "phase_left": UNSEEN if shown.phase_left_s is None else minutes(shown.phase_left_s),
        "pause_left": "" if shown.pause_left_s is None else minutes(shown.pause_left_s),
        "check_in": UNSEEN if shown.check_in_s is None else minutes(max(0.0, shown.check_in_s)),
        "cycle": cycle,
    }


def _small(shown: Snapshot) -> dict[str, Any]:
    pull = UNSEEN if shown.pull_mm is None else f"{shown.pull_mm:.0f} mm"
    if shown.pull_share is not None:
        pull += f" ({shown.pull_share:.0%} of what is allowed)"
    trip = "" if shown.round_trip_s is None else f"{shown.round_trip_s * 1000:.0f} ms, "
    speed = UNSEEN if shown.speed_mm_per_s is None else f"{shown.speed_mm_per_s:.1f} mm/s"
    return {
        "pull": pull,
        "speed": speed,
        "switch": "" if shown.patient_switch is None else shown.patient_switch.name.lower(),
        "takeover": "operated at its panel" if shown.local_takeover else "",
        "link": f"{trip}{shown.missed} missed, {shown.mismatched} mismatched",
        "record": shown.record_trouble or f"{shown.record_age_s:.1f} s behind",
        "lateness": f"{shown.lateness_s * 1000:.0f} ms",
    }
