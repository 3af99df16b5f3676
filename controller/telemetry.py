"""What a unit reports and what is sent to it, as values: readings, states, faults, commands.

This module is all that ``controller.safety`` knows of the project. What a unit cannot measure is
``None`` and never 0; a reading that failed is not a reading and has no value of these types.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from typing import Final


class UnitState(IntEnum):
    """Register 0x102 of the reference map."""

    BOOT = 0
    IDLE = 1
    ARMED = 2
    TRACKING = 3
    HOLDING = 4
    RELEASING = 5
    SAFE_LATCHED = 6
    FAULT = 7
    SELF_TEST = 8
    LOCAL = 9


class PatientSwitch(Enum):
    """The switch in the patient's hand."""

    ABSENT = "absent"
    OPEN = "open"
    PRESSED = "pressed"


class Bits(IntFlag):
    """A status word."""

    def has(self, wanted: Bits) -> bool:
        """Returns True if any of the wanted bits is set.

        Uses the integers' own "and": that of IntFlag makes a new member, a hundred thousand times
        in a session.
        """
        return int.__and__(self, wanted) != 0


class UnitFault(Bits):
    """Register 0x104 of the reference map ("bits B")."""

    NONE = 0
    CHANNEL_1_VALID = 1 << 0
    CHANNEL_2_VALID = 1 << 1
    CHANNEL_1_OVERLOAD = 1 << 2
    CHANNEL_2_OVERLOAD = 1 << 3
    CHANNEL_1_OPEN = 1 << 4
    CHANNEL_2_OPEN = 1 << 5
    CHANNELS_DISAGREE = 1 << 6
    CHANNEL_1_STUCK = 1 << 7
    CORD_BREAK = 1 << 8
    OVER_FORCE = 1 << 9
    OVER_RATE = 1 << 10
    MOTOR_HOT = 1 << 11
    SUPPLY_LOW = 1 << 12
    STOP_TEST_DUE = 1 << 13
    CALIBRATION_OVERDUE = 1 << 14
    CONFIGURATION_CORRUPT = 1 << 15


FORCE_FAULTS: Final = (
    UnitFault.CHANNEL_1_OVERLOAD
    | UnitFault.CHANNEL_2_OVERLOAD
    | UnitFault.CHANNEL_1_OPEN
    | UnitFault.CHANNEL_2_OPEN
    | UnitFault.CHANNELS_DISAGREE
    | UnitFault.CHANNEL_1_STUCK
)
"""With one of these bits no force is reliable enough to call a patient free."""


class UnitStatus(Bits):
    """Register 0x103 of the reference map ("bits A")."""

    NONE = 0
    EMERGENCY_STOP_OPEN = 1 << 0
    PATIENT_SWITCH_PRESSED = 1 << 1
    PATIENT_SWITCH_PRESENT = 1 << 2
    MOTOR_ENERGISED = 1 << 3
    BRAKE_ON = 1 << 4
    SAFE_TORQUE_OFF = 1 << 5
    WATCHDOG_ARMED = 1 << 6
    WATCHDOG_EXPIRED = 1 << 7
    STROKE_END_IN = 1 << 8
    STROKE_END_OUT = 1 << 9
    SLACK = 1 << 10
    MOVING = 1 << 11
    AT_SET_POINT = 1 << 12
    LOCAL_TAKEOVER = 1 << 13
    TARE_ACTIVE = 1 << 14
    ACKNOWLEDGE_REQUIRED = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """One accepted reading of a unit.

    Forces in newtons (tension positive), positions in millimetres (cord wound in positive), times
    in seconds. ``taken_at_s`` is the host's monotonic time at which the request was sent minus the
    age that the unit reported, so it is never later than the true time. Age is computed, never
    stored. None is what the unit, or this reading of it, does not report;
    ``controller.safety.coverage`` has the checks that depend on it.
    """

    taken_at_s: float
    sequence_accepted: int | None
    command_result: int | None
    unit_state: UnitState
    status: UnitStatus
    faults: UnitFault
    first_fault_code: int
    force_n: float | None
    second_force_n: float | None
    gross_force_n: float | None
    setpoint_in_effect_n: float | None
    extension_mm: float | None
    speed_mm_per_s: float | None
    motor_current_a: float | None
    sample_number: int | None
    sample_age_s: float
    watchdog_left_s: float | None
    uptime_s: float | None
    newest_event: int | None

    @property
    def patient_switch(self) -> PatientSwitch:
        """The switch as the status bits show it; an absent switch is never "open"."""
        if not self.status.has(UnitStatus.PATIENT_SWITCH_PRESENT):
            return PatientSwitch.ABSENT
        if self.status.has(UnitStatus.PATIENT_SWITCH_PRESSED):
            return PatientSwitch.PRESSED
        return PatientSwitch.OPEN

    @property
    def emergency_stop_open(self) -> bool:
        """True if the emergency stop chain is open (somebody pressed it)."""
        return self.status.has(UnitStatus.EMERGENCY_STOP_OPEN)

    @property
    def tare_n(self) -> float | None:
        """Gross minus net force of channel 1: the tare, newtons."""
        if self.gross_force_n is None or self.force_n is None:
            return None
        return self.gross_force_n - self.force_n

    def age_s(self, now_s: float) -> float:
        """Returns the age of the force sample in seconds at ``now_s`` (monotonic, host)."""
        return now_s - self.taken_at_s


