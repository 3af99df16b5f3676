"""The true force at the patient: the plant's own state at every device cycle, beside the record."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.device.firmware import ReferenceFirmware
from simulator.table.inputs import SwitchOnPlug
from simulator.table.patient import PressTestPatient, UnitView
from simulator.table.plant import Body, TractionPlant
from tests.campaigns.population import DrawnPatient

Series = NDArray[np.float64]
COLUMNS = 5
CYCLE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One row for each cycle; seconds of the cycle's clock, newtons, millimetres."""

    time_s: Series
    cord_n: Series
    spine_n: Series
    position_mm: Series
    speed_mm_per_s: Series
    cycle_s: float
    moved_at_s: float | None
    pressed_at_s: float | None


class TruthLog:
    """Collects rows of a plant."""

    def __init__(self, plant: TractionPlant, cycle_s: float) -> None:
        self._plant = plant
        self._cycle_s = cycle_s
        self._rows = array("d")

    def keep(self, time_s: float) -> None:
        """Append the plant's state."""
        plant = self._plant
        self._rows.extend(
            (
                time_s,
                plant.cord_force_n,
                plant.spine_force_n,
                plant.position_mm,
                plant.speed_mm_per_s,
            )
        )

    def truth(self, *, moved_at_s: float | None, pressed_at_s: float | None) -> Truth:
        """All rows as columns."""
        columns = np.frombuffer(self._rows, dtype=np.float64).reshape(-1, COLUMNS).T
        return Truth(
            time_s=columns[0],
            cord_n=columns[1],
            spine_n=columns[2],
            position_mm=columns[3],
            speed_mm_per_s=columns[4],
            cycle_s=self._cycle_s,
            moved_at_s=moved_at_s,
            pressed_at_s=pressed_at_s,
        )


class TableView(Protocol):
    """The part of a simulated table that is watched, and what a patient on it can do."""

    @property
    def plant(self) -> TractionPlant: ...
    @property
    def body(self) -> Body: ...
    @property
    def switch(self) -> SwitchOnPlug: ...
    @property
    def uptime_s(self) -> float: ...
    @property
    def setpoint_n(self) -> float: ...


class Watch:
    """Keeps the truth of one table; the patient on it moves as drawn and stops at ``stop_at_s``.

    Times count from the first cycle whose set-point is above the pretension, seconds of the table's
    clock; None for ``stop_at_s`` means that the patient never stops.
    """

    def __init__(
        self, patient: DrawnPatient, *, stop_at_s: float | None, pretension_n: float
    ) -> None:
        self._patient = patient
        self._stop_at_s = stop_at_s
        self._pretension_n = pretension_n
        self._began_s: float | None = None
        self._log: TruthLog | None = None
        self.moved_at_s: float | None = None
        self.pressed_at_s: float | None = None

    def look(self, table: TableView) -> None:
        """Called once per cycle of 10 ms, after the table has moved."""
        if self._log is None:
            self._log = TruthLog(table.plant, CYCLE_S)
        self._log.keep(table.uptime_s)
        if self._began_s is None and table.setpoint_n > self._pretension_n + 0.5:
            self._began_s = table.uptime_s
        if self._began_s is not None:
            self._in_treatment(table, table.uptime_s - self._began_s)

    def truth(self) -> Truth:
        """The truth so far."""
        assert self._log is not None, "the table has run"
        return self._log.truth(moved_at_s=self.moved_at_s, pressed_at_s=self.pressed_at_s)

    def _in_treatment(self, table: TableView, elapsed_s: float) -> None:
        moves = self._patient.movement != "still" and elapsed_s >= self._patient.moves_at_s
        if moves and self.moved_at_s is None:
            self.moved_at_s = table.uptime_s
            self._patient.move(table.body)
        stops = self._stop_at_s is not None and elapsed_s >= self._stop_at_s
        if stops and self.pressed_at_s is None:
            self.pressed_at_s = table.uptime_s
            table.switch.press()


class WatchedPatient(PressTestPatient):
    """Does the press test of a reference unit; everything else is left to the watch."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def act(self, unit: UnitView) -> None:
        assert isinstance(unit, ReferenceFirmware), "only a simulated unit shows its plant"
        super().act(unit)
        self._watch.look(unit)
