"""The benchmark of messages: both ways are answered, and every trip is counted."""

from __future__ import annotations

import os

import pytest

from tools.bench.messages import BARE, OURS, PLACES, measured_on

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path")


@pytest.mark.parametrize("place", PLACES)
def test_both_ways_are_answered_in_turns(place: str) -> None:
    taken_s = measured_on(PLACES[place], rounds=2, trips=3)
    assert {name: len(seconds) for name, seconds in taken_s.items()} == {BARE: 6, OURS: 6}
    assert all(second > 0 for seconds in taken_s.values() for second in seconds)
