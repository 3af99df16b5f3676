"""Puts unit, clock, journal and order together: the only place that chooses the parts."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from controller.errors import JournalError, RequestRefused
from controller.events import JsonValue
from controller.order.planner import plan, session_times
from controller.order.prescription import Prescription, Region
from controller.ports import Clock, StartFacts, TractionUnit
from controller.runtime.clock import SystemClock, VirtualClock
from controller.runtime.lateness import Lateness
from controller.runtime.session import Session
from controller.session.inputs_and_effects import Ending
from controller.start.before_start import check_order_fits_unit
from firmware_bridge.connect import connect_serial, connect_unit
from records.clinic.filed_orders import file_order
from records.clinic.session_register import note_seals
from records.evidence.journal import COMMIT_INTERVAL_S, SessionOpening, open_session
from records.evidence.reader import (
    last_arming_of,
    last_record_utc_ms,
    last_seen_of,
)
from records.evidence.start_check import check_before_start, free_bytes_at
from records.keeping.private_check import check_private
from records.keys.key_folder import key_history
from records.keys.signing import SigningKey, load_or_create_key
from records.order.order import Order
from records.store.author import Author
from records.store.unit_file import unit_database
from simulator.device.firmware import ReferenceFirmware
from simulator.device.register_image import UnitDescription
from simulator.faults import FaultScript, read_script
from simulator.line.device_time import DeviceTime, SystemDeviceTime, VirtualDeviceTime
from simulator.line.direct_line import DirectClock, DirectLine
from simulator.line.servers import SimulatedUnit
from simulator.table.bodies import BODIES
from simulator.table.patient import PassivePatient, Patient, PressTestPatient, StopsDuring
from simulator.table.plant import TractionPlant
from workstation.login import login_name
from workstation.session.operators import SessionOperator, check_somebody_answers
from workstation.session.recover import recover
from workstation.settings import Settings

PROGRAM = "traction-session-controller"
DEFAULT_BODY = {Region.CERVICAL: "cervical_sliding", Region.LUMBAR: "lumbar_split"}

__all__ = [
    "BODIES", "DEFAULT_BODY", "Identifiers", "PassivePatient", "Patient", "PressTestPatient",
    "SessionResult", "SimulatedUnit", "StopsDuring", "boot_count_now", "simulated_unit",
    "system_device_time", "treat", "virtual_unit", "with_faults",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Makers of identifiers, so that a simulated session can be the same twice."""

    session_id: Callable[[int], str]
    patient_key: Callable[[], str]


