"""Events of a session in words: numbers of the log, names and reasons of people."""

from __future__ import annotations

from collections.abc import Callable

from controller.event_details.before_treatment import SelfCheckRecorded
from controller.event_details.treatment import CheckInRecorded, PhaseChanged, RemarkRecorded
from controller.order.force_unit import ForceUnit
from records.note.delivered_dose import RecordedStop
from records.note.events import Adjustment, RecordedPause
from records.store.canonical import StoredEvent

PASSED, FAILED, CONFIRMED = "passed", "failed", "confirmed"


def newtons(force_dn: int | None) -> str | None:
    """Returns tenths of a newton as "102.3 N (23.0 lbf)"."""
    if force_dn is None:
        return None
    return ForceUnit.NEWTON.with_other(force_dn / 10)


When = Callable[[int], str]
"""A moment of the session's axis, milliseconds, in the form of a text."""


def since_traction_text(at_ms: int, began_ms: int | None) -> str:
    """Returns the second axis of every screen, note and plot: "05:02 after traction began"."""
    if began_ms is None:
        return "no traction"
    seconds = abs(at_ms - began_ms) // 1000
    before_or_after = "after" if at_ms >= began_ms else "before"
    return f"{seconds // 60:02}:{seconds % 60:02} {before_or_after} traction began"


def clock_text(milliseconds: int) -> str:
    """Returns milliseconds as "12 min 34 s"."""
    seconds = milliseconds // 1000
    return f"{seconds // 60} min {seconds % 60} s"


def _seconds(milliseconds: int) -> str:
    """Returns milliseconds in hundredths of a second, half up: no binary fraction decides."""
    hundredths = (milliseconds + 5) // 10
    return f"{hundredths // 100}.{hundredths % 100:02}"


def stop_text(stop: RecordedStop, when: When) -> str:
    """Returns one stop in words and numbers of the device."""
    force = newtons(stop.force_dn) or "not read"
    released = (
        "not seen to fall to 15 N"
        if stop.to_15_n_ms is None
        else f"{_seconds(stop.to_15_n_ms)} s to 15 N"
    )
    return f"{stop.cause} at {when(stop.at_ms)}; force then {force}; {released}"


def adjustment_text(change: Adjustment, when: When) -> str:
    """Returns one change of force in words and numbers of the log."""
    which = f"{change.force} " if change.force else ""
    forces = f"{newtons(change.old_force_dn)} to {newtons(change.new_force_dn)}"
    return f"{when(change.at_ms)}: {which}{forces}{_whose(change.by, change.reason)}"


def pause_text(pause: RecordedPause, when: When) -> str:
    """Returns one pause in words and numbers of the log."""
    length = "" if pause.ended_ms is None else f" for {clock_text(pause.length_ms)}"
    return f"at {when(pause.began_ms)}{length}{_whose(pause.by, pause.reason)}"


def steps_text(made: list[StoredEvent]) -> str:
    """Returns forces of the steps by their stage: "progressive 44.3 N (10.0 lbf)"."""
    changes = [event.said(PhaseChanged) for event in made]
    return "; ".join(
        f"{stage} {', '.join(_target(each) for each in changes if each.stage == stage)}"
        for stage in dict.fromkeys(change.stage for change in changes)
    )


def self_check_text(made: list[StoredEvent]) -> str:
    """Returns how many items passed, and each one that a person confirmed or nobody checked."""
    return _self_check_text(made, _confirmed)


def self_check_text_as_signed(made: list[StoredEvent]) -> str:
    """Returns the same as in notes signed while the order's screening text was given as a name."""
    return _self_check_text(made, lambda check: f" by {check.by}" if check.by else "")


def _self_check_text(made: list[StoredEvent], confirmed: Callable[[SelfCheckRecorded], str]) -> str:
    last = {check.item: check for check in _checks(made)}
    by_state: dict[str, list[str]] = {}
    for name, check in last.items():
        state = check.state.replace("_", " ") + confirmed(check)
        by_state.setdefault(state, []).append(name.replace("_", " "))
    return "; ".join(
        f"{len(items)} items {state}" if state == PASSED else f"{state}: {', '.join(items)}"
        for state, items in by_state.items()
    )


def _confirmed(check: SelfCheckRecorded) -> str:
    """Returns who confirmed an item; older records have the order's screening text as a name."""
    if check.item == "screening":
        return " in the order" if check.state == CONFIRMED else ""
    return f" by {check.by}" if check.by else ""


def table_text(made: list[StoredEvent]) -> str | None:
    """Returns what the patient lay on, according to the self-check; None in older records."""
    found = [check for check in _checks(made) if check.item == "table"]
    if not found:
        return None
    table = found[-1]
    if table.by:
        return f"{table.value}, confirmed by {table.by}"
    return f"{table.value}: force may stay in the body behind the release"


def clock_doubt_text(made: list[StoredEvent]) -> str | None:
    """Returns what spoke against the workstation's clock, and who started nevertheless."""
    found = [check for check in _checks(made) if check.item == "clock"]
    doubts = [check.value for check in found if check.state == FAILED]
    if not doubts:
        return None
    by = found[-1].by
    return f"in doubt: {doubts[-1]}" + (f"; confirmed by {by}" if by else "")


def _checks(made: list[StoredEvent]) -> list[SelfCheckRecorded]:
    return [event.said(SelfCheckRecorded) for event in made]


def _target(change: PhaseChanged) -> str:
    return newtons(change.target_dn) or ""


def _whose(by: str, reason: str) -> str:
    return (f" by {by}" if by else "") + (f" ({reason})" if reason else "")


def check_in_text(event: StoredEvent, when: When) -> str:
    """Returns when somebody checked on the patient, and who."""
    return f"{when(event.at_ms)}: {event.said(CheckInRecorded).by}"


def remark_text(event: StoredEvent, when: When) -> str:
    """Returns when somebody made a remark for the record, who and what."""
    remark = event.said(RemarkRecorded)
    said = f": {remark.text}" if remark.text else ""
    return f"{when(event.at_ms)}: {remark.by}{said}"
