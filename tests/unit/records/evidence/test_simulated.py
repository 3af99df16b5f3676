"""A simulated unit is known by the numbers in its sealed identity block, and by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.evidence.reader import read_session
from records.evidence.simulated import SIMULATED_MAKER, SIMULATED_PRODUCT, is_simulated
from records.store.record_folder import RecordFolder
from simulator.device.register_image import UnitDescription
from tests.support.sessions import ENDED_EARLY, staged


def block(maker: int = 0x7452, product: int = 1, magic: bytes = b"TRC1") -> str:
    numbers = maker.to_bytes(2, "big") + product.to_bytes(2, "big")
    return (magic + bytes(12) + numbers + bytes(44)).hex()


def test_the_numbers_are_those_of_the_simulator() -> None:
    unit = UnitDescription()
    assert (unit.vendor_id, unit.product_id) == (SIMULATED_MAKER, SIMULATED_PRODUCT)
    assert is_simulated(block())


@pytest.mark.parametrize(
    "told",
    [
        block(maker=1),
        block(product=2),
        block(maker=1, product=0x7452),
        block(magic=b"TRC2"),
        block()[:38],
        "",
        "no hex",
        block() + "0",
    ],
)
def test_every_other_block_is_of_a_unit_that_pulls(told: str) -> None:
    assert not is_simulated(told)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_both_numbers_count(maker: int, product: int) -> None:
    assert is_simulated(block(maker, product)) == ((maker, product) == (0x7452, 1))


def test_a_session_on_a_simulated_unit_says_so_for_ever(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        stage.treat(script=ENDED_EARLY)
    assert read_session(folder, "session-1").simulated
