"""A unit whose forces are those of a display: steps of 1 N, no noise, no look at its own cell.

A converter's noise tells a channel that is stuck from one that is at rest. Without it only a force
that must move tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from controller.errors import SelfCheckFailed
from controller.events import EventKind, Outcome
from controller.ports import Clock
from controller.snapshot import Snapshot
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.units.map_unit import MapUnit
from records.store.record_folder import RecordFolder
from simulator.device.guards import ForceGuards
from simulator.table import load_cell
from simulator.table.load_cell import LoadCell
from tests.support.sessions import Stage, staged

HOLD_N = 60.0
"""Of the order of these sessions."""
MOST_UNSEEN_N = 15.0
RELEASED_N = 15.0


@pytest.fixture
def stage(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Both channels show whole newtons; a cell that is stuck repeats the last one."""
    read_finely = LoadCell.read

    def read(cell: LoadCell, force_n: float, period_s: float) -> int:
        return read_finely(cell, float(round(force_n)), period_s)

    monkeypatch.setattr(load_cell, "NOISE_TENTHS", 0.0)
    monkeypatch.setattr(LoadCell, "read", read)
    monkeypatch.setattr(ForceGuards, "_stuck", lambda *_: False)
    with staged(folder) as plain:
        yield plain


def declared_quiet(stage: Stage) -> None:
    """The unit's profile says that its forces have no noise."""
    connect = stage.connect

    def connected(uri: str, clock: Clock) -> MapUnit[UnitLink]:
        unit = connect(uri, clock)
        assert isinstance(unit, MapUnit)
        unit.capabilities = replace(unit.capabilities, force_shows_noise=False)
        return unit

    stage.connect = connected


def found(stage: Stage, session_id: str) -> list[str]:
    """The codes of what the supervisor acted on."""
    record = stage.visit(session_id).record
    return [str(e.detail["code"]) for e in record.of_kind(EventKind.SAFETY_ACTED)]


def test_a_display_without_noise_is_treated_to_the_end(stage: Stage) -> None:
    declared_quiet(stage)
    result = stage.treat()
    assert found(stage, result.session_id) == []
    assert result.ending.outcome == Outcome.COMPLETED


def test_the_same_display_under_a_profile_with_noise_is_refused(stage: Stage) -> None:
    with pytest.raises(SelfCheckFailed, match="the reading does not move at all"):
        stage.treat()


@pytest.mark.parametrize(
    ("phase", "above_n", "from_s"),
    [("ramping_up", 30.0, 0.0), ("ramping_down", 0.0, 0.0), ("holding", 0.0, 15.0)],
)
@pytest.mark.usefixtures("impatient_host")
def test_a_display_that_stops_lets_the_patient_go_once_the_force_must_move(
    stage: Stage, phase: str, above_n: float, from_s: float
) -> None:
    """In a hold it is found at the ramp behind it: until then the force is what is shown."""
    declared_quiet(stage)
    stopped_at_s: list[float] = []
    pulled_n: list[float] = []

    def watch(snapshot: Snapshot) -> None:
        pulled_n.append(stage.firmware.plant.cord_force_n)
        stops = snapshot.phase == phase and (snapshot.force_n or 0.0) > above_n
        if stops and snapshot.elapsed_s >= from_s and not stopped_at_s:
            stopped_at_s.append(snapshot.elapsed_s)
            stage.firmware.cell.stick()
            assert stage.firmware.second_cell is not None
            stage.firmware.second_cell.stick()

    result = stage.treat(watch=watch)
    assert stopped_at_s
    assert found(stage, result.session_id)[0] == "force_stuck"
    assert result.ending.outcome == Outcome.STOPPED
    assert max(pulled_n) < HOLD_N + MOST_UNSEEN_N
    assert stage.firmware.plant.cord_force_n <= RELEASED_N
