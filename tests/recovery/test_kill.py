"""Three rounds of the kill campaign.

How long the unit took is measured there, not here: a busy machine delays the simulated unit too.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.campaigns.kill import run_lane

pytestmark = pytest.mark.skipif(
    not hasattr(os, "openpty"), reason="needs POSIX signals and pseudo-terminals"
)


def test_a_killed_program_loses_nothing_and_the_unit_lets_go_by_itself(tmp_path: Path) -> None:
    lane = run_lane("tcp", 3, 5, tmp_path / "lane")
    assert len(lane.rounds) == 3
    for one in lane.rounds:
        assert one.acknowledged_links > 0
        assert one.lost == ""
        assert one.broken == ""
    assert lane.interrupted == 2, "the last one is closed by the start that does not come"
    assert lane.alterations == 0
