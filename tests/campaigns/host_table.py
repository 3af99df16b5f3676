"""A composed table: winch drive and load-cell transmitter on one slow line, without a loop.

plant.md: a line's delay is split evenly between its two directions. The drive takes crawl targets:
a speed, and the distance after which it stops by itself when nothing new arrives.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import Any

from controller.telemetry import Telemetry, UnitFault, UnitState, UnitStatus
from simulator.table.inputs import SwitchOnPlug
from simulator.table.load_cell import LoadCell
from simulator.table.plant import TractionPlant
from tests.campaigns.population import DrawnPatient
from tests.campaigns.truth import CYCLE_S, Watch

STEPS_PER_CYCLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlTarget:
    """Turn at ``speed_mm_per_s`` (positive winds in), for ``way_mm`` at most."""

    speed_mm_per_s: float
    way_mm: float


STOP = CrawlTarget(speed_mm_per_s=0.0, way_mm=0.0)


class HostTable:
    """One table with one patient; ``cycle`` is 10 ms of its time."""

    def __init__(self, patient: DrawnPatient, watch: Watch, source: random.Random) -> None:
        self.plant = TractionPlant(patient.body, source)
        self.plant.clutch_closed = True
        self.body = self.plant.body
        self.switch = SwitchOnPlug()
        self.setpoint_n = 0.0
        self.line, self._source = patient.line, source
        self._cell = LoadCell(source)
        self._converted_at_s, self._force_n, self._conversions = 0.0, 0.0, 0
        self._watch = watch
        self._cycles = self._samples = 0
        self._target, self._stops_at_mm = STOP, 0.0
        self._orders: deque[tuple[int, CrawlTarget]] = deque()
        self._readings: deque[tuple[int, Telemetry]] = deque()

    @property
    def uptime_s(self) -> float:
        """Seconds since the table was switched on, as the host counts them."""
        return self._cycles * CYCLE_S

    def order(self, target: CrawlTarget) -> float:
        """Send the drive a target, which arrives half the delay later; seconds."""
        arrives_at = self._arrives_at(self._orders)
        self._orders.append((arrives_at, target))
        return arrives_at * CYCLE_S

    def sample(self) -> None:
        """Take a reading; it arrives half the delay later."""
        self._samples += 1
        self._readings.append((self._arrives_at(self._readings), self._reading()))

    def _arrives_at(self, under_way: deque[tuple[int, Any]]) -> int:
        """The cycle half the delay later, with jitter; nothing overtakes on a line."""
        late_s = (self.line.delay_s + self._source.uniform(0.0, self.line.jitter_s)) / 2
        earliest = under_way[-1][0] if under_way else 0
        return max(earliest, self._cycles + round(late_s / CYCLE_S))

    def arrived(self) -> Telemetry | None:
        """The newest reading that has arrived and has not been taken."""
        newest = None
        while self._readings and self._readings[0][0] <= self._cycles:
            newest = self._readings.popleft()[1]
        return newest

    def cycle(self) -> None:
        """Move for 10 ms, then let the patient act, and record the state."""
        while self._orders and self._orders[0][0] <= self._cycles:
            self._target = self._orders.popleft()[1]
            self._stops_at_mm = self.plant.position_mm + self._target.way_mm
        self.plant.advance(STEPS_PER_CYCLE, self._speed_mm_per_s())
        self._cycles += 1
        self._convert()
        self.switch.sample(self.uptime_s)
        self._watch.look(self)

    def _convert(self) -> None:
        """Produce the transmitter's next value when it is due."""
        if self.uptime_s - self._converted_at_s >= self.line.cell_s - 1e-9:
            self._converted_at_s, self._conversions = self.uptime_s, self._conversions + 1
            self._force_n = self._cell.read(self.plant.cell_force_n, CYCLE_S) / 10.0

    def _speed_mm_per_s(self) -> float:
        speed = self._target.speed_mm_per_s
        return 0.0 if speed > 0.0 and self.plant.position_mm >= self._stops_at_mm else speed

    def _reading(self) -> Telemetry:
        plant, at_s = self.plant, self.uptime_s
        status = UnitStatus.PATIENT_SWITCH_PRESENT | UnitStatus.WATCHDOG_ARMED
        if self.switch.shown(at_s):
            status |= UnitStatus.PATIENT_SWITCH_PRESSED
        if plant.position_mm >= plant.parameters.stroke_mm:
            status |= UnitStatus.STROKE_END_IN
        return Telemetry(
            taken_at_s=self._converted_at_s,
            sequence_accepted=self._samples,
            command_result=1,
            unit_state=UnitState.TRACKING,
            status=status,
            faults=UnitFault.CHANNEL_1_VALID,
            first_fault_code=0,
            force_n=self._force_n,
            second_force_n=None,
            gross_force_n=self._force_n,
            setpoint_in_effect_n=None,
            extension_mm=round(plant.position_mm, 1),
            speed_mm_per_s=round(plant.speed_mm_per_s, 1),
            motor_current_a=None,
            sample_number=self._conversions,
            sample_age_s=at_s - self._converted_at_s,
            watchdog_left_s=0.5,
            uptime_s=at_s,
            newest_event=0,
        )
