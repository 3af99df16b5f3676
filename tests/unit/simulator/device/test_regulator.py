"""The unit's regulator: its feed-forward on a body that friction holds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from simulator.device import regulator
from simulator.device.machine import STEPS_PER_CYCLE
from simulator.device.regulator import NO_FEED_AHEAD_N, ForceRegulator, fed_share
from simulator.table.bodies import CERVICAL_FLAT
from simulator.table.plant import TractionPlant

REST_N, HOLD_N, RATE_N_PER_S = 51.0, 102.0, 10.0
CYCLES_PER_S = round(1.0 / regulator.CYCLE_S)
NO_BREATH_MUCH_FRICTION = replace(CERVICAL_FLAT, friction_n=93.0, breath_mm=0.0)


@pytest.mark.parametrize(
    ("feed_mm_per_s", "error_n", "share"),
    [
        (1.0, 0.0, 1.0),
        (1.0, 3.0, 1.0),
        (1.0, -NO_FEED_AHEAD_N / 2, 0.5),
        (1.0, -NO_FEED_AHEAD_N, 0.0),
        (1.0, -2 * NO_FEED_AHEAD_N, 0.0),
        (-1.0, -2 * NO_FEED_AHEAD_N, 1.0),
        (0.0, -2 * NO_FEED_AHEAD_N, 1.0),
    ],
)
def test_only_an_inward_feed_fades_and_only_ahead_of_the_set_point(
    feed_mm_per_s: float, error_n: float, share: float
) -> None:
    assert fed_share(feed_mm_per_s, error_n) == share


def steepest_rise_n_per_s() -> float:
    """Over 1 s, from rest to hold on a body that never slides: only the cord stretches."""
    plant, loop = TractionPlant(NO_BREATH_MUCH_FRICTION, random.Random(1)), ForceRegulator(4.62)
    plant.clutch_closed = True
    speed_mm_per_s, forces_n = 0.0, []
    for order_n in (REST_N, HOLD_N):
        loop.target_n = order_n
        for _ in range(20 * CYCLES_PER_S):
            plant.advance(STEPS_PER_CYCLE, speed_mm_per_s)
            speed_mm_per_s = loop.step(plant.cell_force_n, RATE_N_PER_S, 2 * RATE_N_PER_S)
            forces_n.append(plant.cord_force_n)
    ramp_n = forces_n[20 * CYCLES_PER_S :]
    return max(late - early for early, late in zip(ramp_n, ramp_n[CYCLES_PER_S:], strict=False))


def test_a_body_held_by_friction_is_not_pulled_faster_than_ordered_because_the_feed_fades(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert steepest_rise_n_per_s() < 1.7 * RATE_N_PER_S
    monkeypatch.setattr(regulator, "NO_FEED_AHEAD_N", float("inf"))
    assert steepest_rise_n_per_s() > 1.9 * RATE_N_PER_S