class InstrumentFault(Enum):
    """A fault that an instrument or its profile reports instead of a force.

    A profile may declare single ones (such as an active tare) compatible with a sample; then the
    sample names them.
    """

    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    OPEN_CELL = "open_cell"
    CONVERTER = "converter"
    NOT_CALIBRATED = "not_calibrated"
    REFUSED_REQUEST = "refused_request"
    OTHER_UNIT = "other_unit"
    OTHER_FAMILY = "other_family"
    OTHER_LINE = "other_line"
    CHECKSUM = "checksum"
    ZERO_TRACKING = "zero_tracking"
    COMPRESSION_ONLY = "compression_only"
    PEAK_HOLD = "peak_hold"
    NO_ZERO = "no_zero"
    UNKNOWN_CODE = "unknown_code"
    NO_NUMBER = "no_number"
    OUT_OF_RANGE = "out_of_range"
    SIGN_INVERTED = "sign_inverted"
    DECIMALS_CHANGED = "decimals_changed"
    FROZEN = "frozen"
    TARE_ACTIVE = "tare_active"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceSample:
    """One reading of an instrument: newtons, traction positive, and its raw data.

    ``taken_at_s`` is the host's monotonic time at which its first request was sent, so it is never
    later than the true time. None: the instrument does not report it. ``raw`` has the bytes from
    the wire, in the order of the requests. A reading that failed is no sample: it raises.
    """

    net_n: float
    gross_n: float | None
    taken_at_s: float
    sample_number: int | None
    stable: bool | None
    faults: frozenset[InstrumentFault]
    raw: bytes

    def age_s(self, now_s: float) -> float:
        """Returns the age in seconds at ``now_s`` (monotonic, host)."""
        return now_s - self.taken_at_s


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEvent:
    """One entry of the unit's event ring (0x0410); the key is boot counter + sequence."""

    boot_count: int | None
    sequence: int
    code: int
    uptime_ms: int
    value_1: int
    value_2: int


class CommandKind(Enum):
    """The order of a command; every command expires at the device."""

    OBSERVE = "observe"
    FOLLOW = "follow"
    HOLD = "hold"
    RELEASE = "release"
    RELEASE_FAST = "release_fast"
    CUT_POWER = "cut_power"


RELEASING_KINDS = frozenset({CommandKind.RELEASE, CommandKind.RELEASE_FAST, CommandKind.CUT_POWER})


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceCommand:
    """One order to a unit; ``rate_n_per_s`` 0 means the session's limit.

    A release is sent without its numbers: the session's rate applies.
    """

    kind: CommandKind
    force_n: float = 0.0
    rate_n_per_s: float = 0.0
    ceiling_n: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHealth:
    """The host's figures for the supervisor, measured by the loop; seconds.

    ``exchange_s`` is the duration of this tick's exchange, ``mismatches`` how many answers to other
    requests came in this session (wrong echo, lagging uptime), ``wall_clock_step_s`` how far the
    wall clock went ahead of the monotonic one since the session began. ``console_age_s`` and
    ``station_age_s`` are how long ago those processes were heard, None if there is none.
    """

    lateness_s: float
    tick_s: float
    exchange_s: float
    mismatches: int
    boot_clock_gap_s: float
    wall_clock_step_s: float
    journal_age_s: float
    console_age_s: float | None
    station_age_s: float | None
