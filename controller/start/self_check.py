"""The self-check before a start: a list of items, each with a state, never only advice.

Pure: each function judges what was read and returns one item, including whether a failure refuses
the start. ``unit_word`` has the unit's statements on its own safety, ``last_look`` what is known
only directly before the arming. Sources: hazards.md (rows marked R4), session-rules.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from controller.event_details.before_treatment import SelfCheckRecorded
from controller.order.prescription import Prescription
from controller.ports import (
    LastArming,
    PatientFlag,
    UnitCapabilities,
    UnitIdentity,
    WeightTest,
)
from controller.safety.limits import SafetyLimits
from controller.safety.windows import exceeds
from controller.snapshot import SettledCheck
from controller.telemetry import FORCE_FAULTS, PatientSwitch, Telemetry, UnitFault, UnitStatus

ZERO_LIMIT_N: Final = 3.0
"""Maximum force of the free cord."""
ZERO_READINGS: Final = 20
"""Number of consecutive readings judged; a working channel changes at least once in them."""
_UNIT_FAULTS = (
    UnitFault.CORD_BREAK
    | UnitFault.OVER_FORCE
    | UnitFault.OVER_RATE
    | UnitFault.MOTOR_HOT
    | UnitFault.SUPPLY_LOW
    | UnitFault.CONFIGURATION_CORRUPT
)
_UNIT_TROUBLES = UnitStatus.WATCHDOG_EXPIRED | UnitStatus.STROKE_END_IN | UnitStatus.LOCAL_TAKEOVER
"""Status bits A that rule out arming; a parked winch may be at its outer end."""


class CheckState(Enum):
    """The state of an item."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_COVERED = "not_covered"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """One item. ``by`` is who confirmed it, ``todo`` the next step if it is not passed.

    ``numbers`` are the figures behind ``value`` for the record, integers with the unit in the name.
    ``shown`` replaces ``value`` for people, if it has text that must stay out of the evidence.
    """

    name: str
    state: CheckState
    value: str
    by: str = ""
    todo: str = ""
    blocking: bool = True
    numbers: Mapping[str, int] = field(default_factory=dict)
    shown: str = ""

    @property
    def refuses(self) -> bool:
        """True if the session must not start."""
        return self.state is CheckState.FAILED and self.blocking

    def with_numbers(self, numbers: Mapping[str, int]) -> CheckItem:
        """Returns the item with the figures behind its value."""
        return replace(self, numbers=numbers)

    @property
    def recorded(self) -> SelfCheckRecorded:
        """Returns the item as the journal keeps it."""
        return SelfCheckRecorded(
            item=self.name,
            state=self.state.value,
            value=self.value,
            by=self.by,
            todo=self.todo,
            numbers=self.numbers or None,
        )

    @property
    def settled(self) -> SettledCheck:
        """Returns the item as people read it."""
        return SettledCheck(
            name=self.name,
            state=self.state.value,
            value=self.shown or self.value,
            by=self.by,
            todo=self.todo,
            refuses=self.refuses,
        )

    @property
    def text(self) -> str:
        """Returns the item on one line for people."""
        return self.settled.text


def judged(name: str, good: bool, value: str, todo: str, *, blocking: bool = True) -> CheckItem:
    """Returns an item that passes or fails; only a failed one has ``todo``."""
    if good:
        return CheckItem(name=name, state=CheckState.PASSED, value=value)
    return CheckItem(name=name, state=CheckState.FAILED, value=value, todo=todo, blocking=blocking)


def identity_item(identity: UnitIdentity) -> CheckItem:
    """Returns the device's identity; a wrong device is refused earlier."""
    value = (
        f"{identity.model}, serial {identity.serial_number}, unit {identity.unit_id}, "
        f"firmware {identity.firmware}"
    )
    return judged("unit_identity", True, value, "")


