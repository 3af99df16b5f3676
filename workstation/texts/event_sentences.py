"""A sentence for each kind of event, followed by its code.

Sentences contain all that a detail holds, except for the opening, which has a page of its own.
"""

from __future__ import annotations

import json
from functools import singledispatch
from typing import Final

from controller.event_details import (
    before_treatment,
    ending,
    findings_and_alarms,
    seen_of_unit,
    treatment,
)
from controller.event_details.before_treatment import SelfCheckRecorded
from controller.event_details.codec import VERSION
from controller.event_details.opening import SessionStarted
from controller.event_details.table import CLASSES
from controller.order.force_unit import ForceUnit
from controller.telemetry import UnitState
from records.store.canonical import StoredEvent

UNIT_EVENTS: Final = {
    1: "it started",
    2: "armed",
    3: "disarmed",
    10: "patient switch pressed",
    11: "patient switch released",
    12: "patient switch unplugged",
    13: "patient switch plugged in",
    20: "emergency stop open",
    21: "emergency stop closed",
    30: "watchdog expired",
    31: "bad token",
    32: "gap in the sequence",
    33: "value out of range refused",
    34: "block with a wrong CRC refused",
    40: "over-force",
    41: "over-rate",
    42: "cord break",
    43: "slack cord",
    44: "end of stroke",
    45: "force channels disagree",
    46: "load cell open",
    47: "load cell stuck",
    50: "supply low",
    51: "motor hot",
    60: "tare",
    61: "stop test passed",
    62: "stop test failed",
    70: "configuration changed",
    71: "flash written",
}
"""Codes of the unit's event ring (reference map, B.6)."""
WITH_FORCE: Final = frozenset({10, 11, 12, 13, 20, 30, *range(40, 52)})
"""Codes whose values are force (0.1 N) and position (0.1 mm) (reference map, B.10)."""
TENTHS: Final = "0.1 "
MILLISECONDS_PER_SECOND: Final = 1000


def event_sentence(event: StoredEvent, forces: ForceUnit) -> str:
    """Returns the sentence and the event's code.

    Raises JournalCorrupt for an invalid detail.

    A kind or a version of another program is shown as it is stored.
    """
    if event.kind not in CLASSES or event.version != VERSION:
        return as_stored(event)
    said = event.said(CLASSES[event.kind])
    return f"{sentence(said, forces)} [{event.kind.name.lower()}]"


def as_stored(event: StoredEvent) -> str:
    """Returns the stored detail, where this program cannot read it."""
    stored = json.dumps(dict(event.detail), sort_keys=True, ensure_ascii=False)
    return f"as stored: {stored} [{event.kind.name.lower()}]"


@singledispatch
def sentence(said: object, forces: ForceUnit) -> str:
    """Returns the sentence of an event; raises TypeError for a class that has none."""
    raise TypeError(f"no sentence for {type(said).__name__}")


# --- before the treatment -------------------------------------------------------------------------


@sentence.register
def _(said: SessionStarted, forces: ForceUnit) -> str:
    return "the session was opened"


@sentence.register
def _(said: before_treatment.QuestionAsked, forces: ForceUnit) -> str:
    return f"asked: {_plain(said.question)}"


@sentence.register
def _(said: before_treatment.AnswerRecorded, forces: ForceUnit) -> str:
    return f"answered {'yes' if said.accepted else 'no'} by {said.by}: {_plain(said.question)}"


@sentence.register
def _(said: seen_of_unit.PressTestSeen, forces: ForceUnit) -> str:
    return "the patient's switch was seen pressed and open again"


@sentence.register
def _(said: seen_of_unit.PressTestNotSeen, forces: ForceUnit) -> str:
    return "the patient's switch was not seen pressed in time"


@sentence.register
def _(said: SelfCheckRecorded, forces: ForceUnit) -> str:
    value = f": {forces.in_sentence(said.value)}" if said.value else ""
    by = f", by {said.by}" if said.by else ""
    todo = f"; {forces.in_sentence(said.todo)}" if said.todo else ""
    numbers = ", ".join(f"{name} {number}" for name, number in (said.numbers or {}).items())
    figures = f" ({numbers})" if numbers else ""
    return f"check {_plain(said.item)} {_plain(said.state)}{value}{by}{todo}{figures}"


@sentence.register
def _(said: seen_of_unit.UnitAcknowledged, forces: ForceUnit) -> str:
    return "a latched stop of the unit was acknowledged"


@sentence.register
def _(said: seen_of_unit.UnitArmed, forces: ForceUnit) -> str:
    zero = "not measured"
    if said.gross_zero_dn is not None:
        zero = forces.with_other(said.gross_zero_dn / 10)
    return (
        f"the unit is armed: at most {forces.with_other(said.force_limit_dn / 10)}, up "
        f"{_rate(said.rate_up_dn_per_s, forces)}, down {_rate(said.rate_down_dn_per_s, forces)}, "
        f"watchdog {_seconds(said.watchdog_ms)}, zero without the tare {zero}"
    )


