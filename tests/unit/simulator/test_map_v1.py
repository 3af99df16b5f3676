"""The CRC against values known from elsewhere."""

from __future__ import annotations

from fastcrc.crc16 import modbus
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from simulator.map_v1 import crc16_of_registers
from tests.unit.simulator.host import crc16


def test_the_check_value_of_the_crc() -> None:
    # The value that catalogues of CRCs give for "123456789" under the name MODBUS.
    assert modbus(b"123456789") == 0x4B37


def test_the_crcs_of_the_map_s_example_request() -> None:
    # B.8: block CRC 0x419C in its register, frame CRC 68 50 on the wire (low byte first).
    assert crc16_of_registers([0x7F31, 0xA2C4, 0x00A3, 0x0002, 0x03FF, 0x0064, 0x04B0]) == 0x419C
    request = bytes.fromhex("01170100001402000008107F31A2C400A3000203FF006404B0419C")
    assert modbus(request) == 0x5068


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=40))
def test_three_implementations_agree(registers: list[int]) -> None:
    data = b"".join(register.to_bytes(2, "big") for register in registers)
    wire_order = FramerRTU.compute_CRC(data)
    assert crc16_of_registers(registers) == crc16(registers)
    assert crc16(registers) == (wire_order >> 8 | (wire_order & 0xFF) << 8)
