"""Items that only the last look before the arming can judge: what has happened since the yes.

Pure, like ``self_check``, whose items are judged again with these (decision 0130).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.safety.limits import SafetyLimits
from controller.safety.windows import exceeds
from controller.start.self_check import CheckItem, CheckState, judged
from controller.telemetry import PatientSwitch, Telemetry

PRESS_TEST_VALID_S: Final = 300.0
"""A press test is valid for as long as a patient may be left without a check-in (5 min)."""
START_VALID_S: Final = 30.0
"""From the yes to the arming: time for a slow disk (5 s) and for the zero to settle (10 s)."""
_HARMLESS_EVENTS = frozenset({11, 13, 21, 61})
"""Switch released or plugged in, emergency stop closed, stop test passed (map, event ring)."""
_EVENT_WORDS = {
    10: "patient switch pressed",
    12: "patient switch unplugged",
    20: "emergency stop opened",
    60: "tare set",
    70: "configuration changed",
}
_START_AGAIN: Final = "look at patient and unit, then start again"


def switch_open_item(reading: Telemetry) -> CheckItem:
    """Rows 18 and 19: a patient who presses now wants no traction."""
    switch = reading.patient_switch
    good = switch is PatientSwitch.OPEN
    return judged("patient_switch_open", good, switch.value, _START_AGAIN)


def events_item(codes: Sequence[int], *, all_read: bool, told: bool = True) -> CheckItem:
    """Judges the unit's events since the start was asked about, even a short press.

    ``told``: the unit reports events.
    """
    if not told:
        todo = "check whether the patient pressed the switch meanwhile"
        return CheckItem(
            name="events_since_yes",
            state=CheckState.NOT_COVERED,
            value="the unit tells no events",
            todo=todo,
        )
    if not all_read:
        value = "the unit's newest events could not be read"
        return judged("events_since_yes", False, value, "check the line, then start again")
    bad = [
        _EVENT_WORDS.get(code, f"event {code}") for code in codes if code not in _HARMLESS_EVENTS
    ]
    return judged("events_since_yes", not bad, ", ".join(bad) or "none", _START_AGAIN)


def zero_kept_item(before_n: float | None, now_n: float | None) -> CheckItem:
    """Row 7: the zero without the tare is still the one that people were asked about."""
    if before_n is None and now_n is None:
        todo = "the reading without the tare is not measured on this unit"
        return CheckItem(
            name="zero_kept", state=CheckState.NOT_COVERED, value="not measured", todo=todo
        )
    if before_n is None or now_n is None:
        value = "measured at one of the two looks only"
        return judged("zero_kept", False, value, "check the load cell's cable, then start again")
    kept = not exceeds(abs(now_n - before_n), SafetyLimits().zero_shift_n)
    value = f"{now_n:z.1f} N without the tare, {before_n:z.1f} N at the self-check"
    return judged("zero_kept", kept, value, "free the cord, then start again")


def press_test_item(age_s: float | None) -> CheckItem:
    """Row 20: the press belongs to this patient, now; None: not seen, and a person was asked."""
    if age_s is None:
        return CheckItem(
            name="press_test_age",
            state=CheckState.NOT_COVERED,
            value="not press-tested",
            todo="have the patient press the switch and start again",
        )
    value = f"{age_s:.0f} s ago, at most {PRESS_TEST_VALID_S:g} s"
    recent = not exceeds(age_s, PRESS_TEST_VALID_S)
    return judged("press_test_age", recent, value, "start again and have the patient press it")


def yes_item(age_s: float) -> CheckItem:
    """The yes to the start is recent; later nobody expects traction any more."""
    value = f"{age_s:.1f} s ago, at most {START_VALID_S:g} s"
    return judged("yes_to_start", not exceeds(age_s, START_VALID_S), value, "start again")


def summary_item(items: int, took_s: float) -> CheckItem:
    """Returns the record that the last look was taken."""
    took_ms = round(took_s * 1000)
    return judged(
        "last_look", True, f"{items} items, the last of them on a reading before the arming", ""
    ).with_numbers({"items": items, "took_ms": took_ms})
