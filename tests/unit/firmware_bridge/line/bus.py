"""A wire with time on it, and slaves at its other end, written out by hand.

What is asked comes back in the answer: the register asked for and the number of the request that
was heard. So a value of another address and a value of an earlier request are both seen.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from controller.errors import LinkLost
from controller.ports import Readable
from tests.unit.firmware_bridge.scripted import JumpingClock, crc, framed

BYTE_S = 11 / 38400
TURNAROUND_S = 0.002


class Slave(Protocol):
    """Takes bytes at their time and says what it answers to them."""

    def hear(self, data: bytes, at_s: float) -> bytes: ...


@dataclass
class Way:
    """How the wire treats bytes. Seconds; ``late_s`` holds back the answers of these requests."""

    one_way_s: float = 0.0
    jitter_s: float = 0.0
    lump_s: float = 0.0
    byte_s: float = BYTE_S
    echo: bool = False
    stall_s: tuple[float, float] = (0.0, 0.0)
    """Between these moments the way back is blocked; then all of it comes, one after another."""
    eaten: bytes = b""


class Bus:
    """A Transport. ``late`` and ``damage`` name requests by their number, the first is 1."""

    name = "bus"

    def __init__(self, slaves: list[Slave], clock: BusClock, way: Way, seed: int = 1) -> None:
        self.slaves = slaves
        self.clock = clock
        self.way = way
        self.late: dict[int, float] = {}
        self.damage: dict[int, Callable[[bytes], bytes]] = {}
        self.sent: list[tuple[float, bytes]] = []
        self.coming: list[tuple[float, bytes]] = []
        self.bytes_sent = self.bytes_received = 0
        self._draw = random.Random(seed)
        self._up_free_s = self._down_free_s = 0.0
        self.closed = False
        self.gateway: Callable[[bytes], bytes] | None = None
        self.way_back: Callable[[bytes], bytes] | None = None

    def write(self, data: bytes) -> None:
        if self.closed:
            raise LinkLost("port bus is gone")
        self.sent.append((self.clock.time_s, data))
        self.bytes_sent += len(data)
        if self.way.echo:
            self._comes(self.clock.time_s + len(data) * self.way.byte_s, data)
        number = len(self.sent)
        damage = self.damage.pop(number, None)
        travelled = data if damage is None else damage(data)
        travelled = bytes(byte for byte in travelled if byte not in self.way.eaten)
        if self.gateway is not None:
            travelled = self.gateway(travelled)
        heard_s = self.clock.time_s + self._one_way_s() + len(data) * self.way.byte_s
        self._up_free_s = heard_s = max(heard_s, self._up_free_s)
        for slave in self.slaves:
            answer = slave.hear(travelled, heard_s)
            if self.way_back is not None:
                answer = self.way_back(answer)
            if answer:
                on_wire_s = TURNAROUND_S + len(answer) * self.way.byte_s + self._one_way_s()
                self._comes(heard_s + on_wire_s + self.late.pop(number, 0.0), answer)

    def stray(self, data: bytes) -> None:
        """Noise on the wire: slaves and host hear it."""
        for slave in self.slaves:
            slave.hear(data, self.clock.time_s)

    def _comes(self, at_s: float, data: bytes) -> None:
        """Bytes keep their order; an adapter with a latency timer delivers them in lumps."""
        if self.way.lump_s:
            at_s = math.ceil(at_s / self.way.lump_s) * self.way.lump_s
        begin_s, end_s = self.way.stall_s
        if begin_s <= at_s < end_s:
            at_s = end_s
        at_s = max(at_s, self._down_free_s + len(data) * self.way.byte_s)
        self._down_free_s = at_s
        self.coming.append((at_s, data))

    def _one_way_s(self) -> float:
        return self.way.one_way_s + self._draw.uniform(0.0, self.way.jitter_s)

    def read_available(self) -> bytes:
        here = [data for at_s, data in self.coming if at_s <= self.clock.time_s]
        self.coming = [item for item in self.coming if item[0] > self.clock.time_s]
        data = b"".join(here)
        self.bytes_received += len(data)
        return data

    def fileno(self) -> int:
        raise AssertionError("nobody selects in scripted time")

    def close(self) -> None:
        self.closed = True


class BusClock(JumpingClock):
    """Jumps to the next bytes of a bus."""

    def wait_readable(self, port: Readable, deadline_s: float) -> bool:
        assert isinstance(port, Bus)
        due_s = min((at_s for at_s, _ in port.coming), default=math.inf)
        self.sleep_until(min(due_s, deadline_s))
        return due_s <= self.time_s


def registers(address: int, count: int, serial: int) -> bytes:
    """Register n says n; the last of several says which request was heard."""
    words = [(address + i) & 0xFFFF for i in range(count)]
    if count > 1:
        words[-1] = serial & 0xFFFF
    return b"".join(word.to_bytes(2, "big") for word in words)


class RtuSlave:
    """One unit. ``timer`` False: it has none for 3.5 characters, as libmodbus' server.

    Without a timer, bytes are counted off in requests of 8 until ``forgets_s`` of silence.
    ``deaf_after``: it never answers again once it met a function that it does not know.
    """

    def __init__(self, unit: int = 1, *, timer: bool = True) -> None:
        self.unit = unit
        self.timer = timer
        self.functions = {3, 4, 6, 16, 23}
        self.forgets_s = 0.5
        self.heard = 0
        self.deaf = False
        self.written: list[bytes] = []
        self._held = b""
        self._newest_s = 0.0

    def hear(self, data: bytes, at_s: float) -> bytes:
        if self.timer:
            return self._served(data)
        if at_s - self._newest_s > self.forgets_s:
            self._held = b""
        self._held, self._newest_s = self._held + data, at_s
        answers = b""
        while len(self._held) >= 8:
            answers += self._served(self._held[:8])
            self._held = self._held[8:]
        return answers

    def _served(self, frame: bytes) -> bytes:
        if len(frame) < 4 or crc(frame) or frame[0] != self.unit or self.deaf:
            return b""
        self.heard += 1
        body = self.answered(frame[1:-2])
        return framed(bytes([self.unit]) + body) if body else b""

    def answered(self, pdu: bytes) -> bytes:
        """The answer's PDU."""
        function = pdu[0]
        if function not in self.functions:
            self.deaf = True
            return b""
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if function in (6, 16):
            self.written.append(pdu)
            return pdu[:5]
        return bytes([function, 2 * count]) + registers(address, count, self.heard)


