"""Runs whole sessions in virtual time: real bytes, real database, no waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from controller.ports import Clock, TractionUnit
from controller.runtime.clock import VirtualClock
from controller.snapshot import Snapshot
from firmware_bridge.connect import connect_unit
from records.evidence.start_check import free_bytes_at
from records.keys.signing import NoKeyStore, SigningKey, load_or_create_key
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.visit import Visit
from simulator.device.firmware import ReferenceFirmware
from simulator.line.direct_line import DirectClock
from simulator.line.servers import SimulatedUnit
from simulator.table.patient import Patient, PressTestPatient
from simulator.units import simulated_firmware, virtual_unit
from workstation.session.direct import direct_connection
from workstation.session.identifiers import Identifiers
from workstation.session.operators import SessionOperator
from workstation.session.session_script import parse_script
from workstation.session.treat import SessionResult, treat
from workstation.session.workplace import Recording, Workplace
from workstation.settings import Settings

KEY = SigningKey(bytes(range(32)))
KEY_MADE_MS = 1_795_564_800_000
"""2026-11-25, 0:00: the start of virtual clocks."""
SETTINGS = Settings(time_zone="America/Chicago")

SHORT_CERVICAL = """
patient_reference = "TEST-1"
region = "cervical"
mode = "intermittent"
hold_force = "60 N"
rest_force = "30 N"
hold_time = "20 s"
rest_time = "10 s"
treatment_time = "1 min"
diagnosis = ["M50.120"]
"""

ENDED_EARLY = 'step = [{ at = "1 s", do = "end", by = "P. Jones" }]'
"""A script for sessions of which only the beginning matters: ended a second into the first ramp."""

BAUDRATE = 19200
"""Baud rate at which a tick takes 100 ms: half the exchanges, and few tests are about ticks."""
FACTORY_BAUDRATE = 38400
"""Baud rate at which a tick takes 50 ms, as on a network."""

SHORT_LUMBAR = """
patient_reference = "TEST-2"
region = "lumbar"
mode = "static"
hold_force = "150 N"
treatment_time = "1 min"
"""


def fixed_identifiers() -> Identifiers:
    """Identifiers that are the same in every run."""
    sessions, patients = count(1), count(1)
    return Identifiers(
        session_id=lambda utc_ms: f"session-{next(sessions)}",
        patient_key=lambda: f"patient-{next(patients)}",
    )


def fixed_key(folder: RecordFolder) -> SigningKey:
    """The workstation's key in ``folder``, always the same, made there like any other.

    Its creation time is fixed too, so that what is made of the same folder can be copied
    (``made_once``).
    """
    return load_or_create_key(
        folder, store=NoKeyStore(), new_seed=lambda: KEY.seed, utc_ms=lambda: KEY_MADE_MS
    )


@dataclass
class Stage:
    """A simulated unit, its clock and the folder of the records, as a context manager gives them.

    ``unit`` is the served unit; over a direct line there is only its ``firmware``.
    """

    firmware: ReferenceFirmware
    clock: VirtualClock
    folder: RecordFolder
    identifiers: Identifiers
    uri: str
    connect: Callable[[str, Clock], TractionUnit] = connect_unit
    served: SimulatedUnit | None = None
    free_bytes: Callable[[Path], int] = free_bytes_at

    @property
    def unit(self) -> SimulatedUnit:
        """The served unit."""
        assert self.served is not None, "a direct line is not served"
        return self.served

    def treat(
        self,
        order: str = SHORT_CERVICAL,
        *,
        watch: Callable[[Snapshot], None] | None = None,
        script: str = "",
        operator: SessionOperator | None = None,
    ) -> SessionResult:
        """Run one session, signed with the folder's key; ``script`` holds requests."""
        operator = operator or SessionOperator(
            scripted=True,
            show=watch or (lambda snapshot: None),
            script=parse_script(script, "script") if script else None,
        )
        self.operator = operator
        return treat(
            self.uri,
            PlannedOrder.of(parse_order(order, "test")),
            workplace=Workplace(folder=self.folder, settings=SETTINGS, clock=self.clock),
            operator=operator,
            connect=self.connect,
            recording=Recording(
                key=fixed_key(self.folder),
                identifiers=self.identifiers,
                commit_interval_s=1.0,
                free_bytes=self.free_bytes,
            ),
        )

    def visit(self, session_id: str) -> Visit:
        """The stored data of a session."""
        return load_visit(self.folder, session_id, SETTINGS)


@contextmanager
def staged(
    folder: RecordFolder,
    *,
    wire: str = "direct",
    body: str = "cervical_sliding",
    patient: Patient | None = None,
    seed: int = 1,
    baudrate: int = BAUDRATE,
) -> Iterator[Stage]:
    """A stage over the wire tcp, rtu, ascii or direct.

    The direct line has the same times and bytes and costs least; use the others where the wire is
    the subject. ``baudrate`` applies to direct and rtu.
    """
    who = patient or PressTestPatient()
    if wire == "direct":
        direct = DirectClock()
        firmware = simulated_firmware(body, who, seed=seed, powered_on_at_s=direct.now_s())
        connect = direct_connection(firmware, baudrate)
        yield Stage(firmware, direct, folder, fixed_identifiers(), "direct line", connect)
        return
    clock = VirtualClock()
    with virtual_unit(clock, body, who, seed=seed) as unit:
        if wire == "rtu":
            unit.serve_rtu(baudrate)
        elif wire == "ascii":
            unit.serve_ascii()
        else:
            unit.serve_tcp()
        served = unit.firmware
        assert isinstance(served, ReferenceFirmware)
        yield Stage(served, clock, folder, fixed_identifiers(), unit.uri, served=unit)
