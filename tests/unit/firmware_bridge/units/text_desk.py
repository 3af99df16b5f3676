"""The unit in memory behind lines of text, written out by hand, and its driver."""

from __future__ import annotations

from firmware_bridge.ascii.unit_link import UnitTextLink
from firmware_bridge.line.answers import Guard
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import serial_times
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import shipped_profile
from firmware_bridge.units.ascii_unit import AsciiUnit, identify_ascii_unit
from tests.unit.firmware_bridge.line.bus import text_line
from tests.unit.firmware_bridge.scripted import DeskUnit, crc

MODES = {b"K": 0, b"R": 1, b"F": 2, b"H": 3, b"Q": 5, b"O": 6}


class TextDesk(DeskUnit):
    """``DeskUnit`` on lines. ``refuse`` are results instead of exceptions; only CR ends a line.

    ``lines``: what came, line by line. ``tokenless`` is how often the release of whoever comes was
    heard.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[bytes] = []
        self.tokenless = 0
        self._held = b""

    def on_lines(self, *, may_arm: bool = True) -> AsciiUnit:
        """The driver on this unit."""
        profile, digest = shipped_profile("reference_v1", TractionUnitProfile)
        line = Line(self.port, self.clock, serial_times(115200))
        link = UnitTextLink(line, timeout_s=0.04, guard=Guard.DATED)
        return identify_ascii_unit(link, profile, digest, tick_s=0.05, may_arm=may_arm)

    def answer(self, frame: bytes) -> bytes:
        """What comes back for the lines that these bytes complete."""
        if self.lose and self.lose.pop(0):
            return b""
        self.clock.time_s += 0.002
        *lines, self._held = (self._held + frame.replace(b"\n", b"")).split(b"\r")
        answer = b"".join(self._served(line) for line in lines)
        return b"" if self.swallow and self.swallow.pop(0) else answer

    def _served(self, line: bytes) -> bytes:
        fields, _, check = line[1:].rpartition(b"*")
        if b"%04X" % crc(fields) != check:
            return b""
        self.lines.append(line)
        if line[:1] == b"?":
            words = self._image(int(fields[:4], 16))[: int(fields[5:])]
            if fields == b"0014,12":
                words = self.identity[20:]
            if fields == b"0034,04":
                words = self.capability[20:]
            return text_line(b"=", fields[:5] + b"".join(b"%04X" % word for word in words))
        result = self.refuse.pop(0) if self.refuse else 1
        if line[:1] == b"!":
            if result == 1:
                address, digits = int(fields[:4], 16), fields[5:]
                self.write(address, [int(digits[i : i + 4], 16) for i in range(0, len(digits), 4)])
            return text_line(b"!", fields[:5] + b"%d" % result)
        return self._obeyed(fields, result)

    def _obeyed(self, fields: bytes, result: int) -> bytes:
        if fields == b"Q":
            self.tokenless += 1
        elif not self.knows_token:
            result = 6
        elif result == 1:
            sequence, _token, letter, force, rate, ceiling = fields.split(b",")
            self.sequence = int(sequence, 16)
            self.commands.append(
                [self.sequence, MODES[letter], int(force), int(rate), int(ceiling)]
            )
        return text_line(b"<", self._order_answer(result))

    def _order_answer(self, result: int) -> bytes:
        return b"%04X,%d,%d,0004,%04X,0000,+1019,%+05d,+1023,+0365,5F21,0004,0488" % (
            self.sequence + self.sequence_shift,
            result,
            self.state,
            self.faults,
            -9999 if self.force_2 == 0x8000 else self.force_2,
        )