def firmware_item(identity: UnitIdentity, last: LastArming | None) -> CheckItem:
    """Row 49: the same firmware as when the unit was last armed from here.

    A change does not refuse by itself: a person confirms its stop test and weight test.
    """
    value = f"{identity.firmware}, CRC 0x{identity.firmware_crc:08X}"
    if last is None:
        todo = "the unit was not armed from here before: there is nothing to compare it with"
        return CheckItem(name="firmware", state=CheckState.NOT_COVERED, value=value, todo=todo)
    same = identity.firmware_crc == last.firmware_crc
    before = f"was {last.firmware}, CRC 0x{last.firmware_crc:08X} on {last.armed_on}"
    todo = "do the stop test and the weight test with this firmware"
    return judged("firmware", same, value if same else f"{value}; {before}", todo, blocking=False)


def calibration_item(
    identity: UnitIdentity, reading: Telemetry, today: str, *, verified: bool
) -> CheckItem:
    """Row 11. ``today`` is an ISO date. Only a verified unit is refused: others treat nobody."""
    overdue = today > identity.calibration_due or bool(
        reading.faults & UnitFault.CALIBRATION_OVERDUE
    )
    value = f"{identity.calibrated_on}, due {identity.calibration_due}"
    todo = "have the unit calibrated"
    return judged("calibration", not overdue, value, todo, blocking=verified)


def commissioning_item(test: WeightTest, *, verified: bool) -> CheckItem:
    """Row 11: a force that is wrong on every channel alike shows only with a known weight.

    A unit for patients is refused without a valid test; for any other one a person is asked.
    """
    numbers = {} if test.days_left is None else {"days_left": test.days_left}
    todo = "do the weight test: `traction commission ADDRESS`"
    item = judged("commissioning", test.valid, test.text, todo, blocking=verified)
    return item.with_numbers(numbers)


def stop_test_item(capabilities: UnitCapabilities, reading: Telemetry) -> CheckItem:
    """The daily stop-switch test; the unit itself refuses to arm when it is due."""
    due = bool(reading.faults & UnitFault.STOP_TEST_DUE)
    value = f"{capabilities.days_since_stop_test} days ago"
    return judged("stop_test", not due, value, "do the stop-switch test on the frame")


def emergency_stop_item(reading: Telemetry) -> CheckItem:
    """Row 23."""
    opened = reading.emergency_stop_open
    value = "open" if opened else "closed"
    todo = "emergency stop open: release the button"
    return judged("emergency_stop", not opened, value, todo)


def patient_switch_item(reading: Telemetry) -> CheckItem:
    """Rows 19 and 21; the press for the test comes later, so only absence refuses here."""
    switch = reading.patient_switch
    there = switch is not PatientSwitch.ABSENT
    return judged("patient_switch", there, switch.value, "patient switch absent: plug it in")


def readings_item(readings: Sequence[Telemetry], now_s: float) -> CheckItem:
    """Row 5: the latest sample is recent, and new ones keep coming; ``readings`` is not empty."""
    stale_s, newest = SafetyLimits().stale_s, readings[-1]
    same_since = newest
    for reading in reversed(readings):
        if reading.sample_number != newest.sample_number:
            break
        same_since = reading
    unchanged_s = _asked_at_s(newest) - _asked_at_s(same_since)
    age_s = newest.age_s(now_s)
    good = not exceeds(age_s, stale_s) and not exceeds(unchanged_s, stale_s)
    value = f"newest sample {age_s * 1000:.0f} ms old, the same for {unchanged_s * 1000:.0f} ms"
    return judged("readings", good, value, "have the unit's force channel or the gateway checked")


def _asked_at_s(reading: Telemetry) -> float:
    return reading.taken_at_s + reading.sample_age_s