def random_identifiers() -> Identifiers:
    """Session ids that sort by time; patient keys that say nothing."""

    def session_id(utc_ms: int) -> str:
        stamp = datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{stamp}-{secrets.token_hex(3)}"

    return Identifiers(session_id=session_id, patient_key=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResult:
    """What ``treat`` did. ``recovered`` are the sessions that it found open and closed.

    ``lateness`` is of this run, in milliseconds, and stands in no record.
    """

    session_id: str
    ending: Ending
    recovered: tuple[str, ...]
    lateness: dict[str, float]


def treat(
    uri: str,
    order: Order,
    *,
    data_dir: Path,
    clock: Clock,
    operator: SessionOperator,
    settings: Settings,
    identifiers: Identifiers | None = None,
    opened: Callable[[str], None] = lambda session_id: None,
    connect: Callable[[str, Clock], TractionUnit] = connect_unit,
    key: SigningKey | None = None,
    commit_interval_s: float = COMMIT_INTERVAL_S,
    warn: Callable[[str], None] = lambda text: None,
    free_bytes: Callable[[Path], int] = free_bytes_at,
) -> SessionResult:
    """One session from the address to the sealed record; raises TractionError.

    ``opened`` is told the session's id once its record is open; ``connect`` finds the unit.
    ``key`` signs the record (default: the workstation's); a simulated session may commit less
    often than every 0.1 s. ``warn`` is told of a disk that fills up.
    """
    plan(order.prescription)
    identifiers = identifiers or random_identifiers()
    unit = connect(uri, clock)
    identified_at_s = clock.now_s()
    try:
        check_order_fits_unit(order.prescription, unit.capabilities, unit.identity.model)
        check_private(data_dir, settings.readers_group)
        key = key or load_or_create_key(data_dir)
        for warning in check_before_start(
            data_dir, unit.identity.unit_id, key, free_bytes=free_bytes
        ):
            warn(warning)
        if unit.verified:
            check_somebody_answers(
                order.prescription,
                scripted=operator.scripted,
                terminal=operator.at_terminal,
                verified=True,
            )
        facts = _facts(order, unit, data_dir, identified_at_s=identified_at_s)
        recovered = recover(unit, data_dir, clock, key, warn)
        session_id = identifiers.session_id(clock.utc_ms())
        origin_s = clock.now_s()
        author = _program(data_dir, clock, key)
        opening = _opening(
            session_id, uri, order, unit, clock, settings, data_dir, identifiers, author
        )
        journal = open_session(
            data_dir, opening, clock, key=key, commit_interval_s=commit_interval_s
        )
        lateness = Lateness()
        try:
            opened(session_id)
            ending = Session(
                unit=unit,
                clock=clock,
                journal=journal,
                operator=operator,
                order=order.prescription,
                facts=facts,
                origin_s=origin_s,
                lateness=lateness,
            ).run()
        finally:
            journal.close()
        _note_seals(data_dir, replace(author, at_utc_ms=clock.utc_ms()), warn)
        return SessionResult(
            session_id=session_id,
            ending=ending,
            recovered=tuple(recovered),
            lateness=lateness.report(),
        )
    finally:
        unit.close()


def _program(data_dir: Path, clock: Clock, key: SigningKey) -> Author:
    """Who writes the register of sessions: the account that runs the session."""
    user = login_name()
    return Author(
        by=user, user=user, at_utc_ms=clock.utc_ms(), key=key,
        key_records=key_history(data_dir).head,
    )  # fmt: skip


def _note_seals(data_dir: Path, author: Author, warn: Callable[[str], None]) -> None:
    """The register may wait: what is not noted now is noted by the next writer of clinic.db."""
    try:
        note_seals(data_dir, author)
    except JournalError as error:
        warn(f"the seal is not noted in clinic.db yet: {error.message}")


def _facts(
    order: Order, unit: TractionUnit, data_dir: Path, *, identified_at_s: float
) -> StartFacts:
    """What order and records say, read before a recovery adds records of its own."""
    mine = unit_database(data_dir, unit.identity.unit_id)
    return StartFacts(
        patient_reference=order.patient_reference,
        order_digest=order.digest,
        screening=order.screening,
        identified_at_s=identified_at_s,
        last_arming=last_arming_of(mine),
        last_record_utc_ms=last_record_utc_ms(data_dir),
        last_seen=last_seen_of(mine),
    )


def _opening(
    session_id: str,
    uri: str,
    order: Order,
    unit: TractionUnit,
    clock: Clock,
    settings: Settings,
    data_dir: Path,
    identifiers: Identifiers,
    author: Author,
) -> SessionOpening:
    """File the order with people's words, and say in the evidence what the session begins with."""
    patient_key = file_order(
        data_dir,
        session_id=session_id,
        unit_id=unit.identity.unit_id,
        author=author,
        patient_reference=order.patient_reference,
        order_digest=order.digest,
        order_text=order.source_text,
        new_key=identifiers.patient_key,
    )
    offset = settings.zone_at(clock.utc_ms()).utcoffset(
        datetime.fromtimestamp(clock.utc_ms() / 1000, UTC).replace(tzinfo=None)
    )
    identity = unit.identity
    return SessionOpening(
        session_id=session_id,
        unit_id=identity.unit_id,
        utc_offset_min=int(offset.total_seconds() // 60) if offset else 0,
        detail={
            "uri": uri,
            "program": f"{PROGRAM} {version(PROGRAM)}",
            "patient_key": patient_key,
            "order_digest": order.digest,
            "prescription": _prescription_in_integers(order.prescription),
            "profile": {"name": unit.profile_name, "digest": unit.profile_digest},
            "identity_block": identity.raw_block.hex(),
            "capability_block": unit.capabilities.raw_block.hex(),
            "identity": {
                "model": identity.model,
                "serial_number": identity.serial_number,
                "firmware": identity.firmware,
                "firmware_crc": identity.firmware_crc,
                "calibrated_on": identity.calibrated_on,
                "calibration_due": identity.calibration_due,
                "boot_count": identity.boot_count,
            },
        },
    )


def _prescription_in_integers(order: Prescription) -> dict[str, JsonValue]:
    """Forces in 0.1 N, times in ms, rates in 0.1 N/s, mass in 0.1 kg."""
    mass = order.body_mass_kg
    return {
        "region": order.region.value,
        "mode": order.mode.value,
        "hold_force_dn": round(order.hold_force_n * 10),
        "rest_force_dn": round(order.rest_force_n * 10),
        "force_limit_dn": round(order.force_limit_n * 10),
        "hold_ms": round(order.hold_s * 1000),
        "rest_ms": round(order.rest_s * 1000),
        "table": None if order.table is None else order.table.value,
        "treatment_ms": round(order.treatment_s * 1000),
        "ramp_up_dn_per_s": round(order.ramp_up_n_per_s * 10),
        "ramp_down_dn_per_s": round(order.ramp_down_n_per_s * 10),
        "pretension_force_dn": round(order.pretension_force_n * 10),
        "pretension_ms": round(order.pretension_s * 1000),
        "body_mass_hg": None if mass is None else round(mass * 10),
        "progressive_steps": order.progressive_steps,
        "regressive_steps": order.regressive_steps,
        "step_ms": round(order.step_s * 1000),
        "traction_ms": round(order.traction_s * 1000),
        "total_ms": round(session_times(order).total_s * 1000),
    }


# --- simulated units --------------------------------------------------------------------------

_UNITS = {
    Region.CERVICAL: UnitDescription(
        serial_number=10042, unit_id=0x5452_4331_0000_273A, model="SIM Cervical 1", regions=0b01,
        rated_force_n=200.0, cut_off_force_n=260.0, cell_capacity_n=500,
    ),
    Region.LUMBAR: UnitDescription(
        serial_number=20077, unit_id=0x5452_4331_0000_4E6D, model="SIM Lumbar 1", regions=0b10,
    ),
}  # fmt: skip


def with_faults(patient: Patient, script: Path) -> Patient:
    """The patient, and beside him what a fault script does; raises RequestRefused."""
    try:
        return FaultScript(patient, read_script(script.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestRefused(f"fault script {script}: {reason}; correct it") from error


def body_region(body: str) -> Region:
    """The region whose unit stands beside this body; the test fixture hangs on a lumbar unit."""
    return Region.CERVICAL if body.startswith("cervical") else Region.LUMBAR


def system_device_time() -> DeviceTime:
    """Real time, for ``traction simulate``."""
    return SystemDeviceTime()


def boot_count_now() -> int:
    """A boot counter for a unit that begins to live now: it keeps none between two lives."""
    return SystemClock().utc_ms() // 1000 % 0xFFFF + 1


def simulated_unit(
    body: str,
    patient: Patient,
    time: DeviceTime,
    *,
    seed: int,
    clock_ppm: float = 300.0,
    unit: int = 1,
    boot_count: int = 1,
) -> SimulatedUnit:
    """A simulated unit that is not served yet: choose ``serve_tcp`` or ``serve_rtu``."""
    firmware = simulated_firmware(
        body, patient, seed=seed, clock_ppm=clock_ppm, powered_on_at_s=time.now_s(),
        boot_count=boot_count,
    )  # fmt: skip
    return SimulatedUnit(firmware, time, unit=unit)


def simulated_firmware(
    body: str,
    patient: Patient,
    *,
    seed: int,
    clock_ppm: float = 300.0,
    powered_on_at_s: float = 0.0,
    boot_count: int = 1,
) -> ReferenceFirmware:
    """The device and the body on its table; one seed for noise, breath and token."""
    source = random.Random(seed)
    return ReferenceFirmware(
        TractionPlant(BODIES[body], source),
        random=source,
        unit=replace(_UNITS[body_region(body)], boot_count=boot_count),
        patient=patient,
        clock_ppm=clock_ppm,
        powered_on_at_s=powered_on_at_s,
    )


@contextmanager
def virtual_unit(
    clock: VirtualClock, body: str, patient: Patient, *, seed: int
) -> Iterator[SimulatedUnit]:
    """A simulated unit that shares ``clock`` with the session; stopped at the end."""
    with simulated_unit(body, patient, VirtualDeviceTime(clock), seed=seed) as unit:
        yield unit


def direct_connection(
    firmware: ReferenceFirmware, baudrate: int = 38400
) -> Callable[[str, Clock], TractionUnit]:
    """For ``treat``: a unit on a serial line inside this process; the clock is a DirectClock."""

    def connect(_uri: str, clock: Clock) -> TractionUnit:
        assert isinstance(clock, DirectClock), "a direct line lives in a direct clock's time"
        return connect_serial(DirectLine(firmware, clock, baudrate=baudrate), clock, baudrate)

    return connect
