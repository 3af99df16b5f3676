"""Checks once after identification whether the gateway between host and unit passes every byte.

A serial server set to telnet or RFC 2217 passes identification and polling, in which the byte FF is
rare, and loses every frame with it: first of all the release without a token. One with software
flow control loses 11 and stops at 13, in either direction. A read of one register sends the bytes
to the unit; any answer will do, even an exception. A read of known registers whose answer has the
byte in its data or its checksum sends them back. A line of text contains none of these bytes except
its own end, which every answer shows, so gauges are not tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastcrc import crc16

from controller.errors import LinkError, LinkLost, UnitRejected
from firmware_bridge.modbus.frames import READ
from firmware_bridge.modbus.link import ModbusLink

ATTEMPTS: Final = 2
"""One lost answer proves nothing about a gateway, nor do two if a third attempt is answered."""
RESUME: Final = (0x0011, 1)
"""Contains XON, after which a gateway stopped by XOFF resumes."""
SPECIAL_BYTES: Final = frozenset(b"\xff\r\n\x11\x13")
Read = tuple[int, int]
"""Address and count."""
Known = Mapping[int, bytes]
"""Blocks of registers with constant content, two bytes each, by their first address."""
NOTHING_KNOWN: Final[Known] = {}
FIRST_LOST_OF_A_UNIT: Final = "the release without a token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A read that sends the bytes there or back, and the fault if only this read is lost.

    ``controls``: candidate reads for comparison; the first whose request has no special byte is
    used.
    """

    read: Read
    controls: Sequence[Read]
    fault: str


def _single(addresses: Iterable[int]) -> Sequence[Read]:
    return [(address, 1) for address in addresses]


_FLOW_CONTROL = "software flow control (XON/XOFF) is on; switch it off at the gateway's port"
_TELNET = "its port is set to telnet or RFC 2217"
_LOSES_FF = (
    f"the gateway loses the byte FF: {_TELNET}, and every frame with FF is lost, first of all "
    "{first_lost}; set the port to raw TCP"
)
_DOUBLES_FF = f"the gateway doubles the byte FF: {_TELNET}; set the port to raw TCP"
_LOSES_11 = f"the gateway loses the byte 11: {_FLOW_CONTROL}"
_STOPS_AT_13 = f"the gateway stops at the byte 13: {_FLOW_CONTROL}"
_LOW = _single(range(0x0012, 0x0040))
PROBES: Final = (
    Probe(read=(0x00FF, 1), controls=_single(range(0x00FE, 0x00C0, -1)), fault=_LOSES_FF),
    Probe(
        read=(0x0D0A, 1),
        controls=_single(range(0x0C0B, 0x0C40)),
        fault="the gateway changes the bytes 0D 0A, which end a line of text; set its port to "
        "raw TCP",
    ),
    Probe(read=(0x0011, 1), controls=_LOW, fault=_LOSES_11),
    Probe(read=(0x0013, 1), controls=_LOW, fault=_STOPS_AT_13),
    Probe(
        read=(0x0011, 1),
        controls=_LOW,
        fault=f"the gateway does not resume after the byte 11: {_FLOW_CONTROL}",
    ),
)
_BACK: Final = ((0x11, 0x13, _LOSES_11), (0x13, 0x11, _STOPS_AT_13))
"""For the way back: the byte, the byte that the same answer must not contain, the fault."""


def check_transparency(
    link: ModbusLink,
    known: Known = NOTHING_KNOWN,
    *,
    function: int = READ,
    first_lost: str = FIRST_LOST_OF_A_UNIT,
) -> str:
    """Returns "" if every byte passes, or a sentence why the check was not done.

    ``function`` reads registers (3 or 4); ``first_lost`` is the first frame with an FF that would
    be lost. Raises LinkError naming the fault of the gateway's port, LinkLost if it is gone.
    """
    asked = _Asked(link, function)
    undone: list[Probe] = []
    for probe in (*PROBES, *asked.probes_back(known)):
        if asked.answers(probe.read):
            continue
        asked.answers(RESUME)
        fault = probe.fault.format(first_lost=first_lost)
        if asked.answers(asked.control(probe)):
            if asked.answers(probe.read):
                continue
            raise LinkError(fault)
        undone.append(probe)
        if probe is PROBES[0]:
            break
        if not asked.answers(PROBES[0].read):
            raise LinkError(f"{fault} (since then nothing is answered)")
    return _not_done(asked, undone)


