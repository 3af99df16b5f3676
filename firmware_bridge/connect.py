"""Entry point to a unit: from its URI to an identified unit with a suitable tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from controller.errors import AddressInvalid, FrameCorrupt, LinkError, ReplyTimeout
from controller.ports import Clock
from firmware_bridge.ascii.unit_link import UnitTextLink
from firmware_bridge.line.answers import Guard
from firmware_bridge.line.line import Capture, Line, Transport
from firmware_bridge.line.serial_port import PROMPT_LATENCY_S, SerialPort
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.line.tcp_socket import TcpSocket
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.line.uri import (
    SLOWEST_ARMABLE_BAUDRATE,
    SLOWEST_UNIT_BAUDRATE,
    AsciiAddress,
    PortAddress,
    TcpAddress,
    parse_uri,
)
from firmware_bridge.modbus.behind_gateway import look_behind
from firmware_bridge.modbus.link import Framing, ModbusLink, RtuFraming, TcpFraming
from firmware_bridge.modbus.transparency import check_transparency, fault_in_answer
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import shipped_profile
from firmware_bridge.units.ascii_unit import AsciiUnit, identify_ascii_unit
from firmware_bridge.units.map_unit import MapUnit
from firmware_bridge.units.reference_unit import ReferenceUnit, identify_unit

TIMEOUT_SHARE: Final = 0.8
"""Timeout of an exchange as a share of the tick (times.md)."""
NORMAL_TICK_S: Final = 0.050
SLOW_TICK_S: Final = 0.100
NORMAL_BAUDRATE: Final = 38400
"""Below it an exchange and the unit's answer time of 10 ms exceed 0.8 of a 50 ms tick (B.8)."""
OBSERVING_TICK_S: Final = 0.200
LINE_SETTINGS: Final = SerialSettings(baudrate=115200, parity="N", stopbits=1)
"""For a unit on lines of text: 8N1 (B.9); order and answer then take 10 ms (B.8)."""
NORMAL_LINE_BAUDRATE: Final = 57600
"""Below it an order, its answer (109 characters) and the unit's 10 ms exceed 0.8 of 50 ms, or the
answers count as slow (row 3).
"""


def unit_profile() -> tuple[TractionUnitProfile, str]:
    """Returns the profile for driving traction units and its SHA-256 in hex."""
    return shipped_profile("reference_v1", TractionUnitProfile)


def connect_unit(
    uri: str,
    clock: Clock,
    say: Callable[[str], None] = lambda _: None,
    capture: Capture | None = None,
) -> MapUnit[UnitLink]:
    """Connect and identify; ``say`` receives what could not be checked, ``capture`` every byte.

    Raises AddressInvalid, LinkLost, LinkError (also if a gateway does not pass every byte) or
    UnitNotVerified.
    """
    address = parse_uri(uri)
    if isinstance(address, AsciiAddress):
        return _on_lines_of_text(uri, address, clock, capture)
    profile, digest = unit_profile()
    if isinstance(address, TcpAddress):
        line = Line(TcpSocket(address), clock, NO_WIRE, numbered=True, capture=capture)
        link = _link(line, TcpFraming(), profile, address.unit, NORMAL_TICK_S)
        return _identified(link, profile, digest, NORMAL_TICK_S, may_arm=True)
    _check_baudrate(uri, address, profile.serial)
    port = SerialPort(address, profile.serial)
    line = Line(port, clock, serial_times(port.baudrate), echo=address.echo, capture=capture)
    if address.is_gateway:
        return _behind_gateway(line, port, address.unit, say)
    return _serial_unit(line, port.baudrate, port.adapter_latency_s, address.unit)


def _check_baudrate(uri: str, address: PortAddress, defaults: SerialSettings) -> None:
    baudrate = address.baudrate or defaults.baudrate
    if baudrate < SLOWEST_UNIT_BAUDRATE:
        raise AddressInvalid(
            f"unit address {uri!r}: at {baudrate} Bd one reading takes longer than the tick of "
            f"{OBSERVING_TICK_S * 1000:.0f} ms for observing; set unit and address "
            f"to {SLOWEST_ARMABLE_BAUDRATE} Bd or more, or to {SLOWEST_UNIT_BAUDRATE} Bd to observe"
        )


def _on_lines_of_text(
    uri: str, address: AsciiAddress, clock: Clock, capture: Capture | None
) -> AsciiUnit:
    _check_baudrate(uri, address, LINE_SETTINGS)
    port = SerialPort(address, LINE_SETTINGS)
    times = serial_times(port.baudrate)
    line = Line(port, clock, times, echo=address.echo, capture=capture)
    try:
        return ascii_unit_on(line, port.baudrate, port.adapter_latency_s)
    except ReplyTimeout as error:
        if not address.is_gateway:
            raise
        raise ReplyTimeout(f"{error.message}; {look_behind(port.name, 'unit')}") from error


