"""The blocks that the unit shows, against registers written out by hand from B.1, B.2 and B.3."""

from __future__ import annotations

import struct
from dataclasses import replace

from simulator.device.register_image import (
    Measurement,
    UnitDescription,
    capability_block,
    identification_block,
    limited,
    signed,
)


def words(text: str) -> list[int]:
    """Registers from hexadecimal text."""
    return [int(word, 16) for word in text.split()]


IDENTIFICATION = words(
    "5452 4331 0100 CFC7 0102 0304 0000 273A 7452 0001 0104 0002 9D3A 61F0 27B1 C45E 251C 2689 "
    "5452 4320 5265 6665 7265 6E63 6520 3120 5452 4331 0000 273A 0001 4062"
)
"""TRC1, 1.0, -12345, 0x01020304, serial 10042, vendor, product, firmware 1.04.2, both CRC-32, days
9500 and 9865, "TRC Reference 1 ", unit id, boot 1; the CRC was computed with another program."""
CAPABILITY = words(
    "137D 0003 2652 2EE0 0000 000A 01F4 03E8 0514 FF38 0BB8 0258 00C8 07D0 000A 000A 05DC 05DC "
    "076C 0000 0100 0020 0000 7281"
)
"""981.0 N rated, 1200 N cut-off, 50 / 100 / 130 N/s, stroke -20..300 mm, 60 mm/s, watchdog 200-2000
ms, 10 ms, 10 ms, 1500 N twice, 1900 ms, 0 days, category 0 that opens the clutch, ring of 32."""
SNAPSHOT = words(
    "00A3 0001 0003 004C 0003 0000 03FB 03FD 03FF 03FB 016D 0019 0051 5F21 0004 01E8 0001 86A0 "
    "0007 18C3"
)
MEASURED = Measurement(
    sequence=163,
    result=1,
    state=3,
    status=0x004C,
    faults=3,
    first_fault=0,
    force_1=1019,
    force_2=1021,
    setpoint=1023,
    gross_1=1019,
    position=365,
    speed=25,
    motor_current_10_ma=81,
    sample_counter=0x5F21,
    sample_age_ms=4,
    watchdog_left_ms=488,
    uptime_ms=100_000,
    newest_event=7,
)


def test_identification_is_the_map_s_to_the_bit() -> None:
    assert identification_block(UnitDescription()) == IDENTIFICATION


def test_capabilities_are_the_map_s_to_the_bit() -> None:
    assert capability_block(UnitDescription()) == CAPABILITY


def test_a_unit_with_one_channel_shows_no_second_cell() -> None:
    unit = UnitDescription(features=UnitDescription().features & ~(1 << 2))
    block = capability_block(unit)
    assert not block[0] & 1 << 2
    assert (block[0x10], block[0x11]) == (1500, 0)


def test_a_measurement_is_the_map_s_to_the_bit() -> None:
    assert MEASURED.registers() == SNAPSHOT


def test_negative_and_extreme_values_keep_their_sign() -> None:
    extreme = replace(MEASURED, force_1=-1, force_2=40_000, setpoint=-40_000, sample_age_ms=99_999)
    block = extreme.registers()
    assert block[6:9] == [0xFFFF, 0x7FFF, 0x8000]
    assert block[14] == 0xFFFF


def test_a_register_is_read_with_its_sign() -> None:
    for value in (-0x8000, -1, 0, 1, 0x7FFF):
        register = struct.unpack(">H", struct.pack(">h", value))[0]
        assert signed(register) == value == limited(value)
