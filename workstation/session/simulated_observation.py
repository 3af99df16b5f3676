"""A closed table with a transmitter beside it, simulated on a real line, and its observation."""

from __future__ import annotations

import os
from typing import Final

from controller.runtime.clock import VirtualClock
from records.order.planned_order import PlannedOrder
from simulator.beside_table import TableStartedLater, on_serial_line, served_instrument
from simulator.line.device_time import VirtualDeviceTime
from workstation.session.observe import ObservedTable, observe
from workstation.session.operators import SessionOperator, Show
from workstation.session.session_script import parse_script
from workstation.session.treat import SessionResult
from workstation.session.workplace import Recording, Workplace

STARTED_AFTER_S: Final = 3.0
"""A person starts the table at its panel when the observation is running."""
ENDED_AFTER_S: Final = 20.0
"""The observation is ended so long after the planned time, with the cord free again."""
BAUDRATE: Final = 38400
PROFILE: Final = "laumas_tlb"


def observe_simulated(
    planned: PlannedOrder,
    *,
    body: str,
    workplace: Workplace,
    clock: VirtualClock,
    show: Show,
    recording: Recording,
) -> SessionResult:
    """Observe a table that follows the order, over a simulated transmitter's line."""
    table = TableStartedLater(planned.plan, body, seed=3, after_s=STARTED_AFTER_S)
    server = served_instrument(
        PROFILE, table.force_at, VirtualDeviceTime(clock), seed=1, baudrate=BAUDRATE
    )
    operator = SessionOperator(
        scripted=True, show=show, script=parse_script(_end(planned), "demo script")
    )
    with server:
        if hasattr(os, "openpty"):
            on_serial_line(server, BAUDRATE)
        else:
            server.serve_tcp()
        return observe(
            ObservedTable(
                address=server.uri,
                profile=PROFILE,
                serial="SIM 4711",
                calibrated="never: simulated",
                table="simulated table without a socket",
                set_by="B. Example, PTA",
                simulated=True,
            ),
            planned,
            workplace=workplace,
            operator=operator,
            recording=recording,
        )


def _end(planned: PlannedOrder) -> str:
    """End the observation after the treatment, as the person there would."""
    at_s = planned.plan.times.traction_s + planned.plan.times.release_s + ENDED_AFTER_S
    return f'[[step]]\nat = "{at_s:.0f} s"\ndo = "end"\nby = "A. Example, PT"\n'