def ascii_unit_on(line: Line, baudrate: int, latency_s: float = PROMPT_LATENCY_S) -> AsciiUnit:
    """Identify a unit that sends text on an open line; raises LinkError or UnitNotVerified."""
    profile, digest = unit_profile()
    tick_s = line_tick_s(baudrate, latency_s)
    link = UnitTextLink(line, timeout_s=TIMEOUT_SHARE * tick_s, guard=Guard.DATED)
    may_arm = baudrate >= SLOWEST_ARMABLE_BAUDRATE
    try:
        return identify_ascii_unit(link, profile, digest, tick_s=tick_s, may_arm=may_arm)
    except BaseException:
        link.close()
        raise


def line_tick_s(baudrate: int, adapter_latency_s: float) -> float:
    """Returns the control tick for a unit on lines of text, in seconds (times.md)."""
    if baudrate < SLOWEST_ARMABLE_BAUDRATE:
        return OBSERVING_TICK_S
    if baudrate < NORMAL_LINE_BAUDRATE:
        return SLOW_TICK_S
    if baudrate == NORMAL_LINE_BAUDRATE and adapter_latency_s > PROMPT_LATENCY_S:
        return SLOW_TICK_S
    return NORMAL_TICK_S


def _behind_gateway(
    line: Line, port: SerialPort, unit_number: int, say: Callable[[str], None]
) -> ReferenceUnit:
    """Identify the unit, then check that the gateway passes every byte."""
    try:
        unit = _serial_unit(line, port.baudrate, port.adapter_latency_s, unit_number)
    except (ReplyTimeout, FrameCorrupt) as error:
        if fault := fault_in_answer(error.raw):
            raise LinkError(f"{fault} ({error.message})", raw=error.raw) from error
        words = look_behind(port.name, "unit")
        raise type(error)(f"{error.message}; {words}", raw=error.raw) from error
    try:
        if said := check_transparency(unit.link, _known_blocks(unit)):
            say(said)
    except BaseException:
        unit.close()
        raise
    return unit


def _known_blocks(unit: ReferenceUnit) -> dict[int, bytes]:
    """Returns the blocks read during identification, by their first address."""
    block = unit_profile()[0].block
    return {
        block("identity").address: unit.identity.raw_block,
        block("capabilities").address: unit.capabilities.raw_block,
    }


def connect_serial(
    transport: Transport,
    clock: Clock,
    baudrate: int,
    *,
    latency_s: float = PROMPT_LATENCY_S,
    lateness_s: float | None = None,
    unit: int = 1,
) -> ReferenceUnit:
    """Identify the unit on an open serial line; raises LinkError or UnitNotVerified.

    ``lateness_s``: the longest measured lateness of an answer after its timeout on this line; None
    if it was not measured.
    """
    line = Line(transport, clock, serial_times(baudrate, lateness_s))
    return _serial_unit(line, baudrate, latency_s, unit)


def _serial_unit(line: Line, baudrate: int, latency_s: float, unit: int) -> ReferenceUnit:
    profile, digest = unit_profile()
    tick_s = serial_tick_s(baudrate, latency_s)
    link = _link(line, RtuFraming(), profile, unit, tick_s)
    may_arm = baudrate >= SLOWEST_ARMABLE_BAUDRATE
    return _identified(link, profile, digest, tick_s, may_arm=may_arm)


def serial_tick_s(baudrate: int, adapter_latency_s: float) -> float:
    """Returns the control tick for a serial line, in seconds (times.md)."""
    if baudrate < SLOWEST_ARMABLE_BAUDRATE:
        return OBSERVING_TICK_S
    if baudrate < NORMAL_BAUDRATE:
        return SLOW_TICK_S
    if baudrate == NORMAL_BAUDRATE and adapter_latency_s > PROMPT_LATENCY_S:
        return SLOW_TICK_S
    return NORMAL_TICK_S


def _link(
    line: Line, framing: Framing, profile: TractionUnitProfile, unit: int, tick_s: float
) -> ModbusLink:
    return ModbusLink(
        line,
        framing,
        unit=unit,
        functions=profile.functions,
        timeout_s=TIMEOUT_SHARE * tick_s,
        guard=Guard.DATED,
    )


def _identified(
    link: ModbusLink, profile: TractionUnitProfile, digest: str, tick_s: float, *, may_arm: bool
) -> ReferenceUnit:
    """Identify the unit; the port is closed after a failure."""
    try:
        return identify_unit(link, profile, digest, tick_s=tick_s, may_arm=may_arm)
    except BaseException:
        link.close()
        raise
