"""Damages answers of Modbus units, gauges and units on lines; a judge knows no line's code.

A tick is one exchange whose answer is damaged, cut into pieces and delayed. After it the line must
give a right value within two ticks. What the judge accepts as an answer is written out by hand
here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from controller.errors import LinkError, UnitRejected
from firmware_bridge.ascii.endings import LineEnd
from firmware_bridge.ascii.talker import AsciiTalker
from firmware_bridge.ascii.unit_link import UnitTextLink
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming, TcpFraming
from tests.unit.firmware_bridge.line.bus import text_line
from tests.unit.firmware_bridge.scripted import JumpingClock, ScriptedPort, crc, framed

KINDS: Final = ("rtu", "tcp", "ascii", "unit")
TICK_S: Final = 0.050
TIMEOUT_S: Final = 0.040
UNIT: Final = 1
LONGEST_DELAY_S: Final = 0.030
NEW_LINE_AFTER: Final = 200
CLEAN_TICKS: Final = 2

Damage = Callable[[bytes, random.Random], bytes]


class Missed(Exception):
    """A value was accepted that no right answer states, or no right one came after the damage."""


class FuzzedWire:
    """A line, a talker, and a hand-written unit whose answers are damaged on demand."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock = JumpingClock()
        self.port = ScriptedPort(self._answered, self.clock)
        times = NO_WIRE if kind == "tcp" else serial_times(38400)
        self.line = Line(self.port, self.clock, times, numbered=kind == "tcp")
        framing = TcpFraming() if kind == "tcp" else RtuFraming()
        self.link = ModbusLink(
            self.line, framing, unit=UNIT, functions=FUNCTIONS, timeout_s=TIMEOUT_S
        )
        self.unit_link = UnitTextLink(self.line, timeout_s=TIMEOUT_S)
        self.asker = AsciiTalker(self.line, end=LineEnd(terminator=b"\r\n"), timeout_s=TIMEOUT_S)
        self.ticks = 0
        self.true = self.delivered = b""
        self._left = False
        self._source: random.Random | None = None

    def damaged(self, source: random.Random) -> str:
        """Run one damaged exchange and the clean ones after it; returns how it ended.

        Raises Missed, and any exception of the line other than a LinkError.
        """
        outcome = self._exchange(source, damage=True)
        self.line.settle()
        for _ in range(CLEAN_TICKS):
            if self._exchange(source, damage=False) == "taken":
                return outcome
        raise Missed(f"{self.kind}: no good exchange within {CLEAN_TICKS} ticks of {outcome}")

    def _exchange(self, source: random.Random, *, damage: bool) -> str:
        self.ticks += 1
        self.clock.sleep_until(1000.0 + self.ticks * TICK_S)
        self.ticks = max(self.ticks, int((self.clock.time_s - 1000.0) / TICK_S))
        self._source = source if damage else None
        begun_s, self._left = self.clock.time_s, self.delivered != self.true
        try:
            value = self._ask(source)
        except LinkError as error:
            self._check_ended(begun_s)
            self._check_refusal(error)
            return f"refused: {type(error).__name__}"
        self._check_ended(begun_s)
        if value != self._right_value():
            raise Missed(f"{self.kind}: {value.hex()} was taken of {self.delivered.hex()}")
        if self.delivered[: len(self.true)] == self.true or self.kind == "tcp":
            return "taken"
        if self.kind == "ascii":
            return "taken: another line of text, which the instrument's grammar judges"
        return "taken: other bytes whose check sum is right by chance"

    def _check_ended(self, begun_s: float) -> None:
        if self.clock.time_s - begun_s > 5 * TIMEOUT_S:
            raise Missed(f"{self.kind}: an exchange took {self.clock.time_s - begun_s:.3f} s")

    def _check_refusal(self, error: LinkError) -> None:
        """Check that no right answer is refused, and that a refusal of the unit was really sent.

        On TCP a connection without suspicion is not checked before a request, so an earlier damage
        that is left on it costs the next exchange. On lines of text a right answer may be refused
        for what came with it.
        """
        if self.kind in ("ascii", "unit"):
            return
        if isinstance(error, UnitRejected):
            body = self._body(self.delivered)
            said = body[:2] == bytes([UNIT, self._head(self._body(self.true))[1] | 0x80])
            if not said or (self.kind == "rtu" and crc(body[:5])):
                raise Missed(f"{self.kind}: {error} was taken of {self.delivered.hex()}")
        elif self.kind == "tcp" and self._left:
            return
        elif self._right_value() is not None and "two answers" not in error.message:
            raise Missed(f"{self.kind}: {self.delivered.hex()} was refused: {error}")

    def _body(self, frame: bytes) -> bytes:
        return frame[6:] if self.kind == "tcp" else frame

    def _ask(self, source: random.Random) -> bytes:
        if self.kind == "ascii":
            return self.asker.ask(b"?\r")
        if self.kind == "unit":
            return self._ask_unit(source)
        function, address = source.choice((3, 4, 16, 23)), source.randrange(0x1000)
        count = source.choice((1, 2, 3, 20, 60))
        if function == 16:
            self.link.write_registers(16, address, [7] * count)
            return b""
        if function == 23:
            return self.link.read_write_registers(address, count, 0x200, [1, 2, 3])
        return self.link.read_registers(function, address, count)

    def _ask_unit(self, source: random.Random) -> bytes:
        what, address = source.choice("?!>"), source.randrange(0x1000)
        if what == "?":
            return self.unit_link.read_registers(3, address, source.choice((1, 2, 3, 20)))
        if what == "!":
            self.unit_link.write_registers(16, address, [7] * source.choice((4, 10)))
            return b""
        values = self.unit_link.order(f"{address:04X},7F31A2C4,F,+1023,0100,1200")
        return b"%d %d" % (values["sequence"], values["force_1"])

    # --- the unit ---------------------------------------------------------------------------

    def _answered(self, request: bytes) -> bytes:
        self.true = self._true_answer(request)
        if self._source is None:
            self.delivered = self.true
            return self.true
        source = self._source
        self.delivered = source.choice(DAMAGES)(self.true, source)
        if source.random() < 0.1:
            self.delivered = request + self.delivered
        delay_s = 0.0
        for piece in _pieces(self.delivered, source):
            self.port.comes(piece, delay_s)
            delay_s = min(LONGEST_DELAY_S, delay_s + source.choice((0.0, 0.001, 0.016)))
        return b""

    def _true_answer(self, request: bytes) -> bytes:
        if self.kind == "ascii":
            return b"%+07.2f N\r\n" % (self.ticks % 1000 / 7)
        if self.kind == "unit":
            return self._true_line(request.removeprefix(b"?\r"))
        pdu = request[7:] if self.kind == "tcp" else request[1:-2]
        body = bytes([UNIT, *self._pdu(pdu)])
        if self.kind == "tcp":
            return request[:4] + len(body).to_bytes(2, "big") + body
        return framed(body)

    def _true_line(self, request: bytes) -> bytes:
        address = request[1:6]
        if request[:1] == b"?":
            words = [(self.ticks * 31 + at) & 0xFFFF for at in range(int(request[6:8]))]
            return text_line(b"=", address + b"".join(b"%04X" % word for word in words))
        if request[:1] == b"!":
            return text_line(b"!", address + b"1")
        force = b"%+05d" % (self.ticks * 31 % 9999)
        rest = b",+1021,+1023,+0365,5F21,0004,0488"
        return text_line(b"<", address + b"1,3,004C,0003,0000," + force + rest)

    def _pdu(self, pdu: bytes) -> bytes:
        if pdu[0] == 16:
            return pdu[:5]
        count = int.from_bytes(pdu[3:5], "big")
        words = [(self.ticks * 31 + at) & 0xFFFF for at in range(count)]
        return bytes([pdu[0], 2 * count]) + b"".join(word.to_bytes(2, "big") for word in words)

    # --- the judge --------------------------------------------------------------------------

    def _right_value(self) -> bytes | None:
        """The value in the delivered bytes; None if they are no answer."""
        if self.kind == "ascii":
            text, end, _ = self.delivered.partition(b"\r\n")
            return text + end if end and _is_text(text) else None
        if self.kind == "tcp":
            return self._right_tcp()
        if self.kind == "unit":
            return self._right_line()
        size, head = len(self.true), self._head(self.true)
        frame = self.delivered[:size]
        if len(frame) < size or not frame.startswith(head) or crc(frame):
            return None
        return frame[len(head) : -2]

    def _right_line(self) -> bytes | None:
        line, end, _ = self.delivered.partition(b"\r\n")
        fields, _, check = line[1:].rpartition(b"*")
        if not end or line[:1] != self.true[:1] or check != b"%04X" % crc(fields):
            return None
        if line[:1] == b"<":
            parts = fields.split(b",")
            return b"%d %d" % (int(parts[0], 16), int(parts[6]))
        if fields[:5] != self.true[1:6]:
            return None
        return b"" if line[:1] == b"!" else bytes.fromhex(fields[5:].decode())

    def _right_tcp(self) -> bytes | None:
        data, head = self.delivered, self._head(self.true[6:])
        while len(data) >= 6:
            size = 6 + int.from_bytes(data[4:6], "big")
            if data[:2] == self.true[:2]:
                body = data[6:size]
                fits = size == len(self.true) and len(body) == size - 6 and body.startswith(head)
                return body[len(head) :] if fits and data[2:4] == b"\0\0" else None
            data = data[size:]
        return None

    def _head(self, body: bytes) -> bytes:
        return body[:6] if body[1] == 16 else body[:3]


