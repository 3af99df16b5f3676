"""Sealed blocks: small on the reference signal, exact on everything, never trusted when damaged."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.store.blocks import MOST_SAMPLES, SPAN, VERSION, pack_block, unpack_block
from records.store.canonical import ABSENT_DN, SAMPLE_DTYPE, SAMPLE_SIZE
from tests.support.reference_signal import reference_signal

SIZE_LIMIT, SIZE_AIM = 1.5, 1.2

VERSION_1_BLOCK = base64.b85decode(
    "0RR91Pyhe`6aWAK6?obc5g{Ik5uwJL%79^z0{}TU9kT!c01|lG(_z2@SjY#A4Acbxf!F~W00015c-"
    "pPOQ3k*;3;@vFU?wIiqGGBdqN-~4v5(#VcjuX1V(;NX#1C#LB!x3-CMoK9jC<B`_Br-yc3ja~cMorE4=JWztthG0"
    "U=~h^lH#gK007{H-+cB^4Bh|$07ZD(t--"
    "+&z#s?&KsXLTh;e+_f2(OCy8;5D5!GO&Cv6tY9(%E%M(*Xes;#F7!xh-"
    "mV`L%DmMm?m$#F17%HKZfy8-zC000ko+T&ut1S|~X0{{eI01p5F01|lGV_;xlU|?io7_0yQ0&f5W"
)
VERSION_1_SAMPLES_SHA256 = "741f8981325584510786b5c0436b4c2cfaf79d782be0c315e01e9a9d66835810"

forces = st.one_of(st.integers(-0x8000, 0x7FFF), st.just(ABSENT_DN), st.integers(990, 1030))
samples = st.tuples(
    st.integers(0, 2**32 - 1), forces, forces, forces, st.integers(0, 255), st.integers(0, 0xFFFF)
)


def array(rows: list[tuple[int, ...]]) -> np.ndarray[Any, Any]:
    return np.array([tuple(row) for row in rows], dtype=SAMPLE_DTYPE)


@pytest.fixture(scope="module")
def reference() -> bytes:
    return reference_signal()


def test_the_reference_signal_is_the_one_that_the_figure_belongs_to(reference: bytes) -> None:
    signal = np.frombuffer(reference, dtype=SAMPLE_DTYPE)
    assert len(signal) == 15 * 60 * 50
    difference = signal["force_2_dn"].astype(float) - signal["force_1_dn"]
    assert difference.std() == pytest.approx(3.0 * 2**0.5, rel=0.03)
    stamps = np.diff(signal["taken_at_ms"].astype(int))
    assert len(set(stamps.tolist())) > 5
    assert stamps.mean() == pytest.approx(20.0, abs=0.01)
    assert signal["force_1_dn"].max() > 1000


def test_a_sample_of_the_reference_signal_takes_at_most_one_and_a_half_bytes(
    reference: bytes,
) -> None:
    block = pack_block(reference)
    assert unpack_block(block) == reference
    per_sample = len(block) * SAMPLE_SIZE / len(reference)
    assert per_sample <= SIZE_LIMIT
    assert per_sample <= SIZE_AIM


def test_a_unit_with_one_channel_pays_nothing_for_the_second(reference: bytes) -> None:
    signal = np.frombuffer(reference, dtype=SAMPLE_DTYPE)[:9000].copy()
    both = len(pack_block(signal.tobytes()))
    signal["force_2_dn"] = ABSENT_DN
    one = signal.tobytes()
    assert unpack_block(pack_block(one)) == one
    assert len(pack_block(one)) < 0.62 * both


@given(st.lists(samples, max_size=4 * SPAN))
@settings(max_examples=150)
def test_every_sequence_of_samples_comes_back_exactly(rows: list[tuple[int, ...]]) -> None:
    raw = array(rows).tobytes()
    assert unpack_block(pack_block(raw)) == raw


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_absent_readings_amid_a_treatment_come_back_exactly(data: st.DataObject) -> None:
    signal = np.frombuffer(reference_signal(minutes=0.1), dtype=SAMPLE_DTYPE).copy()
    gone = data.draw(st.lists(st.integers(0, len(signal) - 1), max_size=200))
    signal["force_1_dn"][gone] = ABSENT_DN
    signal["flags"][gone] = 1
    raw = signal.tobytes()
    assert unpack_block(pack_block(raw)) == raw


def test_blocks_of_version_1_stay_readable() -> None:
    raw = unpack_block(VERSION_1_BLOCK)
    assert hashlib.sha256(raw).hexdigest() == VERSION_1_SAMPLES_SHA256
    assert unpack_block(pack_block(raw)) == raw


@pytest.mark.parametrize("block", [VERSION_1_BLOCK, pack_block(unpack_block(VERSION_1_BLOCK))])
def test_a_block_that_is_cut_or_has_a_tail_is_refused(block: bytes) -> None:
    for damaged in (b"", block[:5], block[:-1], block + b"\0", block[: len(block) // 2]):
        with pytest.raises(ValueError, match="sealed block"):
            unpack_block(damaged)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_is_an_error_in_words_or_other_samples_never_a_crash(
    position: int, change: int
) -> None:
    block = bytearray(pack_block(unpack_block(VERSION_1_BLOCK)))
    block[position % len(block)] ^= change
    said = "sealed block"
    try:
        unpack_block(bytes(block))
    except ValueError as error:
        said = str(error)
    assert "sealed block" in said


def test_a_block_of_a_later_version_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=f"version {VERSION + 1}; this program knows"):
        unpack_block(bytes([VERSION + 1]) + bytes(40))


def test_a_block_that_claims_too_many_samples_is_refused_before_memory_is_taken() -> None:
    head = struct.pack(">BIIBB", VERSION, MOST_SAMPLES + 1, 50, 0, 0)
    with pytest.raises(ValueError, match=str(MOST_SAMPLES)):
        unpack_block(head + bytes(200))
