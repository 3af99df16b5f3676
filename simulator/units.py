"""Combines simulated units, bodies and faults, ready to be served."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from controller.errors import RequestRefused
from controller.order.prescription import Region
from controller.runtime.clock import SystemClock, VirtualClock
from simulator.device.firmware import ReferenceFirmware
from simulator.device.register_image import UnitDescription
from simulator.faults import FaultScript, read_script
from simulator.line.device_time import DeviceTime, SystemDeviceTime, VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.table.bodies import BODIES
from simulator.table.patient import Patient
from simulator.table.plant import TractionPlant

SIMULATED_UNITS = {
    Region.CERVICAL: UnitDescription(
        serial_number=10042,
        unit_id=0x5452_4331_0000_273A,
        model="SIM Cervical 1",
        regions=0b01,
        rated_force_n=200.0,
        cut_off_force_n=260.0,
        cell_capacity_n=500,
    ),
    Region.LUMBAR: UnitDescription(
        serial_number=20077,
        unit_id=0x5452_4331_0000_4E6D,
        model="SIM Lumbar 1",
        regions=0b10,
    ),
}


def with_faults(patient: Patient, script: Path) -> Patient:
    """Returns the patient combined with a fault script; raises RequestRefused."""
    try:
        return FaultScript(patient, read_script(script.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestRefused(f"fault script {script}: {reason}; correct it") from error


def body_region(body: str) -> Region:
    """Returns the region of this body's unit; the test fixture hangs on a lumbar unit."""
    return Region.CERVICAL if body.startswith("cervical") else Region.LUMBAR


def system_device_time() -> DeviceTime:
    """Returns real time, for ``traction simulate``."""
    return SystemDeviceTime()


def unit_of(body: str) -> UnitDescription:
    """Returns the first unit for this body, before any restart."""
    return SIMULATED_UNITS[body_region(body)]


def unit_now(body: str, *, number: int) -> UnitDescription:
    """Returns the unit for this body as just started; its boot counter is derived from the clock.

    ``number``: which of its kind, from 1; each has a serial number and an id of its own.
    """
    first = unit_of(body)
    return replace(
        first,
        serial_number=first.serial_number + number - 1,
        unit_id=first.unit_id + number - 1,
        boot_count=SystemClock().utc_ms() // 1000 % 0xFFFF + 1,
    )


def simulated_unit(
    body: str,
    patient: Patient,
    time: DeviceTime,
    *,
    seed: int,
    clock_ppm: float = 300.0,
    unit: int = 1,
    described: UnitDescription | None = None,
) -> SimulatedUnit:
    """Returns a simulated unit that is not served yet: choose ``serve_tcp`` or ``serve_rtu``.

    ``described`` is its identity; None: the first of its kind, before any restart.
    """
    firmware = simulated_firmware(
        body,
        patient,
        seed=seed,
        clock_ppm=clock_ppm,
        powered_on_at_s=time.now_s(),
        described=described,
    )
    return SimulatedUnit(firmware, time, unit=unit)


def simulated_firmware(
    body: str,
    patient: Patient,
    *,
    seed: int,
    clock_ppm: float = 300.0,
    powered_on_at_s: float = 0.0,
    described: UnitDescription | None = None,
) -> ReferenceFirmware:
    """Returns the device and the body on its table; one seed for noise, breath and token."""
    source = random.Random(seed)
    return ReferenceFirmware(
        TractionPlant(BODIES[body], source),
        random=source,
        unit=described or unit_of(body),
        patient=patient,
        clock_ppm=clock_ppm,
        powered_on_at_s=powered_on_at_s,
    )


@contextmanager
def virtual_unit(
    clock: VirtualClock, body: str, patient: Patient, *, seed: int
) -> Iterator[SimulatedUnit]:
    """Yields a simulated unit that shares ``clock`` with the session; stopped at the end."""
    with simulated_unit(body, patient, VirtualDeviceTime(clock), seed=seed) as unit:
        yield unit
