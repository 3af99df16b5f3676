"""The ring of 32 entries of six registers (B.6)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.device.event_ring import EventRing
from simulator.map_v1 import EventCode


def test_entries_stand_behind_the_header_as_the_map_says() -> None:
    ring = EventRing()
    ring.append(EventCode.ARMED, uptime_ms=0x0001_86A0, value_1=1, value_2=-2)
    image = ring.registers()
    assert image[:4] == [1, 1, 1, 6]
    assert image[4:16] == [0] * 12
    assert image[16:22] == [1, 2, 0x0001, 0x86A0, 1, 0xFFFE]


def test_an_empty_ring_has_no_oldest_entry() -> None:
    assert EventRing().registers()[:4] == [0, 0, 0, 6]


@given(count=st.integers(1, 100))
def test_the_newest_32_are_kept_each_in_its_slot(count: int) -> None:
    ring = EventRing()
    for number in range(1, count + 1):
        ring.append(EventCode.TARE, uptime_ms=number, value_1=0, value_2=0)
    image = ring.registers()
    kept = min(count, 32)
    assert image[:3] == [count, kept, count - kept + 1]
    for sequence in range(count - kept + 1, count + 1):
        slot = 16 + (sequence - 1) % 32 * 6
        assert image[slot] == image[slot + 3] == sequence


def test_the_sequence_wraps_after_65535() -> None:
    ring = EventRing()
    ring.newest = 65535
    ring.append(EventCode.TARE, uptime_ms=0, value_1=0, value_2=0)
    assert ring.newest == 0
