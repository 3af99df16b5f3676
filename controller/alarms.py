"""Alarms: three priorities, latched until a person acknowledges them, with tones that can pause.

They are in the process that drives the unit, never in a display. The board is pure: time is an
argument, and the loop records what it reports. Conditions outside a session raise no alarm.

Source of the behaviour: session-rules.md#alarms (priorities, pause of the sound with an end,
latching), session-rules.md#end (signal every 30 s until acknowledged).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

CONTROL_GONE: Final = "control_gone"
"""The one alarm that is raised outside the process that it concerns."""
SOUND_PAUSE_S: Final = 120.0
"""A paused sound resumes after this time."""


class Priority(IntEnum):
    """Shown red, yellow and cyan, and always in words too."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


TONE_EVERY_S = {Priority.HIGH: 5.0, Priority.MEDIUM: 15.0, Priority.LOW: 30.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmKind:
    """The text and the urgency of an alarm."""

    code: str
    priority: Priority
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedAlarm:
    """An alarm that waits for an acknowledgement; ``number`` counts the alarms of the session.

    ``utc_ms`` is when it was raised (wall clock). The same code raised again has another number.
    """

    code: str
    number: int
    utc_ms: int

    @property
    def priority(self) -> Priority:
        """Returns its priority."""
        return alarm_kind(self.code).priority

    @property
    def text(self) -> str:
        """Returns its text."""
        return alarm_kind(self.code).text


def _kinds(priority: Priority, **texts: str) -> dict[str, AlarmKind]:
    return {
        code: AlarmKind(code=code, priority=priority, text=text) for code, text in texts.items()
    }


ALARMS: dict[str, AlarmKind] = {
    # The patient may be in danger or has asked for help.
    **_kinds(
        Priority.HIGH,
        emergency_stop_open="emergency stop pressed: look at the patient",
        patient_switch_pressed="patient pressed stop: ask the patient for the reason",
        patient_switch_absent="patient switch unplugged: look at the patient",
        link_silent="unit does not answer: look at the patient; the unit releases by itself",
        link_lost="connection to the unit is gone: look at the patient, open the clutch",
        release_not_seen="release not seen: look at the patient, open the clutch",
        reading_stale="force reading is old: look at the patient",
        force_stuck="force reading does not move: look at the patient",
        force_saturated="load cell at its end: look at the patient",
        force_negative="force reading is negative: check the load cell",
        sign_wrong="force falls while the cord is wound in: check the load cell",
        force_risen_fast="force rose faster than ordered: look at the patient",
        slack_wound_fast="slack was wound in too fast: look at cord and patient",
        unit_restarted="unit has restarted: look at the patient",
        force_above_order="force stays above the order: look at patient and drive",
        watchdog_off="unit's watchdog does not run: have the unit checked",
        release_rising="force rises in the release: look at the patient, open the clutch",
        release_slow="force does not fall as ordered: look at the patient, open the clutch",
        fast_release_rising="force rises in the fast release: open the clutch",
        fast_release_late="fast release took too long: look at the patient, open the clutch",
        force_still_on="force still on: look at the patient, open the clutch",
        force_back_on="force is on again: look at the patient, open the clutch",
        order_unsound="an order was not sound: the program is at fault, report it",
        force_missing="force reading is missing: look at the patient",
        tension_lost="tension lost: inspect cord and harness",
        over_force="more force than ordered: look at the patient",
        unit_stopped="unit stopped by itself: look at the patient",
        order_too_high="force above the limit was wanted: the program is at fault, report it",
        loop_late="workstation too slow to drive the unit: close other programs",
        control_gone="program that drives the unit does not answer: look at the patient",
        journal_silent="record cannot be written: check the disk",
    ),
    # The treatment was or will be interrupted, and nobody is in danger.
    **_kinds(
        Priority.MEDIUM,
        force_below_order="force stays below the order: look at winch and cord",
        second_channel_lost="second force channel is gone: check its cable",
        dwell_over_time="one force ordered for too long: the program is at fault, report it",
        harness_slipping="harness slips: tighten it",
        cord_slack="cord is slack: guide it by hand",
        stroke_used_up="pull length used up: shorten the free cord",
        stroke_end="end of the stroke: shorten the free cord",
        channels_disagree="the two force channels disagree: have them checked",
        zero_shifted="zero of the force has shifted: set the tare again",
        force_oscillating="force swings: have the unit's regulator checked",
        link_unreliable="connection to the unit is unreliable: replace cable or adapter",
        answers_mixed_up="answers of other requests came: check hubs and gateways",
        sequence_ahead="another host gives orders to the unit: find it",
        order_refused="unit refused an order: another host may be on the line",
        local_takeover="somebody operates the unit at its panel",
        set_point_foreign="unit follows another force than ordered: look at its panel",
        console_lost="console did not answer: look at the patient; start it again if it is gone",
        station_lost="station did not answer: look at the patient; start it again if it is gone",
        session_over_time="session longer than planned: the program is at fault, report it",
        host_suspended="workstation was asleep: keep it from sleeping",
        pause_regressed="pause longer than 60 s: force went back to the pretension",
        pause_over="pause over: the patient is being released",
        answer_missing="a question was not answered in time: the patient is being released",
        slack_not_taken_up="slack not taken up: check cord and harness",
        lock_lost="lock file of the unit is gone: start no second session, end this one soon",
        record_put_aside="record goes to the side file: check the disk before the next session",
        release_slow="normal release too slow: fast release ordered",
    ),
    # Somebody should do something soon.
    **_kinds(
        Priority.LOW,
        check_in_due="5 min without a check-in: look after the patient",
        stroke_near="pull length nearly used up",
        readings_missed="readings are missing: check the cable",
        readings_missed_in_pairs="readings are missing in a row: check the cable",
        answers_slow="unit answers slowly: give the adapter a port of its own",
        console_quiet="console does not answer: look at it",
        station_quiet="station does not answer: look at it, a STOP from a page may not arrive",
        no_live_page="no page shows this session: open one",
        clock_stepped="clock of the workstation was set: nothing to do",
        loop_slow="workstation is slow: close other programs",
        treatment_done="session has ended: free the patient and confirm",
    ),
}


def alarm_kind(code: str) -> AlarmKind:
    """Returns the kind of a code. An unlisted code has high priority and its own name as text."""
    known = ALARMS.get(code)
    return known or AlarmKind(code=code, priority=Priority.HIGH, text=code.replace("_", " "))


class AlarmBoard:
    """The alarms of one session, in the order in which they were raised; seconds of any axis."""

    def __init__(self) -> None:
        self._active: dict[str, RaisedAlarm] = {}
        self._raised = 0
        self._sound_paused_until_s = -math.inf
        self._tone_at_s = -math.inf

    @property
    def active(self) -> tuple[RaisedAlarm, ...]:
        """Returns alarms that wait for an acknowledgement, the most urgent first."""
        return tuple(sorted(self._active.values(), key=lambda alarm: -alarm.priority))

    def raise_alarm(self, code: str, utc_ms: int) -> RaisedAlarm | None:
        """Raise and latch; returns None if it is already active. A new alarm sounds at once.

        While the sound is paused, only a new alarm of high priority sounds and ends the pause.
        """
        if code in self._active:
            return None
        self._raised += 1
        alarm = RaisedAlarm(code=code, number=self._raised, utc_ms=utc_ms)
        self._active[code] = alarm
        if alarm.priority is Priority.HIGH:
            self._sound_paused_until_s = -math.inf
        self._tone_at_s = -math.inf
        return alarm

    def of_those(self, seen: Collection[tuple[str, int]]) -> list[str]:
        """Returns the codes of the active alarms among those that were seen, by code and number."""
        return [one.code for one in self.active if (one.code, one.number) in seen]

    def acknowledge(self, codes: Collection[str]) -> tuple[str, ...]:
        """Acknowledge alarms; returns the codes that were active."""
        taken = [code for code in self._active if code in codes]
        for one in taken:
            del self._active[one]
        return tuple(taken)

    def pause_sound(self, now_s: float) -> float:
        """Stop tones for two minutes; returns when they resume."""
        self._sound_paused_until_s = now_s + SOUND_PAUSE_S
        return self._sound_paused_until_s

    def sound_paused_s(self, now_s: float) -> float:
        """Returns how long the sound stays paused; 0 if it is not."""
        return max(0.0, self._sound_paused_until_s - now_s)

    def tone_due(self, now_s: float) -> bool:
        """Returns True if a tone is due now; called once a tick."""
        if not self._active or self.sound_paused_s(now_s) > 0:
            return False
        every_s = TONE_EVERY_S[self.active[0].priority]
        if now_s - self._tone_at_s < every_s - 1e-6:
            return False
        self._tone_at_s = now_s
        return True
