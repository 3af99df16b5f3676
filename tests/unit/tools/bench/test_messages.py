"""The benchmark of messages: both ways are answered, and every trip is counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.bench.messages import BARE, OURS, measure, serving

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path")


def test_both_ways_are_answered_in_turns(tmp_path: Path) -> None:
    with serving(BARE, tmp_path), serving(OURS, tmp_path):
        taken_s = measure(tmp_path, rounds=2, trips=3)
    assert {name: len(seconds) for name, seconds in taken_s.items()} == {BARE: 6, OURS: 6}
    assert all(second > 0 for seconds in taken_s.values() for second in seconds)
