"""A simulated instrument with its cell, ready to serve, beside a socketless table or alone."""

from __future__ import annotations

import random
from typing import Final

from controller.order.planner import TreatmentPlan
from simulator.device.closed_table import ClosedTable
from simulator.instruments.hanging_cell import ForceAt, HangingCell
from simulator.instruments.shipped import GAUGES, TRANSMITTERS
from simulator.line.device_time import DeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.line.text_server import TextServer
from simulator.table.bodies import BODIES
from simulator.table.plant import TractionPlant

STARTED_AFTER_S: Final = 10.0
"""Delay after the first reading until somebody starts the table at its panel."""
NOISE_N: Final = 0.3
"""Noise of a load cell of some hundred newtons with its transmitter, as in ``LoadCell``."""


class TableStartedLater:
    """The force at the cord of a table that follows ``panel`` once.

    It is started ``after_s`` seconds after the first reading.
    """

    def __init__(
        self, panel: TreatmentPlan, body: str, *, seed: int, after_s: float = STARTED_AFTER_S
    ) -> None:
        self._table = ClosedTable(TractionPlant(BODIES[body], random.Random(seed)), panel)
        self._after_s = after_s
        self._starts_at_s: float | None = None

    def force_at(self, now_s: float) -> float:
        """Returns the force in newtons at a monotonic second."""
        if self._starts_at_s is None:
            self._starts_at_s = now_s + self._after_s
        return self._table.advance_to(now_s - self._starts_at_s)


def served_instrument(
    name: str, force_at: ForceAt, time: DeviceTime, *, seed: int, baudrate: int
) -> SimulatedUnit | TextServer:
    """Returns the instrument of a shipped profile, not served yet; KeyError for another name.

    ``force_at`` is the force on its cell.
    """
    cell = HangingCell(force_at, seed=seed, noise_n=NOISE_N)
    if name in TRANSMITTERS:
        return SimulatedUnit(TRANSMITTERS[name](cell), time)
    return TextServer(GAUGES[name](cell), time, baudrate=baudrate)


def on_serial_line(server: SimulatedUnit | TextServer, baudrate: int) -> None:
    """Serve on a new pseudo-terminal; raises OSError on a system without them."""
    if isinstance(server, TextServer):
        server.serve_pty()
    else:
        server.serve_rtu(baudrate)
