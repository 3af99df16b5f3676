"""Runs one drawn session: the load cell's readings, and the truth beside them."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from controller.order.force_profile import Segment
from simulator.device.closed_table import ClosedTable
from simulator.device.regulator import CYCLE_S
from simulator.table.load_cell import LoadCell
from simulator.table.plant import TractionPlant
from tests.campaigns.observed_population import Instrument, ObservedCase
from tests.campaigns.truth import Truth, TruthLog

WATCHED_BEFORE_S = 3.0
WATCHED_AFTER_S = 10.0
LONGEST_S = 100 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Readings (ms, 0.1 N) and the truth; the table started at ``WATCHED_BEFORE_S``.

    ``cell_n`` is the force that passed the cell at each reading, before noise and rounding: no
    instrument of that rate can report what rises and falls between two readings.
    """

    times_ms: NDArray[np.int64]
    forces_dn: NDArray[np.int64]
    truth: Truth
    treats_from_s: float
    releases_from_s: float
    segments: tuple[Segment, ...]
    cell_n: NDArray[np.float64]


class Watcher:
    """A load cell and its transmitter beside the table, read at the instrument's rate."""

    def __init__(self, instrument: Instrument, source: random.Random) -> None:
        self._instrument = instrument
        self._cell = LoadCell(source)
        self._cell.drift(instrument.drift_n_per_min)
        self._every = round(1.0 / (instrument.rate_hz * CYCLE_S))
        self.times_ms: list[int] = []
        self.forces_dn: list[int] = []
        self.cell_n: list[float] = []

    def look(self, cycle: int, force_n: float) -> None:
        """Called once per cycle of 10 ms."""
        if cycle % self._every:
            return
        true_n = force_n + self._instrument.zero_n
        tenths = self._cell.read(true_n, self._every * CYCLE_S)
        division = round(10 * self._instrument.division_n)
        self.times_ms.append(round(cycle * CYCLE_S * 1000))
        self.cell_n.append(force_n)
        self.forces_dn.append(division * round(tenths / division))


def run_case(case: ObservedCase, *, lets_go_at_s: float | None = None) -> Observed:
    """Run the whole session, from a loose cord to a loose cord.

    Somebody opens the clutch ``lets_go_at_s`` into the treatment; None: nobody does.
    """
    source = random.Random(case.seed)
    plant = TractionPlant(case.body, source)
    table = ClosedTable(plant, case.panel)
    watcher = Watcher(case.instrument, source)
    log = TruthLog(plant, CYCLE_S)
    coughs = list(case.coughs_at_s)
    cycle, left = 0, round(WATCHED_AFTER_S / CYCLE_S)
    while left and cycle * CYCLE_S < LONGEST_S:
        if cycle * CYCLE_S >= WATCHED_BEFORE_S:
            table.cycle()
        if coughs and table.treated_s >= coughs[0]:
            del coughs[0]
            plant.body.jump(case.cough_mm)
        if lets_go_at_s is not None and table.treated_s >= lets_go_at_s:
            table.let_go()
        watcher.look(cycle, plant.cell_force_n)
        log.keep(cycle * CYCLE_S)
        left -= table.free
        cycle += 1
    return _observed(table, watcher, log, case)


def _observed(table: ClosedTable, watcher: Watcher, log: TruthLog, case: ObservedCase) -> Observed:
    assert table.treats_from_s is not None
    assert table.releases_from_s is not None
    return Observed(
        times_ms=np.array(watcher.times_ms, dtype=np.int64),
        forces_dn=np.array(watcher.forces_dn, dtype=np.int64),
        cell_n=np.array(watcher.cell_n),
        truth=log.truth(moved_at_s=None, pressed_at_s=None),
        treats_from_s=table.treats_from_s + WATCHED_BEFORE_S,
        releases_from_s=table.releases_from_s + WATCHED_BEFORE_S,
        segments=case.panel.profile.segments,
    )
