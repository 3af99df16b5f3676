"""Runs whole sessions in virtual time: real bytes, real database, no waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from controller.ports import Progress
from controller.runtime.clock import VirtualClock
from simulator.servers import SimulatedUnit
from workstation.compose import (
    Identifiers,
    Patient,
    PressTestPatient,
    SessionResult,
    treat,
    virtual_unit,
)
from workstation.documents import Dossier, load_dossier
from workstation.operators import SessionOperator
from workstation.order_file import parse_order
from workstation.settings import Settings

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

SHORT_LUMBAR = """
patient_reference = "TEST-2"
region = "lumbar"
mode = "static"
hold_force = "150 N"
treatment_time = "1 min"
"""


def fixed_identifiers() -> Identifiers:
    """The same identifiers in every run."""
    sessions, patients = count(1), count(1)
    return Identifiers(
        session_id=lambda utc_ms: f"session-{next(sessions)}",
        patient_key=lambda: f"patient-{next(patients)}",
    )


@dataclass
class Stage:
    """A simulated unit, its clock and the folder of the records; a context manager's value."""

    unit: SimulatedUnit
    clock: VirtualClock
    data_dir: Path
    identifiers: Identifiers

    def treat(
        self, order: str = SHORT_CERVICAL, *, watch: Callable[[Progress], None] | None = None
    ) -> SessionResult:
        """One session; ``watch`` sees every tick's progress."""
        operator = SessionOperator(scripted=True, show=watch or (lambda progress: None))
        self.operator = operator
        return treat(
            self.unit.uri,
            parse_order(order, "test"),
            data_dir=self.data_dir,
            clock=self.clock,
            operator=operator,
            settings=SETTINGS,
            identifiers=self.identifiers,
        )

    def dossier(self, session_id: str) -> Dossier:
        """Everything of a session on file."""
        return load_dossier(self.data_dir, session_id, SETTINGS)


class staged:  # noqa: N801 - reads as a sentence behind `with`
    """``with staged(tmp_path, wire="rtu") as stage``."""

    def __init__(
        self,
        data_dir: Path,
        *,
        wire: str = "tcp",
        body: str = "cervical_sliding",
        patient: Patient | None = None,
        seed: int = 1,
        baudrate: int = 38400,
    ) -> None:
        self._clock = VirtualClock()
        self._unit = virtual_unit(self._clock, body, patient or PressTestPatient(), seed=seed)
        self._data_dir, self._wire, self._baudrate = data_dir, wire, baudrate

    def __enter__(self) -> Stage:
        unit = self._unit.__enter__()
        if self._wire == "rtu":
            unit.serve_rtu(self._baudrate)
        else:
            unit.serve_tcp()
        return Stage(unit, self._clock, self._data_dir, fixed_identifiers())

    def __exit__(self, *exception: object) -> None:
        self._unit.__exit__(None, None, None)