# --- the treatment --------------------------------------------------------------------------------


@sentence.register
def _(said: treatment.PhaseChanged, forces: ForceUnit) -> str:
    towards = "" if said.target_dn is None else f" towards {_force(said.target_dn, forces)}"
    stage = f" ({said.stage})" if said.stage else ""
    return f"{_plain(said.from_phase)} ends, {_plain(said.to_phase)} begins{towards}{stage}"


@sentence.register
def _(said: treatment.UnitEventSeen, forces: ForceUnit) -> str:
    what = UNIT_EVENTS.get(said.code, "an event that the map does not name")
    boot = "" if said.boot is None else f", start {said.boot}"
    if said.code in WITH_FORCE:
        where = f" at {_force(said.value_1, forces)}, position {said.value_2 / 10:.1f} mm"
        values = ""
    else:
        where, values = "", f", values {said.value_1} and {said.value_2}"
    return (
        f"the unit keeps: {what}{where} (code {said.code}{values}, "
        f"entry {said.sequence}{boot}, at {_seconds(said.unit_at_ms)}, "
        f"{_seconds(said.uptime_ms)} after its start)"
    )


@sentence.register
def _(said: treatment.UnitEventsLost, forces: ForceUnit) -> str:
    return f"{said.count} events of the unit were lost before they were read"


@sentence.register
def _(said: treatment.ForceAdjusted, forces: ForceUnit) -> str:
    old, new = _force(said.old_force_dn, forces), _force(said.new_force_dn, forces)
    return f"{said.force} force changed from {old} to {new}{_whose(said.by, said.reason)}"


@sentence.register
def _(said: treatment.Paused, forces: ForceUnit) -> str:
    return (
        f"paused at {_force(said.target_dn, forces)}, treated "
        f"{_seconds(said.treatment_ms)}{_whose(said.by, said.reason)}"
    )


@sentence.register
def _(said: treatment.PauseRegressed, forces: ForceUnit) -> str:
    return "the pause was too long: the force goes back to the pretension"


@sentence.register
def _(said: treatment.Resumed, forces: ForceUnit) -> str:
    confirmed = f", confirmed by {said.confirmed_by}" if said.confirmed_by else ""
    path = f"from {_force(said.from_dn, forces)} to {_force(said.to_dn, forces)}"
    return f"resumed by {said.by}{confirmed}: {path}, then the treatment goes on"


@sentence.register
def _(said: treatment.CheckInRecorded, forces: ForceUnit) -> str:
    return f"{said.by} checked on the patient"


@sentence.register
def _(said: treatment.RemarkRecorded, forces: ForceUnit) -> str:
    return f"{said.by} remarked: {said.text}"


@sentence.register
def _(said: treatment.ResponsibilityTaken, forces: ForceUnit) -> str:
    return f"{said.by} took over from {said.from_by} and is responsible from now on"


@sentence.register
def _(said: treatment.RefusalRecorded, forces: ForceUnit) -> str:
    reason = forces.in_sentence(said.reason)
    return f"request of {said.by} refused, {_plain(said.request)}: {reason}"


# --- findings and alarms --------------------------------------------------------------------------


@sentence.register
def _(said: findings_and_alarms.SafetyActed, forces: ForceUnit) -> str:
    return (
        f"found {_plain(said.code)}: {_measured(said.measured, said.unit, forces)}, limit "
        f"{_measured(said.limit, said.unit, forces)}; ordered to {_plain(said.action)} at "
        f"{_force(said.force_dn, forces)}; {said.clears} (hazard row {said.hazard})"
    )


@sentence.register
def _(said: findings_and_alarms.SafetyCleared, forces: ForceUnit) -> str:
    seen_ms = said.last_seen_ms - said.first_seen_ms
    return (
        f"no longer found: {_plain(said.code)}; seen for {_seconds(seen_ms)} from "
        f"{_seconds(said.first_seen_ms)} on (hazard row {said.hazard})"
    )


@sentence.register
def _(said: findings_and_alarms.PatientStopPressed, forces: ForceUnit) -> str:
    hold = f", hold {said.hold_number}" if said.hold_number else ""
    force = _force(said.force_dn, forces)
    return f"the patient pressed the switch at {force} while {_plain(said.phase)}{hold}"


@sentence.register
def _(said: findings_and_alarms.OperatorActed, forces: ForceUnit) -> str:
    return f"ended at the workstation, {_plain(said.action)}{_whose(said.by, said.reason)}"


