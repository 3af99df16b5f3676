"""What the patient really got: the plant's own state at every device cycle, beside the record."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.firmware import ReferenceFirmware
from simulator.patient import PressTestPatient, UnitView
from simulator.plant import TractionPlant
from tests.campaigns.population import DrawnPatient

Series = NDArray[np.float64]
COLUMNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One row a cycle; seconds of the clock that the cycles count on, newtons, millimetres."""

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
            (time_s, plant.cord_force_n, plant.spine_force_n, plant.position_mm,
             plant.speed_mm_per_s)
        )  # fmt: skip

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


class WatchedPatient(PressTestPatient):
    """Does the press test, moves as drawn, presses stop at ``stop_at_s``, all watched.

    Times count from the first cycle whose set-point is above the pretension, seconds of the unit's
    clock; None for ``stop_at_s`` means that the patient never stops.
    """

    def __init__(
        self, patient: DrawnPatient, *, stop_at_s: float | None, pretension_n: float
    ) -> None:
        super().__init__()
        self._patient = patient
        self._stop_at_s = stop_at_s
        self._pretension_n = pretension_n
        self._began_s: float | None = None
        self._log: TruthLog | None = None
        self.moved_at_s: float | None = None
        self.pressed_at_s: float | None = None

    def act(self, unit: UnitView) -> None:
        assert isinstance(unit, ReferenceFirmware), "only a simulated unit shows its plant"
        super().act(unit)
        if self._log is None:
            self._log = TruthLog(unit.plant, 0.01)
        self._log.keep(unit.uptime_s)
        if self._began_s is None and unit.setpoint_n > self._pretension_n + 0.5:
            self._began_s = unit.uptime_s
        if self._began_s is not None:
            self._in_treatment(unit, unit.uptime_s - self._began_s)

    def truth(self) -> Truth:
        """What was watched so far."""
        assert self._log is not None, "the unit has run"
        return self._log.truth(moved_at_s=self.moved_at_s, pressed_at_s=self.pressed_at_s)

    def _in_treatment(self, unit: ReferenceFirmware, elapsed_s: float) -> None:
        moves = self._patient.movement != "still" and elapsed_s >= self._patient.moves_at_s
        if moves and self.moved_at_s is None:
            self.moved_at_s = unit.uptime_s
            self._patient.move(unit.body)
        stops = self._stop_at_s is not None and elapsed_s >= self._stop_at_s
        if stops and self.pressed_at_s is None:
            self.pressed_at_s = unit.uptime_s
            unit.switch.press()