def unit_faults_item(reading: Telemetry) -> CheckItem:
    """The unit reports no faults besides those with an item of their own."""
    faults, troubles = reading.faults & _UNIT_FAULTS, reading.status & _UNIT_TROUBLES
    good = not faults and not troubles and not reading.first_fault_code
    words = [str(bit.name).lower().replace("_", " ") for bit in (*faults, *troubles)]
    if reading.first_fault_code:
        words.append(f"first fault {reading.first_fault_code}")
    value = ", ".join(words) or "none"
    return judged("unit_faults", good, value, "clear the cause at the unit, then start again")


def force_channels_item(capabilities: UnitCapabilities, reading: Telemetry) -> CheckItem:
    """Rows 7, 8 and 9: every fitted channel is valid and they agree."""
    bad = reading.faults & FORCE_FAULTS
    fitted = [reading.force_n, *[reading.second_force_n] * capabilities.second_channel]
    known = [force_n for force_n in fitted if force_n is not None]
    todo = "check the load cells and their cables"
    if bad or len(known) < len(fitted):
        return judged("force_channels", False, f"faults 0x{int(bad):04X}", todo)
    apart_n = max(known) - min(known)
    agree = not exceeds(apart_n, SafetyLimits().disagree_n)
    value = "all fitted channels valid" if agree else f"channels {apart_n:z.1f} N apart"
    return judged("force_channels", agree, value, todo)


def shown_force_n(capabilities: UnitCapabilities, reading: Telemetry) -> float | None:
    """Returns the largest force of any fitted channel, with or without the tare, newtons.

    None if one of them has no valid value.
    """
    second = [reading.second_force_n] * capabilities.second_channel
    shown = [reading.force_n, reading.gross_force_n, *second]
    known = [abs(force_n) for force_n in shown if force_n is not None]
    return max(known) if len(known) == len(shown) else None


def second_channel_item(capabilities: UnitCapabilities) -> CheckItem:
    """A unit with one channel cannot see its own drift or gain error."""
    if capabilities.second_channel:
        return judged("second_channel", True, "fitted", "")
    return CheckItem(
        name="second_channel",
        state=CheckState.NOT_COVERED,
        value="not fitted",
        todo="drift and gain of the force channel are not supervised on this unit",
    )


def zero_item(forces_n: Sequence[float | None], *, shows_noise: bool) -> CheckItem:
    """Rows 6 and 7: the free cord shows no force, and a channel with noise is working."""
    known = [force_n for force_n in forces_n if force_n is not None]
    if len(known) < len(forces_n) or not known:
        return judged("zero", False, "no valid force", "check the load cell's cable")
    largest_n = max(known, key=abs)
    if abs(largest_n) > ZERO_LIMIT_N:
        todo = f"free the cord or set the tare: at most {ZERO_LIMIT_N:g} N is right"
        return judged("zero", False, f"{largest_n:z.1f} N", todo)
    if len(set(known)) == 1 and not shows_noise:
        return CheckItem(
            name="zero",
            state=CheckState.NOT_COVERED,
            value=f"{largest_n:z.1f} N, and the display stands still",
            todo="that the force channel is alive is only seen when the force moves",
        )
    if len(set(known)) == 1:
        todo = "the reading does not move at all: have the force channel checked"
        return judged("zero", False, f"{largest_n:z.1f} N without noise", todo)
    alive = ", with noise" if shows_noise else ""
    return judged("zero", True, f"at most {abs(largest_n):z.1f} N{alive}", "")


def gross_zero_n(gross_n: Sequence[float | None]) -> float | None:
    """Returns the mean of the readings without the tare, to 0.1 N; None if one is missing."""
    known = [force_n for force_n in gross_n if force_n is not None]
    return round(sum(known) / len(known), 1) if known and len(known) == len(gross_n) else None


