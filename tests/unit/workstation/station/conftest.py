"""A station without units, whose console cannot be started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stops import free_port
from workstation.station.plan import StationPlan


@pytest.fixture
def plan(tmp_path: Path) -> StationPlan:
    return StationPlan(
        data=str(tmp_path),
        units=(),
        control=(),
        console=("/nothing/of/this/name",),
        stop_port=free_port(),
        console_port=8720,
    )
