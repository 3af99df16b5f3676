"""Checksums of text protocols against numbers that others printed."""

from __future__ import annotations

import pytest

from firmware_bridge.profile_kinds.checksums import CHECKSUM_KINDS, ChecksumKind, checksum_of


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        ("none", "anything", ""),
        ("xor", "01t", "75"),  # Laumas TLU manual p. 27 (manualslib 1784246 p. 31)
        ("xor", "", "00"),
        ("sum_complement", "\x51", "AF"),  # Flintec DAD 143 manual p. 49: a sum that ends in 51
        ("sum_complement", "", "00"),
        ("crc16_modbus", "123456789", "4B37"),  # check value of the CRC catalogue
    ],
)
def test_a_checksum_is_the_one_that_others_printed(
    kind: ChecksumKind, text: str, right: str
) -> None:
    assert kind in CHECKSUM_KINDS
    assert checksum_of(kind, text) == right
