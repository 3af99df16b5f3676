"""The unit's side of the line protocol (reference map, B.9): lines in, registers of the firmware.

It parses and writes lines independently of the bridge, which it is used to test. A line with a
wrong checksum or grammar is not answered and does not feed the watchdog.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final

from fastcrc import crc16

from simulator.line.wire import TURNAROUND_S, UnitFirmware
from simulator.map_v1 import (
    COMMAND,
    FAST_RELEASE,
    FORCE,
    HOLD,
    KEEP_ALIVE,
    MEASUREMENT,
    MOTOR_OFF,
    OPEN_TOKEN,
    RELEASE,
    SERVICE,
    SERVICE_LENGTH,
    SESSION,
    SESSION_LENGTH,
    VELOCITY,
    RegisterRefused,
    crc16_of_registers,
)

MOST_CHARACTERS: Final = 96
MOST_REGISTERS: Final = 20
MEASUREMENT_LENGTH: Final = 20
MODES = {
    "K": KEEP_ALIVE,
    "R": RELEASE,
    "F": FORCE,
    "H": HOLD,
    "V": VELOCITY,
    "Q": FAST_RELEASE,
    "O": MOTOR_OFF,
}
WRITABLE = {SESSION: SESSION_LENGTH, SERVICE: SERVICE_LENGTH}
_ORDER = re.compile(
    r"([0-9A-F]{4}),([0-9A-F]{8}),([KRFHVQO]),([+-]\d{4}),(\d{4}),(\d{4})", re.ASCII
)
_READ = re.compile(r"([0-9A-F]{4}),(\d\d)", re.ASCII)
_WRITE = re.compile(r"([0-9A-F]{4}),((?:[0-9A-F]{4}){1,20})")
_OPEN_RELEASE = "Q"


class UnitLines:
    """Implements ``TextInstrument``; ``bad_lines`` counts the lines not answered."""

    answer_s = TURNAROUND_S

    def __init__(self, firmware: UnitFirmware) -> None:
        self.firmware = firmware
        self.bad_lines = 0
        self._kept = b""

    def hear(self, data: bytes, now_s: float) -> list[bytes]:
        """Returns the answers to the lines that ``data`` completes; LF is skipped."""
        *whole, kept = (self._kept + data.replace(b"\n", b"")).split(b"\r")
        self._kept = kept[: MOST_CHARACTERS + 1]
        self.firmware.advance_to(now_s)
        if not self.firmware.powered:
            self._kept = b""
            return []
        answers = [self._answer(line) for line in whole if line]
        self.bad_lines += answers.count(b"")
        return [answer for answer in answers if answer]

    def _answer(self, line: bytes) -> bytes:
        fields = _sound_fields(line)
        if fields is None:
            return b""
        first = line[:1]
        if first == b">":
            return self._obey(fields)
        if first == b"?":
            return self._show(fields)
        return self._take(fields) if first == b"!" else b""

    def _obey(self, fields: str) -> bytes:
        words = _order_words(fields)
        if words is None:
            return b""
        with suppress(RegisterRefused):  # the result in the answer says it
            self.firmware.write_registers(COMMAND, [*words, crc16_of_registers(words)])
        return _order_answer(self.firmware.read_registers(MEASUREMENT, MEASUREMENT_LENGTH))

    def _show(self, fields: str) -> bytes:
        """Answer a read; without registers if the unit does not offer them."""
        match = _READ.fullmatch(fields)
        if match is None or not 1 <= int(match[2]) <= MOST_REGISTERS:
            return b""
        try:
            registers = self.firmware.read_registers(int(match[1], 16), int(match[2]))
        except RegisterRefused:
            registers = []
        return _line("=", f"{match[1]}," + "".join(f"{word:04X}" for word in registers))

    def _take(self, fields: str) -> bytes:
        match = _WRITE.fullmatch(fields)
        if match is None or WRITABLE.get(int(match[1], 16)) != len(match[2]) // 4:
            return b""
        values = [int(match[2][at : at + 4], 16) for at in range(0, len(match[2]), 4)]
        with suppress(RegisterRefused):  # the result in the answer says it
            self.firmware.write_registers(int(match[1], 16), values)
        (result,) = self.firmware.read_registers(MEASUREMENT + 1, 1)
        return _line("!", f"{match[1]},{result}")


def _sound_fields(line: bytes) -> str | None:
    """Returns the text between the first character and ``*``; None for an invalid line."""
    if len(line) > MOST_CHARACTERS or not line.isascii():
        return None
    fields, star, check = line[1:].rpartition(b"*")
    if not star or check != f"{crc16.modbus(fields):04X}".encode("ascii"):
        return None
    return fields.decode("ascii")


def _order_words(fields: str) -> list[int] | None:
    """Returns registers 0x200-0x206 of an order; None if it is invalid."""
    if fields == _OPEN_RELEASE:
        return [OPEN_TOKEN >> 16, OPEN_TOKEN & 0xFFFF, 0, FAST_RELEASE, 0, 0, 0]
    match = _ORDER.fullmatch(fields)
    if match is None:
        return None
    sequence, token, letter, set_point, rate, ceiling = match.groups()
    number = int(token, 16)
    head = [number >> 16, number & 0xFFFF, int(sequence, 16), MODES[letter]]
    return [*head, int(set_point) & 0xFFFF, int(rate), int(ceiling)]


def _order_answer(block: list[int]) -> bytes:
    """Returns ``<`` and the thirteen fields, from the measurement block."""
    sequence, result, state, status, faults, first_fault, *values = block[:11]
    force_1, force_2, set_point, _gross, position = values
    counter, age_ms, left_ms = block[13:16]
    words = ",".join(f"{word:04X}" for word in (status, faults, first_fault))
    tenths = ",".join(_signed(word) for word in (force_1, force_2, set_point, position))
    times = f"{min(age_ms, 9999):04d},{min(left_ms, 9999):04d}"
    return _line("<", f"{sequence:04X},{result},{state},{words},{tenths},{counter:04X},{times}")


def _signed(word: int) -> str:
    """Returns sign and four digits; a larger value is clamped, never shown with the other sign.

    A channel that is not fitted (0x8000) has the lowest value; its bit says that it is not valid.
    """
    number = word - 0x10000 if word & 0x8000 else word
    return f"{max(-9999, min(9999, number)):+05d}"


def _line(first: str, fields: str) -> bytes:
    return f"{first}{fields}*{crc16.modbus(fields.encode('ascii')):04X}\r\n".encode("ascii")
