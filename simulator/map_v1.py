"""Numbers of reference map v1 as the device knows them, and the device's own CRC.

Source of every number: reference map, B.3-B.7. The bridge has its own copy on purpose: each side is
tested against byte examples written out by hand, so that an error in one cannot hide in the other.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import Final

from fastcrc import crc16


class State(IntEnum):
    """Register 0x102."""

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


class Result(IntEnum):
    """Register 0x101."""

    NONE = 0
    ACCEPTED = 1
    REPEAT = 2
    OUT_OF_RANGE = 3
    WRONG_STATE = 4
    WRONG_TOKEN = 5
    NOT_ARMED = 6
    SEQUENCE_ERROR = 7
    CRC_ERROR = 8


class ExceptionCode(IntEnum):
    """Modbus exception codes that the unit uses (reference map, B.4)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    BUSY = 6


class EventCode(IntEnum):
    """Codes of the event ring (reference map, B.6).

    35 is this unit's own: the map names the event "force still on" without a number (B.5).
    """

    BOOT = 1
    ARMED = 2
    DISARMED = 3
    SWITCH_PRESSED = 10
    SWITCH_RELEASED = 11
    SWITCH_UNPLUGGED = 12
    SWITCH_PLUGGED = 13
    EMERGENCY_STOP_OPEN = 20
    EMERGENCY_STOP_CLOSED = 21
    WATCHDOG_EXPIRED = 30
    BAD_TOKEN = 31
    SEQUENCE_GAP = 32
    RANGE_REFUSAL = 33
    CRC_REFUSAL = 34
    FORCE_STILL_ON = 35
    OVER_FORCE = 40
    OVER_RATE = 41
    CORD_BREAK = 42
    SLACK = 43
    STROKE_END = 44
    CHANNELS_DISAGREE = 45
    CELL_OPEN = 46
    CELL_STUCK = 47
    TARE = 60
    CONFIGURATION_CHANGED = 70


class Refusal(IntFlag):
    """Register 0x30C. The map leaves the bits to the maker; these are this unit's.

    === ==============================  === ==============================
    bit why arming was refused          bit why arming was refused
    === ==============================  === ==============================
    0   patient switch absent           6   latched fault, acknowledge first
    1   patient switch pressed          7   wrong state (not idle)
    2   emergency stop open             8   block CRC
    3   a fitted channel is not valid   9   a limit is out of range
    4   abs(force) > 20 N               10  key is not 0xA5A5
    5   stop test due
    === ==============================  === ==============================
    """

    NONE = 0
    SWITCH_ABSENT = 1 << 0
    SWITCH_PRESSED = 1 << 1
    EMERGENCY_STOP_OPEN = 1 << 2
    CHANNEL_INVALID = 1 << 3
    FORCE_ON = 1 << 4
    STOP_TEST_DUE = 1 << 5
    LATCHED_FAULT = 1 << 6
    WRONG_STATE = 1 << 7
    CRC = 1 << 8
    LIMIT_OUT_OF_RANGE = 1 << 9
    WRONG_KEY = 1 << 10


class RegisterRefused(Exception):
    """The request is answered with a Modbus exception, and nothing of it was applied."""

    def __init__(self, exception_code: ExceptionCode) -> None:
        super().__init__(f"exception {int(exception_code):02d}")
        self.exception_code = exception_code


# Commands (0x203)
KEEP_ALIVE, RELEASE, FORCE, HOLD, VELOCITY, FAST_RELEASE, MOTOR_OFF = range(7)
OPEN_TOKEN: Final = 0xFFFFFFFF

# Block addresses and lengths in registers
IDENTIFICATION, CAPABILITY, MEASUREMENT = 0x0000, 0x0020, 0x0100
COMMAND, COMMAND_LENGTH = 0x0200, 8
SESSION, SESSION_LENGTH, SESSION_ANSWER = 0x0300, 10, 0x030A
EVENT_HEADER, EVENT_ENTRIES = 0x0400, 0x0410
SERVICE, SERVICE_LENGTH = 0x0600, 4


def crc16_of_registers(registers: Sequence[int]) -> int:
    """Returns the CRC over the registers' bytes in wire order, as a register's number (B.10)."""
    return crc16.modbus(struct.pack(f">{len(registers)}H", *registers))