@sentence.register
def _(said: findings_and_alarms.LinkTroubled, forces: ForceUnit) -> str:
    raw = f"; what came: {said.raw}" if said.raw else ""
    return f"trouble on the line: {said.message} (code {said.code}{raw})"


@sentence.register
def _(said: findings_and_alarms.UncertaintyRecorded, forces: ForceUnit) -> str:
    return (
        f"it is not known whether the unit carried out this: {said.what}: {said.message} (code "
        f"{said.code})"
    )


@sentence.register
def _(said: findings_and_alarms.AlarmRaised, forces: ForceUnit) -> str:
    text = forces.in_sentence(said.text)
    return f"alarm of {said.priority} priority: {text} (code {said.code})"


@sentence.register
def _(said: findings_and_alarms.AlarmAcknowledged, forces: ForceUnit) -> str:
    return f"{said.by} acknowledged the alarms {', '.join(map(_plain, said.codes))}"


@sentence.register
def _(said: findings_and_alarms.AlarmSoundPaused, forces: ForceUnit) -> str:
    return f"{said.by} silenced the tones until {_seconds(said.until_ms)}"


@sentence.register
def _(said: findings_and_alarms.GapBegan, forces: ForceUnit) -> str:
    return f"the force is not read any more; the last one was {_force(said.force_dn, forces)}"


@sentence.register
def _(said: findings_and_alarms.GapEnded, forces: ForceUnit) -> str:
    force = _force(said.force_dn, forces)
    return f"the force is read again, {force}, after a gap of {_seconds(said.gap_ms)}"


# --- the end --------------------------------------------------------------------------------------


@sentence.register
def _(said: ending.ReleaseOrdered, forces: ForceUnit) -> str:
    return f"release ordered, {_plain(said.kind)}: {forces.in_sentence(said.reason)}"


@sentence.register
def _(said: seen_of_unit.ReleaseObserved, forces: ForceUnit) -> str:
    state = "" if said.unit_state is None else f", {_state(said.unit_state)}"
    return f"the patient is free: {_force(said.force_dn, forces)}{state}"


@sentence.register
def _(said: seen_of_unit.ReleaseNotObserved, forces: ForceUnit) -> str:
    return f"the release was NOT seen; the last force was {_force(said.force_dn, forces)}"


@sentence.register
def _(said: seen_of_unit.UnitDisarmed, forces: ForceUnit) -> str:
    return "the unit is disarmed: motor off, clutch open"


@sentence.register
def _(said: seen_of_unit.UnitObserved, forces: ForceUnit) -> str:
    seen = said.seen
    if seen is None:
        answered = "answered" if said.observed else "did not answer"
        return f"after the interruption the unit {answered}"
    released = "it had to be released" if seen.released else "it did not have to be released"
    force, state = _force(seen.force_dn, forces), _state(seen.unit_state)
    showed = "showed" if said.observed else "did not answer, and yet showed"
    return f"after the interruption the unit {showed} {force}, {state}; {released}"


@sentence.register
def _(said: ending.SessionEnded, forces: ForceUnit) -> str:
    reached = {None: "", True: "; a hold was reached", False: "; no hold was reached"}
    dropped = ""
    if said.dropped is not None:
        rows = said.dropped
        dropped = (
            f"; rows that somebody had added were dropped: {rows.dropped_links} links, "
            f"{rows.dropped_events} events, {rows.dropped_samples} samples"
        )
    reason = forces.in_sentence(said.reason)
    return f"the session ended {said.outcome}: {reason}{reached[said.reached_holding]}{dropped}"


# --- words and numbers ----------------------------------------------------------------------------


def _plain(code: str) -> str:
    """Returns a code as words: "taking up slack"."""
    return code.replace("_", " ")


def _force(force_dn: int | None, forces: ForceUnit) -> str:
    return "an unread force" if force_dn is None else forces.with_other(force_dn / 10)


def _rate(rate_dn_per_s: int, forces: ForceUnit) -> str:
    return forces.in_sentence(f"{rate_dn_per_s / 10:z.1f} N/s")


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / MILLISECONDS_PER_SECOND:.3f} s"


def _state(unit_state: int) -> str:
    try:
        return f"unit {_plain(UnitState(unit_state).name.lower())}"
    except ValueError:
        return f"unit in the unknown state {unit_state}"


def _measured(value: int | None, unit: str, forces: ForceUnit) -> str:
    """Returns a recorded value in the unit that people read: 0.1 N as N, ms as s."""
    if value is None:
        return "not a number"
    if unit == "ms":
        return _seconds(value)
    if unit.startswith(TENTHS):
        return forces.in_sentence(f"{value / 10:.1f} {unit.removeprefix(TENTHS)}")
    return f"{value} {unit}".rstrip()


def _whose(by: str, reason: str) -> str:
    return f", by {by}" + (f": {reason}" if reason else "")
