"""Decodes the registers of a transmitter to a force."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from controller.telemetry import InstrumentFault
from firmware_bridge.force_decoding.decoded import (
    DecodedForce,
    check_finite,
    check_range,
    faulted,
    newtons,
)
from firmware_bridge.profile_kinds.data import Unit
from firmware_bridge.profile_kinds.quantity import QuantitySpec, RegisterPlace
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile

_CODES: Final = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f"}
_TEXT_DIGITS: Final = frozenset("0123456789+-. ")


class RegisterImage:
    """Registers as received, by function and address; those not read are missing."""

    def __init__(self, registers: Mapping[tuple[int, int], int]) -> None:
        self._registers = registers

    def word(self, function: int, address: int) -> int:
        """Returns one register; KeyError if it was not read, which the profile's checks exclude."""
        return self._registers[function, address]

    def at(self, place: RegisterPlace) -> int:
        """Returns the bits at a place."""
        return place.value_in(self.word(place.function, place.address))

    def data(self, spec: QuantitySpec) -> bytes:
        """Returns the bytes of a quantity, high byte and high word first."""
        code = ">H" if spec.byte_order == "high_first" else "<H"
        words = [
            struct.pack(code, self.word(spec.function, spec.address + n))
            for n in range(spec.word_count)
        ]
        return b"".join(reversed(words) if spec.word_order == "low_first" else words)


def words_of(data: bytes) -> Iterator[int]:
    """Yields the registers of bytes in wire order."""
    for (word,) in struct.iter_unpack(">H", data):
        yield word


def decode_registers(
    profile: TransmitterProfile, image: RegisterImage, raw: bytes = b"", unit: Unit | None = None
) -> DecodedForce:
    """Returns the force of a sample; raises InstrumentFaulted if there is none.

    ``unit``: the unit that the instrument is set to, if it is not the profile's (examples).
    """
    name = profile.name
    _check_held(profile, image, raw)
    stable, faults = _status(profile, image, raw)
    _check_unit(profile, image, raw, unit or profile.unit.expected)
    decimals = _decimals(profile, image, raw)
    forces = {
        key: _force_n(name, image, spec, (decimals, unit or profile.unit.expected), raw)
        for key, spec in profile.weights.items()
    }
    return DecodedForce(
        net_n=forces["net"],
        gross_n=forces.get("gross"),
        decimals=decimals,
        raw_count=_count(name, image, profile.raw_count, raw),
        sample_number=_count(name, image, profile.sample_number, raw),
        stable=stable,
        faults=faults,
    )


def _check_held(profile: TransmitterProfile, image: RegisterImage, raw: bytes) -> None:
    for held in profile.held:
        if held.steady:
            continue
        value = image.at(held.place)
        if value not in held.equals:
            allowed = ", ".join(map(str, held.equals))
            detail = f"{held.means}: {value} at register {held.place.address}, must be {allowed}"
            raise faulted(profile.name, held.otherwise, detail, raw)


def _status(
    profile: TransmitterProfile, image: RegisterImage, raw: bytes
) -> tuple[bool | None, frozenset[InstrumentFault]]:
    """Returns stability and the faults that still permit a sample; raises for all other faults."""
    stable: bool | None = None
    faults = set()
    for status in profile.status:
        word = image.word(status.function, status.address)
        for bit in status.bits:
            holds = (word >> bit.bit & 1) == bit.when
            if bit.says in ("stable", "unstable"):
                stable = holds == (bit.says == "stable")
            elif holds and isinstance(bit.says, InstrumentFault):
                if not bit.still_a_sample:
                    detail = f"bit {bit.bit} of status 0x{word:04X}"
                    raise faulted(profile.name, bit.says, detail, raw)
                faults.add(bit.says)
    return stable, frozenset(faults)


def _check_unit(
    profile: TransmitterProfile, image: RegisterImage, raw: bytes, expected: Unit
) -> None:
    place = profile.unit.at
    if place is None:
        return
    code = image.at(place)
    unit = profile.unit.table.get(str(code))
    if unit is None:
        detail = f"unit code {code} at register {place.address}"
        raise faulted(profile.name, InstrumentFault.UNKNOWN_CODE, detail, raw)
    if unit != expected:
        detail = f"it shows {unit}, the profile wants {expected}"
        raise faulted(profile.name, InstrumentFault.OTHER_UNIT, detail, raw)


def _decimals(profile: TransmitterProfile, image: RegisterImage, raw: bytes) -> int | None:
    """Returns the number of digits after the point; None if the text has its own point."""
    data = profile.decimals
    if data.at is None:
        return data.value
    code = image.at(data.at)
    if str(code) not in data.table:
        detail = f"decimals code {code} at register {data.at.address}"
        raise faulted(profile.name, InstrumentFault.UNKNOWN_CODE, detail, raw)
    return data.table[str(code)]


def _force_n(
    name: str,
    image: RegisterImage,
    spec: QuantitySpec,
    scaling: tuple[int | None, Unit],
    raw: bytes,
) -> float:
    decimals, unit = scaling
    counts = _signed(name, image, spec, raw)
    if counts in spec.sent_on_overload:
        raise faulted(name, InstrumentFault.OVERLOAD, f"{counts:g} is sent instead of a value", raw)
    check_range(name, counts, (spec.lowest, spec.highest), raw)
    assert spec.sign is not None, "the profile's checks ask for a sign"
    return newtons(counts * spec.scale / 10 ** (decimals or 0), unit, spec.sign.tension)


def _signed(name: str, image: RegisterImage, spec: QuantitySpec, raw: bytes) -> float:
    """Returns the signed counts, from wherever the profile places the sign."""
    counts = _number(name, image.data(spec), spec, raw)
    sign = spec.sign
    if sign is None or sign.where == "value":
        return counts
    assert sign.word is not None, "the profile's checks ask for the word"
    assert sign.bit is not None, "the profile's checks ask for the bit"
    bit = image.word(spec.function, sign.word) >> sign.bit & 1
    return -counts if bit == sign.negative_when else counts


def _number(name: str, data: bytes, spec: QuantitySpec, raw: bytes) -> float:
    if spec.type != "chars":
        (value,) = struct.unpack(_CODES[spec.type], data)
        return check_finite(name, value, raw)
    text = data.decode("ascii", errors="replace").strip(" \0")
    try:
        if not text or not set(text) <= _TEXT_DIGITS:
            raise ValueError(text)
        return check_finite(name, float(text), raw)
    except ValueError as error:
        raise faulted(name, InstrumentFault.NO_NUMBER, repr(text), raw) from error


def _count(name: str, image: RegisterImage, spec: QuantitySpec | None, raw: bytes) -> int | None:
    return None if spec is None else int(_number(name, image.data(spec), spec, raw))
