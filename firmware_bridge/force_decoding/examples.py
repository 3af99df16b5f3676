"""Decodes a profile's examples with the profile itself, to prove that they agree."""

from __future__ import annotations

from fastcrc import crc16

from controller.errors import InstrumentFaulted
from firmware_bridge.force_decoding.decoded import DecodedForce
from firmware_bridge.force_decoding.lines import decode_line
from firmware_bridge.force_decoding.registers import RegisterImage, decode_registers, words_of
from firmware_bridge.profile_kinds.data import ExampleData
from firmware_bridge.profile_kinds.gauge import GaugeExample, GaugeProfile
from firmware_bridge.profile_kinds.transmitter import (
    RegistersShown,
    TransmitterExample,
    TransmitterProfile,
)

TOLERANCE = 5e-6
"""Relative difference permitted for a stated force, because documents round."""


def check_examples(profile: TransmitterProfile | GaugeProfile) -> None:
    """Decode every example; raises ValueError naming the first with a wrong result."""
    for number, example in enumerate(profile.examples):
        try:
            _check(profile, example)
        except ValueError as error:
            where = f"examples.{number} ({example.case}, {example.source})"
            raise ValueError(f"{where}: {error}") from error


def _check(profile: TransmitterProfile | GaugeProfile, example: ExampleData) -> None:
    """Raises ValueError if an example decodes to something else than it states."""
    try:
        decoded = decode_example(profile, example)
    except InstrumentFaulted as fault:
        if example.fault is None or fault.fault != example.fault.value:
            raise ValueError(fault.message) from fault
        return
    except KeyError as missing:
        register = missing.args[0]
        raise ValueError(f"register {register} is needed and neither shown nor filled") from missing
    if example.fault is not None:
        came = f"the result is {decoded.net_n:g} N"
        raise ValueError(f"{came} instead of fault {example.fault.value}")
    _compare("net_n", example.net_n, decoded.net_n)
    if example.gross_n is not None:
        _compare("gross_n", example.gross_n, decoded.gross_n)


def decode_example(
    profile: TransmitterProfile | GaugeProfile, example: ExampleData
) -> DecodedForce:
    """Returns the force of one example.

    Raises InstrumentFaulted, or ValueError for a broken frame.
    """
    if isinstance(profile, GaugeProfile):
        assert isinstance(example, GaugeExample), "a gauge's examples are lines"
        return decode_line(profile, example.line.encode("ascii"), example.assumed_unit)
    assert isinstance(example, TransmitterExample), "a transmitter's examples are registers"
    return decode_registers(profile, image_of(example), b"", example.assumed_unit)


def image_of(example: TransmitterExample) -> RegisterImage:
    """Returns the registers of an example; raises ValueError if its frame is invalid."""
    registers: dict[tuple[int, int], int] = {}
    for filled in example.filled:
        for n, word in enumerate(filled.words):
            registers[filled.function, filled.address + n] = word
    for shown in example.shown:
        for n, word in enumerate(words_of(shown_bytes(shown))):
            registers[shown.function, shown.address + n] = word
    return RegisterImage(registers)


def shown_bytes(shown: RegistersShown) -> bytes:
    """Returns the register bytes that a source shows; raises ValueError if its frame is invalid."""
    if bool(shown.frame) == bool(shown.data):
        raise ValueError("an example shows either a frame (a whole RTU answer) or data")
    data = bytes.fromhex(shown.frame or shown.data)
    if shown.frame:
        if len(data) < 5 or crc16.modbus(data) or data[1] != shown.function:
            raise ValueError(f"frame {shown.frame!r} is not an answer of function {shown.function}")
        if data[2] != len(data) - 5:
            raise ValueError(f"frame {shown.frame!r} announces {data[2]} bytes")
        data = data[3:-2]
    if not data or len(data) % 2:
        raise ValueError(f"{shown.frame or shown.data!r} is not a row of 16-bit registers")
    return data


def _compare(key: str, stated: float | None, found: float | None) -> None:
    if stated is None or found is None:
        raise ValueError(f"{key}={stated} is stated, but the result is {found}")
    if abs(stated - found) > TOLERANCE * max(1.0, abs(stated)):
        raise ValueError(f"{key}={stated} is stated, but the result is {found:.6f}")
