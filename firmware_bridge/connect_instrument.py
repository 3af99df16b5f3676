"""Entry point to an instrument: from its address and profile to a source of forces."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from controller.errors import AddressInvalid
from controller.ports import Clock
from firmware_bridge.ascii.endings import AnswerEnd, FixedLength, LineEnd
from firmware_bridge.ascii.talker import AsciiTalker
from firmware_bridge.instruments.gauge import GaugeSource
from firmware_bridge.instruments.transmitter import TransmitterSource
from firmware_bridge.line.line import Capture, Line
from firmware_bridge.line.serial_port import SerialPort
from firmware_bridge.line.tcp_socket import TcpSocket
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.line.uri import AsciiAddress, TcpAddress, parse_uri
from firmware_bridge.modbus.behind_gateway import BehindGateway
from firmware_bridge.modbus.link import Framing, ModbusLink, RtuFraming, TcpFraming
from firmware_bridge.modbus.transparency import check_transparency, fault_in_answer
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile

GATEWAY_LATENCY_S: Final = 0.016
"""Added to the answer time on a network; as long as an adapter holds bytes back."""
TIMEOUT_FACTOR: Final = 1.5
"""Margin over the wire time and the maker's answer time before an answer counts as lost."""

FIRST_LOST: Final = "every small push, whose registers begin with it"


def connect_instrument(
    uri: str,
    profile: TransmitterProfile | GaugeProfile,
    digest: str,
    clock: Clock,
    capture: Capture | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> TransmitterSource | GaugeSource:
    """Open the line; a gateway in front of a transmitter is checked for passing every byte.

    ``capture`` receives every byte, ``say`` what could not be checked. Raises AddressInvalid,
    LinkLost, or LinkError if a gateway does not pass every byte.
    """
    address = parse_uri(uri)
    if isinstance(profile, GaugeProfile) != isinstance(address, AsciiAddress):
        wanted = "ascii" if isinstance(profile, GaugeProfile) else "modbus-rtu or modbus-tcp"
        raise AddressInvalid(
            f"instrument address {uri!r}: profile {profile.name} is a {profile.kind}; give an "
            f"address that begins with {wanted}"
        )
    if isinstance(address, TcpAddress):
        assert isinstance(profile, TransmitterProfile), "a gauge has no Modbus address"
        line = Line(TcpSocket(address), clock, NO_WIRE, numbered=True, capture=capture)
        timeout_s = timeout_of(profile, profile.serial.baudrate, GATEWAY_LATENCY_S)
        link = _link(line, TcpFraming(), address.unit, profile, timeout_s)
        return TransmitterSource(profile, digest, link, clock, close=line.close)
    baudrate = address.baudrate or profile.serial.baudrate
    check_baudrate(uri, profile, baudrate)
    port = SerialPort(address, profile.serial)
    timeout_s = timeout_of(profile, baudrate, port.adapter_latency_s)
    line = Line(port, clock, serial_times(baudrate), echo=address.echo, capture=capture)
    if isinstance(profile, GaugeProfile):
        gauge = gauge_on(line, profile, digest, clock, timeout_s=timeout_s)
        if address.is_gateway:
            gauge.gateway = BehindGateway(port.name, line)
        return gauge
    assert not isinstance(address, AsciiAddress), "a transmitter has a Modbus address"
    link = _link(line, RtuFraming(), address.unit, profile, timeout_s)
    transmitter = TransmitterSource(profile, digest, link, clock, close=line.close)
    if address.is_gateway:
        _check_gateway(link, profile, say)
        fault_in = partial(fault_in_answer, first_lost=FIRST_LOST)
        transmitter.gateway = BehindGateway(port.name, line, fault_in=fault_in)
    return transmitter


def _check_gateway(
    link: ModbusLink, profile: TransmitterProfile, say: Callable[[str], None]
) -> None:
    """Check with a function named by the profile; another one may stop the instrument answering.

    The line is settled afterwards, so that the next exchange meets no pause and reports its own
    error.
    """
    function = min(read.function for read in profile.reads)
    try:
        if said := check_transparency(link, function=function, first_lost=FIRST_LOST):
            say(said)
        link.line.settle()
    except BaseException:
        link.close()
        raise


def gauge_on(
    line: Line, profile: GaugeProfile, digest: str, clock: Clock, *, timeout_s: float
) -> GaugeSource:
    """Returns a gauge on an open line."""
    end: AnswerEnd = LineEnd(terminator=profile.ends_with.encode("ascii"))
    if profile.length is not None:
        end = FixedLength(characters=profile.length)
    talker = AsciiTalker(line, end=end, timeout_s=timeout_s)
    return GaugeSource(profile, digest, talker, clock, close=line.close)


def check_baudrate(uri: str, profile: TransmitterProfile | GaugeProfile, baudrate: int) -> None:
    """Raises AddressInvalid where a sample takes longer than the poll period."""
    sample_ms = profile.sample_ms(baudrate)
    if sample_ms > profile.timing.poll_period_ms:
        raise AddressInvalid(
            f"instrument address {uri!r}: at {baudrate} Bd a sample of {profile.name} takes "
            f"{sample_ms:.0f} ms, and its poll period is {profile.timing.poll_period_ms} ms; set "
            f"instrument and address to {profile.serial.baudrate} Bd"
        )


def timeout_of(
    profile: TransmitterProfile | GaugeProfile, baudrate: int, latency_s: float
) -> float:
    """Returns the timeout of the longest exchange in seconds, from the first byte sent."""
    return TIMEOUT_FACTOR * profile.exchange_ms(baudrate) / 1000 + latency_s


def _link(
    line: Line, framing: Framing, unit: int, profile: TransmitterProfile, timeout_s: float
) -> ModbusLink:
    functions = {read.function for read in profile.reads}
    return ModbusLink(line, framing, unit=unit, functions=functions, timeout_s=timeout_s)
