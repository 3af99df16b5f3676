"""A table without a socket: it follows its own panel, and nothing can be read from it.

Force and course were set on its panel; its regulator takes up the slack, pretensions, follows the
course and releases. A cell beside it reads only the cord's force.
"""

from __future__ import annotations

from typing import Final

from controller.order.planner import SLACK_FOLLOW_N, TreatmentPlan
from simulator.device.regulator import CYCLE_S, SLACK_FORCE_N, ForceRegulator
from simulator.table.plant import STEP_S, TractionPlant

SLACK_RATE_N_PER_S: Final = 2.0
TAUT_CYCLES: Final = 3
OPEN_CLUTCH_N: Final = 10.0
STEPS_PER_CYCLE: Final = round(CYCLE_S / STEP_S)


class ClosedTable:
    """One treatment on one body, in cycles of 10 ms; seconds since ``start``, newtons.

    ``treats_from_s`` and ``releases_from_s`` are the times at which the first ramp above the
    pretension and the release began; None until then.
    """

    def __init__(self, plant: TractionPlant, panel: TreatmentPlan) -> None:
        self.plant = plant
        plant.clutch_closed = True
        self._panel = panel
        self._regulator = ForceRegulator(plant.parameters.series_n_per_mm)
        self._cycles = self._taut = 0
        self._pretension_from_s: float | None = None
        self.treats_from_s: float | None = None
        self.releases_from_s: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the table was started at its panel."""
        return self._cycles * CYCLE_S

    @property
    def treated_s(self) -> float:
        """Seconds since the first ramp above the pretension; 0 before it."""
        return 0.0 if self.treats_from_s is None else self.elapsed_s - self.treats_from_s

    @property
    def setpoint_n(self) -> float:
        """Returns the regulator's present set-point, newtons."""
        return self._regulator.setpoint_n

    @property
    def free(self) -> bool:
        """True if the treatment is over and the cord is loose."""
        return self.releases_from_s is not None and not self.plant.clutch_closed

    def cycle(self) -> None:
        """Advance by 10 ms."""
        self._regulator.target_n = self._wanted_n()
        order = self._panel.order
        up_n_per_s = (
            SLACK_RATE_N_PER_S if self._pretension_from_s is None else order.ramp_up_n_per_s
        )
        speed = self._regulator.step(self.plant.cell_force_n, up_n_per_s, order.ramp_down_n_per_s)
        self.plant.advance(STEPS_PER_CYCLE, speed)
        self._cycles += 1
        if self.releases_from_s is not None and self.plant.cell_force_n <= OPEN_CLUTCH_N:
            self.plant.clutch_closed = False

    def advance_to(self, elapsed_s: float) -> float:
        """Advance to ``elapsed_s``; returns the force on a cell in the cord, newtons."""
        while self.elapsed_s < elapsed_s:
            self.cycle()
        return self.plant.cell_force_n

    def let_go(self) -> None:
        """Open the clutch at once: the emergency stop was pressed, or the power failed."""
        self.releases_from_s = self.releases_from_s or self.elapsed_s
        self.plant.clutch_closed = False

    def end(self) -> None:
        """Release at the panel's rate, as at the end of the treatment."""
        self.releases_from_s = self.releases_from_s or self.elapsed_s

    def _wanted_n(self) -> float:
        if self.releases_from_s is not None:
            return 0.0
        if self._pretension_from_s is None:
            self._take_up()
            return SLACK_FOLLOW_N
        order = self._panel.order
        if self.treats_from_s is None:
            if self.elapsed_s - self._pretension_from_s < order.pretension_s:
                return order.pretension_force_n
            self.treats_from_s = self.elapsed_s
        if self.treated_s >= self._panel.profile.end_s:
            self.end()
            return 0.0
        return self._panel.profile.target_n(self.treated_s)

    def _take_up(self) -> None:
        taut = self.plant.cell_force_n >= SLACK_FORCE_N
        self._taut = self._taut + 1 if taut else 0
        if self._taut >= TAUT_CYCLES:
            self._pretension_from_s = self.elapsed_s
