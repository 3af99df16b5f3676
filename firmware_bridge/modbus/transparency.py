"""Does the gateway between host and unit pass every byte? Asked once, behind identification.

A serial server whose port is set to telnet or RFC 2217 passes identification and polling, in which
the byte FF is rare, and loses every frame that has it: first of all the release without a token.
One with software flow control loses 11 and stops at 13. A read of one register carries the bytes;
any answer to it will do, an exception too. A line of text has none of these bytes but its own end,
which every answer shows, so a gauge is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.errors import LinkError, LinkLost, UnitRejected
from firmware_bridge.modbus.frames import READ
from firmware_bridge.modbus.link import ModbusLink

ATTEMPTS: Final = 2
"""One lost answer says nothing about a gateway; nor do two, when a third attempt is answered."""
RESUME: Final = 0x0011
"""Carries XON, behind which a gateway that was stopped by XOFF goes on."""
SPECIAL_BYTES: Final = frozenset(b"\xff\r\n\x11\x13")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An address whose request carries the bytes, and what is wrong when only it is lost.

    ``controls``: of these neighbours the first whose request has no special byte is compared.
    """

    address: int
    controls: range
    fault: str


_FLOW_CONTROL = "software flow control (XON/XOFF) is on; switch it off at the gateway's port"
_LOW = range(0x0012, 0x0040)
PROBES: Final = (
    Probe(
        address=0x00FF,
        controls=range(0x00FE, 0x00C0, -1),
        fault="the gateway loses the byte FF: its port is set to telnet or RFC 2217, and every "
        "frame with FF is lost, first of all {first_lost}; set the port to raw TCP",
    ),
    Probe(
        address=0x0D0A,
        controls=range(0x0C0B, 0x0C40),
        fault="the gateway changes the bytes 0D 0A, which end a line of text; set its port to "
        "raw TCP",
    ),
    Probe(
        address=0x0011,
        controls=_LOW,
        fault=f"the gateway loses the byte 11: {_FLOW_CONTROL}",
    ),
    Probe(
        address=0x0013,
        controls=_LOW,
        fault=f"the gateway stops at the byte 13: {_FLOW_CONTROL}",
    ),
    Probe(
        address=0x0011,
        controls=_LOW,
        fault=f"the gateway does not go on behind the byte 11: {_FLOW_CONTROL}",
    ),
)


def check_transparency(
    link: ModbusLink, *, function: int = READ, first_lost: str = "the release without a token"
) -> str:
    """Returns "" when every byte passes, or a sentence that the check was not done, and why.

    ``function`` reads registers (3 or 4); ``first_lost`` is the first frame with an FF that is
    missed. Raises LinkError with what is wrong with the gateway's port, LinkLost when it is gone.
    """
    asked = _Asked(link, function)
    undone: list[Probe] = []
    for probe in PROBES:
        if asked.answers(probe.address):
            continue
        asked.answers(RESUME)
        fault = probe.fault.format(first_lost=first_lost)
        if asked.answers(asked.control(probe)):
            if asked.answers(probe.address):
                continue
            raise LinkError(fault)
        undone.append(probe)
        if probe is PROBES[0]:
            break
        if not asked.answers(PROBES[0].address):
            raise LinkError(f"{fault} (since then nothing is answered)")
    return _not_done(asked, undone)


def _not_done(asked: _Asked, undone: list[Probe]) -> str:
    if not undone:
        return ""
    pairs = (f"0x{probe.address:04X} nor at 0x{asked.control(probe):04X}" for probe in undone)
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

    def control(self, probe: Probe) -> int:
        """The check sum of a request may have a special byte by chance: the whole frame counts."""
        frames = (
            (address, self.link.read_frame(self.function, address, 1)) for address in probe.controls
        )
        plain = (address for address, frame in frames if not SPECIAL_BYTES & set(frame))
        return next(plain, probe.controls[0])

    def answers(self, address: int) -> bool:
        """True when something sound comes back, an exception too."""
        for _ in range(ATTEMPTS):
            self.link.line.settle()
            try:
                self.link.read_registers(self.function, address, 1)
            except LinkLost:
                raise
            except UnitRejected:
                return True
            except LinkError:
                continue
            return True
        return False