def fault_in_answer(raw: bytes, first_lost: str = FIRST_LOST_OF_A_UNIT) -> str:
    """Returns what a gateway did to ``raw``, a refused answer to a read; "" if unknown.

    Only an alteration that, undone, gives a complete answer with a valid checksum is a fault. One
    byte may be missing, or the same byte twice: gross and net force are often equal.
    """
    if _is_answer(raw.replace(b"\xff\xff", b"\xff")):
        return _DOUBLES_FF
    for byte, fault in ((b"\xff", _LOSES_FF), (b"\x11", _LOSES_11), (b"\x13", _STOPS_AT_13)):
        if any(map(_is_answer, _with_one_more(raw, byte))):
            return fault.format(first_lost=first_lost)
    return ""


def _with_one_more(raw: bytes, byte: bytes) -> Iterator[bytes]:
    """Yields ``raw`` with ``byte`` inserted at every place, and twice if one is still missing."""
    for at in range(len(raw) + 1):
        frame = raw[:at] + byte + raw[at:]
        yield frame
        if len(frame) > 2 and len(frame) == 4 + frame[2]:
            yield from (frame[:to] + byte + frame[to:] for to in range(at + 1, len(frame) + 1))


def _is_answer(frame: bytes) -> bool:
    """True for a complete answer to a read with a valid checksum."""
    return len(frame) > 2 and len(frame) == 5 + frame[2] and not crc16.modbus(frame)


def _answers_of(unit: int, function: int, known: Known) -> dict[Read, bytes]:
    """Returns the answers to all reads within the known blocks."""
    frames = {}
    for first, values in known.items():
        words = len(values) // 2
        for at in range(words):
            for count in range(1, words - at + 1):
                body = bytes([unit, function, 2 * count]) + values[2 * at : 2 * (at + count)]
                frames[first + at, count] = body + crc16.modbus(body).to_bytes(2, "little")
    return frames


def _not_done(asked: _Asked, undone: list[Probe]) -> str:
    if not undone:
        return ""
    pairs = (f"0x{probe.read[0]:04X} nor at 0x{asked.control(probe)[0]:04X}" for probe in undone)
    return (
        "whether the gateway passes every byte was not checked (not done): the unit answers a read "
        f"neither at {', neither at '.join(pairs)}; look at the settings of the gateway's port: "
        "raw TCP, no flow control"
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A device behind a gateway, and the function that reads its registers."""

    link: ModbusLink
    function: int

    def probes_back(self, known: Known) -> Iterator[Probe]:
        """Yields for each byte the first read of known registers whose answer contains it."""
        unit = self.link.read_frame(self.function, 0, 1)[0]
        frames = _answers_of(unit, self.function, known)
        plain = [read for read, frame in frames.items() if not SPECIAL_BYTES & set(frame)]
        for byte, other, fault in _BACK:
            for read, frame in frames.items():
                if byte in frame and other not in frame:
                    yield Probe(read=read, controls=plain or _LOW, fault=fault)
                    break

    def control(self, probe: Probe) -> Read:
        """Returns the control read; by chance a request's checksum may have a special byte too."""
        frames = ((read, self.link.read_frame(self.function, *read)) for read in probe.controls)
        plain = (read for read, frame in frames if not SPECIAL_BYTES & set(frame))
        return next(plain, probe.controls[0])

    def answers(self, read: Read) -> bool:
        """True if any valid answer comes, even an exception."""
        for _ in range(ATTEMPTS):
            self.link.line.settle()
            try:
                self.link.read_registers(self.function, *read)
            except LinkLost:
                raise
            except UnitRejected:
                return True
            except LinkError:
                continue
            return True
        return False