def _is_text(text: bytes) -> bool:
    return all(byte in b"\t\n\r\x02\x03" or 0x20 <= byte < 0x7F for byte in text)


def _pieces(data: bytes, source: random.Random) -> list[bytes]:
    cuts = sorted(source.randrange(len(data) + 1) for _ in range(source.choice((0, 0, 1, 3))))
    edges = [0, *cuts, len(data)]
    return [data[a:b] for a, b in pairwise(edges) if b > a]


# --- the damages --------------------------------------------------------------------------------


def _flipped(data: bytes, source: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 3, 9))):
        at = source.randrange(8 * len(data))
        spoiled[at // 8] ^= 1 << at % 8
    return bytes(spoiled)


def _overwritten(data: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(data))
    noise = source.randbytes(source.randrange(1, 9))
    return (data[:at] + noise + data[at + len(noise) :])[: len(data)]


def _inserted(data: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(data) + 1)
    return data[:at] + source.randbytes(source.choice((1, 1, 2, 7))) + data[at:]


def _deleted(data: bytes, source: random.Random) -> bytes:
    at = source.randrange(len(data))
    return data[:at] + data[at + source.choice((1, 1, 2, 5)) :]


def _truncated(data: bytes, source: random.Random) -> bytes:
    return data[: source.randrange(len(data))]


def _doubled(data: bytes, source: random.Random) -> bytes:
    return data + data[: source.randrange(len(data) + 1)]


def _swapped(data: bytes, source: random.Random) -> bytes:
    at, to = source.randrange(len(data)), source.randrange(len(data))
    spoiled = bytearray(data)
    spoiled[at], spoiled[to] = spoiled[to], spoiled[at]
    return bytes(spoiled)


def _noise(data: bytes, source: random.Random) -> bytes:
    return source.randbytes(source.choice((1, 5, len(data), 300)))


def _flood(data: bytes, source: random.Random) -> bytes:
    return source.choice((data, b"\x55")) * (3000 // max(1, len(data)))


def _header_changed(data: bytes, source: random.Random) -> bytes:
    """A valid frame of another unit, function, length or transaction; or an exception response."""
    if data[2:4] == b"\0\0" and int.from_bytes(data[4:6], "big") == len(data) - 6:
        at = source.randrange(9)
        return data[:at] + source.randbytes(1) + data[at + 1 :]
    body = bytearray(data[:-2])
    body[source.randrange(min(3, len(body)))] = source.randrange(256)
    if source.random() < 0.2:
        body = bytearray([data[0], data[1] | 0x80, source.randrange(256)])
    return framed(bytes(body))


def _as_it_is(data: bytes, source: random.Random) -> bytes:
    return data


DAMAGES: Final[tuple[Damage, ...]] = (
    _flipped,
    _overwritten,
    _inserted,
    _deleted,
    _truncated,
    _doubled,
    _swapped,
    _noise,
    _flood,
    _header_changed,
    _as_it_is,
)