def gross_zero_item(zero_n: float | None, last: LastArming | None) -> CheckItem:
    """Row 7 between sessions: a tare hides a drift of the cell, but not in this reading.

    A shift does not refuse by itself: a person confirms a weight test.
    """
    value = "not measured" if zero_n is None else f"{zero_n:z.1f} N without the tare"
    before_n = None if last is None else last.gross_zero_n
    if zero_n is None or last is None or before_n is None:
        todo = "there is nothing to compare: no zero of an earlier session or of this one"
        return CheckItem(name="gross_zero", state=CheckState.NOT_COVERED, value=value, todo=todo)
    same = not exceeds(abs(zero_n - before_n), SafetyLimits().zero_shift_n)
    before = f"was {before_n:z.1f} N on {last.armed_on}"
    todo = "have the force channel checked with a weight"
    return judged("gross_zero", same, f"{value}; {before}", todo, blocking=False)


def limits_item(order: Prescription, capabilities: UnitCapabilities) -> CheckItem:
    """Row 39: the order against region, unit and patient; one above them is refused earlier."""
    hard_n = order.hard_limit_n
    mass = "not given" if order.body_mass_kg is None else f"{order.body_mass_kg:g} kg"
    value = (
        f"ordered {order.hold_force_n:g} N, at most {order.force_limit_n:g} N; region "
        f"{hard_n:g} N, unit {capabilities.rated_force_n:g} N, confirmation above "
        f"{order.soft_limit_n:g} N, {order.table_text}, body mass {mass}"
    )
    good = order.force_limit_n <= min(hard_n, capabilities.rated_force_n)
    return judged("limits", good, value, "lower the order or choose another unit")


def table_items(order: Prescription) -> list[CheckItem]:
    """Row 44: the cord's cell cannot see what a friction table keeps in the body.

    None for an order that is asked about: an answer confirms a table that moves with the body.
    """
    if order.table_is_asked:
        return []
    todo = (
        "up to half of the force may stay in the body after the release: help the patient to "
        "move on the table"
    )
    return [
        CheckItem(name="table", state=CheckState.NOT_COVERED, value=order.table_text, todo=todo)
    ]


def screening_item(screening: str, *, verified: bool) -> CheckItem:
    """The contraindication screen, attested in the order; its text is not recorded here."""
    if screening.strip():
        return CheckItem(
            name="screening", state=CheckState.CONFIRMED, value="attested in the order"
        )
    return CheckItem(
        name="screening",
        state=CheckState.FAILED if verified else CheckState.NOT_COVERED,
        value="not attested",
        todo="say in the order's key screening who screened the patient, with the result",
    )


def flag_items(flags: Sequence[PatientFlag]) -> list[CheckItem]:
    """The patient's lasting flags, each shown in words that stay out of the evidence.

    A flag that says "do not treat" refuses on every unit, and no answer passes it (decision 0265).
    """
    return [
        CheckItem(
            name=f"lasting_flag_{flag.number}",
            state=CheckState.FAILED if flag.refuses else CheckState.NOT_COVERED,
            value="do not treat this region" if flag.refuses else "told in words",
            shown=flag.words,
            todo=(
                "treat another region, or have a named person end the flag with a reason"
                if flag.refuses
                else "treat with it in mind"
            ),
        )
        for flag in flags
    ]


def press_test_item(seen: bool, *, limit_s: float, verified: bool) -> CheckItem:
    """Row 20: the press was seen in readings; nothing else counts."""
    if seen:
        return judged("press_test", True, "pressed and released", "")
    return CheckItem(
        name="press_test",
        state=CheckState.FAILED if verified else CheckState.NOT_COVERED,
        value=f"the patient switch was not seen pressed and released within {limit_s:g} s",
        todo="have the patient press it and start again",
    )


def stuck_switch_item(pressed_s: float) -> CheckItem:
    """Row 19: a switch that stays pressed cannot stop anything."""
    value = f"pressed for {pressed_s:g} s"
    todo = "have the patient let the switch go; if it stays pressed, have it repaired"
    return judged("patient_switch", False, value, todo)


def confirmed_item(name: str, value: str, by: str) -> CheckItem:
    """Returns the item that no sensor sees and a person (or a script) has confirmed."""
    return CheckItem(name=name, state=CheckState.CONFIRMED, value=value, by=by)
