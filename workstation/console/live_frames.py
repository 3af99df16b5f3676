"""Live data of all units as pages show them: words and figures made once for every page.

A frame contains no figure that is older than a second; a page rendered on the server and one that a
script updates show the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from zlib import crc32

from controller.alarms import RaisedAlarm
from controller.ports import Clock
from controller.snapshot import Snapshot
from workstation.console.clinic_words import ClinicWords
from workstation.console.figures import forces, scale_unit, small_print, times
from workstation.console.frames import AlarmWords, Frame, UnitFrame
from workstation.console.page_version import page_version
from workstation.console.possible import acts_now
from workstation.console.unit_words import (
    NO_PROGRAM,
    newest_stop_lines,
    program_gone,
    sound_words,
)
from workstation.console.units import KeptUnit
from workstation.station.responsible import responsible_words
from workstation.terminal.progress import minutes, phase_words, standing_words
from workstation.terminal.watch_page import CONNECTING_S, doing_words, no_live_data


class LiveFrames:
    """Makes the frames of a station."""

    def __init__(self, units: Mapping[str, KeptUnit], words: ClinicWords, clock: Clock) -> None:
        self._units, self._words, self._clock = units, words, clock
        self._gone_ms: dict[str, int] = {}

    def present(self) -> Frame:
        """Returns the units' present state."""
        utc_ms = self._clock.utc_ms()
        return Frame(
            utc_ms=utc_ms,
            clock=self._words.clock(utc_ms),
            program=page_version(),
            force_unit=scale_unit(self._words.settings.unit_of_force),
            units=tuple(self._with_press(each) for each in self._units.values()),
        )

    @property
    def any_session(self) -> bool:
        """Returns True while a session is open on some unit, by the last snapshot."""
        return any(each.session_id for each in self._units.values())

    @property
    def may_be_treating(self) -> bool:
        """Returns True while a session is or may be open: a program runs but sent nothing yet."""
        unheard = (each for each in self._units.values() if each.snapshot is None)
        return self.any_session or any(each.has_a_program for each in unheard)

    def encoded(self, *, patients: bool = True) -> bytes:
        """Returns the frame as one server-sent event, with or without the names of patients."""
        frame = self.present()
        plain = asdict(frame if patients else frame.without_patients())
        return (
            b"data: " + json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"
        )

    # --- one unit -----------------------------------------------------------------------------

    def _with_press(self, unit: KeptUnit) -> UnitFrame:
        return replace(
            self._unit(unit),
            stop=tuple(newest_stop_lines(unit, self._words)),
            stop_answered=unit.stop_is_answered,
        )

    def _unit(self, unit: KeptUnit) -> UnitFrame:
        shown = unit.live
        if shown is None:
            return self._silent(unit)
        self._gone_ms.pop(unit.name, None)
        facts = unit.open_facts
        return UnitFrame(
            name=unit.name,
            state="live",
            doing=shown.doing.value,
            headline=doing_words(shown),
            warning=self._words.sentence(shown.message),
            standing=standing_words(shown),
            responsible=responsible_words(shown, unit.name, self._words.time),
            session_id=shown.session_id,
            initials=facts.initials if facts else "",
            patient=facts.patient if facts else "",
            phase=phase_words(shown),
            **forces(shown, self._words.settings.unit_of_force),
            **times(shown),
            **small_print(shown),
            sound=sound_words(shown),
            sound_paused=minutes(shown.sound_paused_s) if shown.sound_paused_s > 0 else "",
            first_alarm=_first_alarm(shown.alarms),
            alarms=tuple(self._alarm(each) for each in shown.alarms),
            marks=unit.chart.marked,
            shape=self._shape(unit, shown),
        )

    def _silent(self, unit: KeptUnit) -> UnitFrame:
        """Returns a frame of a silent unit, without any earlier figure."""
        silent_s = unit.link.silent_s
        session_id, facts = unit.session_id, unit.open_facts
        initials = facts.initials if facts else ""
        if unit.snapshot is None and silent_s < CONNECTING_S:
            return UnitFrame(name=unit.name, state="connecting", headline="connecting")
        if unit.has_a_program:
            warning = no_live_data(silent_s) if unit.snapshot is not None else NO_PROGRAM
            return UnitFrame(
                name=unit.name,
                state="silent",
                headline="NO LIVE DATA",
                warning=warning,
                session_id=session_id,
                initials=initials,
            )
        if not session_id:
            return UnitFrame(
                name=unit.name, state="gone", headline="no program", warning=NO_PROGRAM
            )
        at_ms = self._gone_ms.setdefault(unit.name, self._clock.utc_ms() - int(silent_s * 1000))
        return UnitFrame(
            name=unit.name,
            state="gone",
            headline="PROGRAM ENDED",
            warning=program_gone(unit, self._words.time(at_ms)),
            session_id=session_id,
            initials=initials,
        )

    def _shape(self, unit: KeptUnit, shown: Snapshot) -> str:
        """Returns a short key of the parts of the unit's page."""
        acts = acts_now(shown, self._words.settings.unit_of_force, signed_in=True)
        now = self._words.at(self._clock.utc_ms())
        made_of = (
            (now.date(), now.utcoffset()),  # beside others, times are told with their day or zone
            (shown.doing.value, shown.session_id, shown.phase, shown.message, shown.responsible),
            tuple((each.question.value, each.text) for each in shown.questions),
            tuple((each.code, each.number) for each in shown.alarms),
            (shown.sound_paused_s > 0, shown.patient_switch),
            tuple(act.version for act in acts.values()),
            (len(unit.checks), unit.open_facts is not None, unit.link.said_count),
        )
        return f"{crc32(repr(made_of).encode()):08x}"

    def _alarm(self, alarm: RaisedAlarm) -> AlarmWords:
        return AlarmWords(
            key=f"{alarm.code}:{alarm.number}",
            priority=alarm.priority.name.lower(),
            text=alarm.text,
            at=self._words.time(alarm.utc_ms),
        )


def _first_alarm(alarms: Sequence[RaisedAlarm]) -> str:
    """Returns what happened, without what to do about it: short enough for the unit's strip."""
    if not alarms:
        return ""
    first, *others = alarms
    more = f" (+{len(others)})" if others else ""
    return f"ALARM ({first.priority.name.lower()}) {first.text.partition(': ')[0]}{more}"
