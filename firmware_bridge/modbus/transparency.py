"""Checks whether the gateway between host and unit passes every byte, once after identification.

A serial server whose port is set to telnet or RFC 2217 passes identification and polling, in which
the byte FF is rare, and loses every frame that has it: first of all the release without a token.
One with software flow control loses 11 and stops at 13, on the way to the unit or on the way back.
A read of one register carries the bytes there; any answer to it will do, an exception too. A read
of what is known already, whose answer has the byte in its registers or its check sum, carries them
back. A line of text has none of these bytes but its own end, which every answer shows, so a gauge
is not tested.
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
"""One lost answer says nothing about a gateway; nor do two, when a third attempt is answered."""
RESUME: Final = (0x0011, 1)
"""Carries XON, behind which a gateway that was stopped by XOFF goes on."""
SPECIAL_BYTES: Final = frozenset(b"\xff\r\n\x11\x13")
Read = tuple[int, int]
"""Address and count."""
Known = Mapping[int, bytes]
"""Blocks of registers that keep what they hold, two bytes each, by their first address."""
NOTHING_KNOWN: Final[Known] = {}
FIRST_LOST_OF_A_UNIT: Final = "the release without a token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A read that carries the bytes there or back, and what is wrong when only it is lost.

    ``controls``: of these reads the first whose request has no special byte is compared.
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
        fault=f"the gateway does not go on behind the byte 11: {_FLOW_CONTROL}",
    ),
)
_BACK: Final = ((0x11, 0x13, _LOSES_11), (0x13, 0x11, _STOPS_AT_13))
"""On the way back: the byte, the one that the same answer must not have, the fault."""


def check_transparency(
    link: ModbusLink,
    known: Known = NOTHING_KNOWN,
    *,
    function: int = READ,
    first_lost: str = FIRST_LOST_OF_A_UNIT,
) -> str:
    """Returns "" when every byte passes, or a sentence that the check was not done, and why.

    ``function`` reads registers (3 or 4); ``first_lost`` is the first frame with an FF that is
    missed. Raises LinkError with what is wrong with the gateway's port, LinkLost when it is gone.
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
    """Returns what a gateway did to ``raw``, an answer to a read that was refused; "" when unknown.

    Only what makes a whole answer with a right check sum of it, when it is undone, is a fault. One
    byte may be missing, or the same one twice: a gross force is often the net one as well.
    """
    if _is_answer(raw.replace(b"\xff\xff", b"\xff")):
        return _DOUBLES_FF
    for byte, fault in ((b"\xff", _LOSES_FF), (b"\x11", _LOSES_11), (b"\x13", _STOPS_AT_13)):
        if any(map(_is_answer, _with_one_more(raw, byte))):
            return fault.format(first_lost=first_lost)
    return ""


def _with_one_more(raw: bytes, byte: bytes) -> Iterator[bytes]:
    """``raw`` with ``byte`` at every place, and once more where it then is one byte too short."""
    for at in range(len(raw) + 1):
        frame = raw[:at] + byte + raw[at:]
        yield frame
        if len(frame) > 2 and len(frame) == 4 + frame[2]:
            yield from (frame[:to] + byte + frame[to:] for to in range(at + 1, len(frame) + 1))


def _is_answer(frame: bytes) -> bool:
    """Returns a whole answer to a read, with a right check sum."""
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
    """A device behind a gateway, and the function by which its registers are read."""

    link: ModbusLink
    function: int

    def probes_back(self, known: Known) -> Iterator[Probe]:
        """For each byte the first read of known registers whose answer has it, if one has."""
        unit = self.link.read_frame(self.function, 0, 1)[0]
        frames = _answers_of(unit, self.function, known)
        plain = [read for read, frame in frames.items() if not SPECIAL_BYTES & set(frame)]
        for byte, other, fault in _BACK:
            for read, frame in frames.items():
                if byte in frame and other not in frame:
                    yield Probe(read=read, controls=plain or _LOW, fault=fault)
                    break

    def control(self, probe: Probe) -> Read:
        """The check sum of a request may have a special byte by chance: the whole frame counts."""
        frames = ((read, self.link.read_frame(self.function, *read)) for read in probe.controls)
        plain = (read for read, frame in frames if not SPECIAL_BYTES & set(frame))
        return next(plain, probe.controls[0])

    def answers(self, read: Read) -> bool:
        """Returns True when something sound comes back, an exception too."""
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