class TcpSlave(RtuSlave):
    """The same unit behind Modbus TCP."""

    def _served(self, frame: bytes) -> bytes:
        whole = len(frame) > 7 and int.from_bytes(frame[4:6], "big") == len(frame) - 6
        if not whole or frame[6] != self.unit or self.deaf:
            return b""
        self.heard += 1
        body = self.answered(frame[7:])
        size = (1 + len(body)).to_bytes(2, "big")
        return frame[:4] + size + bytes([self.unit]) + body if body else b""


class LineSlave:
    """A traction unit on lines of text, as strict as B.9 lets one be: only CR ends a line.

    What an order's answer has for forces is the number of the request; its sequence is that of the
    newest order. It answers nothing to a line that is not sound.
    """

    def __init__(self) -> None:
        self.heard = 0
        self.orders: list[bytes] = []
        self.unsound: list[bytes] = []
        self._held = b""

    def hear(self, data: bytes, at_s: float) -> bytes:
        *lines, self._held = (self._held + data.replace(b"\n", b"")).split(b"\r")
        return b"".join(self._served(line) for line in lines if line)

    def _served(self, line: bytes) -> bytes:
        fields, _, check = line[1:].rpartition(b"*")
        if b"%04X" % crc(fields) != check or line[:1] not in b">?!":
            self.unsound.append(line)
            return b""
        self.heard += 1
        if line[:1] == b"?":
            address, count = int(fields[:4], 16), int(fields[5:])
            words = registers(address, count, self.heard).hex().upper()
            return text_line(b"=", fields[:4] + b"," + words.encode())
        if line[:1] == b"!":
            return text_line(b"!", fields[:4] + b",1")
        self.orders.append(fields)
        number = b"%+05d" % self.heard
        rest = b"+1023,+0365,5F21,0004,0488"
        return text_line(
            b"<", b"%b,1,3,004C,0003,0000,%b,%b,%b" % (fields[:4], number, number, rest)
        )


def text_line(first: bytes, fields: bytes) -> bytes:
    """A line with its check sum and CR LF."""
    return first + fields + b"*%04X\r\n" % crc(fields)


class TextSlave:
    """A gauge: ``?`` and CR is answered by the number of the request, as so many newtons."""

    def __init__(self) -> None:
        self.heard = 0

    def hear(self, data: bytes, at_s: float) -> bytes:
        if data != b"?\r":
            return b""
        self.heard += 1
        return b"%+05d N\r\n" % self.heard
