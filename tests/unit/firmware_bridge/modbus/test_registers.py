"""Blocks and registers against bytes that were written out by hand, and as laws."""

from __future__ import annotations

import pytest
from fastcrc import crc16
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU

from controller.errors import FrameCorrupt, RequestRefused
from firmware_bridge.modbus.registers import (
    RegisterBlock,
    RegisterSpec,
    RegisterType,
    register_words,
    words_to_bytes,
)
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import shipped_profile

PROFILE, _ = shipped_profile("reference_v1", TractionUnitProfile)
# Reference map, B.8: token 0x7F31A2C4, sequence 163, force 102.3 N, 10.0 N/s, ceiling 120.0 N.
COMMAND_HEX = "7F31A2C400A3000203FF006404B0419C"
ORDER_PROBE_HEX = "01020304"


def test_command_block_is_the_worked_example() -> None:
    words = PROFILE.block("command").encode(
        {
            "token": 0x7F31A2C4,
            "sequence": 163,
            "mode": 2,
            "set_point": 1023,
            "rate": 100,
            "ceiling": 1200,
        }
    )
    assert words_to_bytes(words).hex().upper() == COMMAND_HEX


def test_ascii_examples_of_the_map_carry_the_same_crc() -> None:
    assert crc16.modbus(b"00A3,7F31A2C4,F,+1023,0100,1200") == 0x8F1B
    assert crc16.modbus(b"00A3,1,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004,0488") == 0x79CF


def test_probes_read_as_the_map_says() -> None:
    block = PROFILE.block("identity")
    specs = {spec.name: spec for spec in block.registers}
    assert specs["sign_probe"].decode([0xCFC7]) == -12345
    assert specs["order_probe"].decode([0x0102, 0x0304]) == int(ORDER_PROBE_HEX, 16)
    assert specs["magic"].decode([0x5452, 0x4331]) == "TRC1"


@given(st.binary(max_size=300))
def test_crc_equals_pymodbus(data: bytes) -> None:
    swapped = FramerRTU.compute_CRC(data)
    assert crc16.modbus(data) == (swapped >> 8 | (swapped & 0xFF) << 8)


KINDS: list[tuple[RegisterType, int, int, int]] = [
    ("u16", 1, 0, 65535),
    ("i16", 1, -32768, 32767),
    ("u32", 2, 0, 2**32 - 1),
    ("u64", 4, 0, 2**64 - 1),
]


@given(st.sampled_from(KINDS), st.data())
def test_encode_and_decode_are_inverse(
    kind: tuple[RegisterType, int, int, int], data: st.DataObject
) -> None:
    name, words, low, high = kind
    spec = RegisterSpec(name="x", address=0, type=name, words=words)
    value = data.draw(st.sampled_from([low, high]) | st.integers(low, high))
    block = RegisterBlock(name="b", address=0, count=words, crc=False, registers=(spec,))
    assert spec.decode(block.encode({"x": value})) == value
    for outside in (low - 1, high + 1):
        with pytest.raises(RequestRefused, match=f"x={outside}"):
            block.encode({"x": outside})


def test_a_channel_that_is_not_fitted_is_none_and_never_a_number() -> None:
    spec = next(s for s in PROFILE.block("measurement").registers if s.name == "force_2")
    assert spec.decode([0x8000]) is None
    assert spec.decode([0x8001]) == -32767
    gross = next(s for s in PROFILE.block("measurement").registers if s.name == "gross_force")
    assert gross.decode([0x8000]) == -32768


@given(
    st.lists(st.integers(0, 0xFFFF), min_size=19, max_size=19),
    st.integers(0, 19),
    st.integers(1, 0xFFFF),
)
def test_any_changed_word_of_a_block_is_refused(
    words: list[int], position: int, change: int
) -> None:
    block = PROFILE.block("measurement")
    whole = [*words, crc16.modbus(words_to_bytes(words))]
    block.check(whole)
    whole[position] ^= change
    with pytest.raises(FrameCorrupt, match="measurement"):
        block.check(whole)


def test_a_block_of_another_length_is_refused() -> None:
    for count in (12, 19, 21):
        with pytest.raises(FrameCorrupt, match=f"20 registers, {count} came"):
            PROFILE.block("measurement").decode([0] * count)


def test_text_ends_at_its_padding_and_what_is_no_text_is_shown_as_such() -> None:
    spec = RegisterSpec(name="model", address=0, type="chars", words=3)
    assert spec.decode([0x4162, 0x2000, 0x0000]) == "Ab"
    assert spec.decode([0x4162, 0x2063, 0xFF20]) == "Ab c\N{REPLACEMENT CHARACTER}"


def test_what_lies_between_registers_is_0_and_a_block_without_crc_has_none() -> None:
    first = RegisterSpec(name="first", address=5, type="u16")
    last = RegisterSpec(name="last", address=8, type="u32", words=2)
    block = RegisterBlock(name="gap", address=4, count=7, crc=False, registers=(first, last))
    words = [0, 7, 0, 0, 0x0001, 0x0002, 0]
    assert block.encode({"first": 7, "last": 0x10002}) == words
    assert block.encode({"last": 0x10002}) == [0, 0, *words[2:]]
    assert block.decode(words) == {"first": 7, "last": 0x10002}


def test_a_register_that_the_block_does_not_have_is_named() -> None:
    with pytest.raises(RequestRefused, match="block service has no register colour; correct"):
        PROFILE.block("service").encode({"opcode": 4, "size": 1, "colour": 3})


@pytest.mark.parametrize(
    ("kind", "declared", "words"),
    [
        ("u16", None, 1),
        ("i16", 5, 1),
        ("u32", None, 2),
        ("u64", None, 4),
        ("chars", 8, 8),
        ("chars", None, 1),
    ],
)
def test_how_many_registers_a_value_takes(
    kind: RegisterType, declared: int | None, words: int
) -> None:
    assert register_words(kind, declared) == words
