"""The numbers of the note, computed twice; the short form of the campaign."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.second_reader import run
from tests.support.random_sessions import ENDS


def test_a_second_reader_gets_the_same_numbers(memory_path: Path) -> None:
    ends, differences = run(30, 5, memory_path)
    assert differences == []
    assert set(ends) == set(ENDS), "every kind of end was among them"
