"""A station without units, whose console cannot be started, and a program that keeps one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.store.record_folder import RecordFolder
from tests.support.control_stage import ControlStage, control_stage
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


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ControlStage]:
    with control_stage(RecordFolder(tmp_path)) as made:
        yield made
