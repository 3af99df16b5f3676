"""The signal on which the size of sealed samples is measured.

It is the plant of plant.md on the sliding cervical carriage, 102 N / 51 N for 60 s and 20 s, 15
minutes at 50 Hz; two cells with independent noise of 0.3 N in steps of 0.1 N; time stamps in whole
milliseconds as a host takes them: the moment the request was sent, late by the jitter of a busy
machine, less the age that a unit with a 10 ms cycle and a slow clock reports.
"""

from __future__ import annotations

import random

import numpy as np

from controller.order.phases import Phase
from records.store.canonical import SAMPLE_DTYPE
from simulator.device.regulator import CYCLE_S, ForceRegulator
from simulator.table.bodies import CERVICAL_SLIDING
from simulator.table.load_cell import LoadCell
from simulator.table.plant import STEP_S, TractionPlant

TICK_S = 0.02
UNIT_CLOCK_PPM = 300
PRETENSION_N, HOLD_N, REST_N = 15.0, 102.0, 51.0
PRETENSION_S, HOLD_S, CYCLE_LENGTH_S = 10.0, 60.0, 80.0
UP_N_PER_S, DOWN_N_PER_S = 10.0, 20.0


def reference_signal(minutes: float = 15.0, seed: int = 1) -> bytes:
    """Canonical bytes of the samples."""
    plant = TractionPlant(CERVICAL_SLIDING, random.Random(seed))
    plant.clutch_closed = True
    loop = ForceRegulator(CERVICAL_SLIDING.series_n_per_mm)
    cells = [LoadCell(random.Random(seed + 1)), LoadCell(random.Random(seed + 2))]
    jitter = random.Random(seed + 3)
    samples = np.zeros(round(minutes * 60 / TICK_S), dtype=SAMPLE_DTYPE)
    for tick in range(len(samples)):
        target_n, phase = _target(tick * TICK_S)
        loop.target_n = target_n
        for _ in range(round(TICK_S / CYCLE_S)):
            speed = loop.step(plant.cell_force_n, UP_N_PER_S, DOWN_N_PER_S)
            plant.advance(round(CYCLE_S / STEP_S), speed)
        first, second = (cell.read(plant.cell_force_n, TICK_S) for cell in cells)
        samples[tick] = (_taken_at_ms(tick, jitter), round(target_n * 10), first, second, phase, 0)
    return samples.tobytes()


def _target(elapsed_s: float) -> tuple[float, Phase]:
    if elapsed_s < PRETENSION_S:
        return PRETENSION_N, Phase.PRETENSIONING
    cycle, in_cycle_s = divmod(elapsed_s - PRETENSION_S, CYCLE_LENGTH_S)
    if in_cycle_s < HOLD_S:
        start_n = REST_N if cycle else PRETENSION_N
        target_n = min(HOLD_N, start_n + in_cycle_s * UP_N_PER_S)
        return target_n, Phase.HOLDING if target_n == HOLD_N else Phase.RAMPING_UP
    target_n = max(REST_N, HOLD_N - (in_cycle_s - HOLD_S) * DOWN_N_PER_S)
    return target_n, Phase.RESTING if target_n == REST_N else Phase.RAMPING_DOWN


def _taken_at_ms(tick: int, jitter: random.Random) -> int:
    late_ms = jitter.uniform(0.2, 4.0) if jitter.random() < 0.01 else abs(jitter.gauss(0.0, 0.1))
    sent_ms = tick * TICK_S * 1000 + late_ms
    unit_ms = sent_ms * (1 - UNIT_CLOCK_PPM / 1e6) + 3.3
    age_ms = int(unit_ms) % 10
    return round(sent_ms - age_ms) + 10
