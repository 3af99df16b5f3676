"""A clinic to practise in: invented people, two simulated tables, and a folder of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from controller.errors import RequestRefused
from records.standing.appointments import Appointment, day_list, write_days
from records.standing.files import record_of
from records.standing.kinds import PatientRecord
from records.standing.said import added, changed
from records.standing.shipped import shipped_presets
from records.standing.versions import StandingData, read_standing
from records.standing.write import StandingChange, write_standing
from records.store.author import Author
from records.store.record_folder import RecordFolder
from simulator.line.servers import SimulatedUnit
from simulator.table.patient import PressTestPatient
from simulator.units import simulated_unit, system_device_time, unit_now
from workstation.author_now import author_now
from workstation.sound.day_check import Hearing, SoundOfDay, keep_hearing, sound_of_day

BY: Final = "training"
"""The signer of what the program itself invents."""
WITHOUT_SOUND: Final = "training: a loudspeaker is not needed"
BODIES: Final = {"lumbar": "lumbar_split", "cervical": "cervical_sliding"}
"""Each region with the body on its table; the first one is Table 1."""
MANUAL_RELEASE: Final = "(simulated: the words of your own table stand here)"
PLAN_DAYS: Final = 90
HOURS: Final = ("09:00", "10:30")
"""Arrival times of the invented patients, each at the table of its number."""
DayAt = Callable[[int], date]
"""The clinic's day of a moment (UTC milliseconds)."""


def training_folder(data: Path) -> Path:
    """Returns a folder beside the clinic's own records, with a name that says what it is."""
    return data.with_name(f"{data.name}-training")


@contextmanager
def training_clinic(folder: RecordFolder, day_at: DayAt) -> Iterator[Mapping[str, str]]:
    """Yields the clinic while its simulated tables are served: their addresses by their names.

    Raises RequestRefused for a folder with the records of a real clinic.
    """
    held = read_standing(folder)
    if folder.clinic_database.exists() and not held.is_training:
        raise RequestRefused(
            f"{folder} holds records that are not for training; name another folder with --data, "
            "or leave it out"
        )
    author = author_now(folder, BY)
    day = day_at(author.at_utc_ms)
    with ExitStack() as stack:
        served = {
            f"Table {number}": stack.enter_context(_served(held, f"Table {number}", body, number))
            for number, body in enumerate(BODIES.values(), start=1)
        }
        if not held.is_training:
            _invent(folder, author, day)
        _keep_tables(folder, author, {name: unit.uri for name, unit in served.items()})
        _keep_day(folder, author, day)
        yield {name: unit.uri for name, unit in served.items()}


def work_without_sound(folder: RecordFolder, day: date) -> SoundOfDay:
    """Record for today that no loudspeaker is needed, unless there is an entry already."""
    of_day = sound_of_day(folder, day)
    if of_day.hearing is not Hearing.NOT_ASKED:
        return of_day
    return keep_hearing(folder, author_now(folder, BY), day, Hearing.WITHOUT, WITHOUT_SOUND)


@contextmanager
def _served(held: StandingData, name: str, body: str, number: int) -> Iterator[SimulatedUnit]:
    """Yields a simulated unit, at the address on file where it is free."""
    unit = simulated_unit(
        body,
        PressTestPatient(),
        system_device_time(),
        seed=number,
        described=unit_now(body, number=1),
    )
    with unit:
        try:
            unit.serve_tcp(port=_port_on_file(held, name))
        except OSError:
            unit.serve_tcp(port=0)
        yield unit


def _port_on_file(held: StandingData, name: str) -> int:
    """Returns the port, 0 where the table is not on file yet."""
    known = next((each.record for each in held.units if each.name == name), None)
    return int(known.address.rpartition(":")[2].partition("?")[0]) if known else 0


# --- what is invented -----------------------------------------------------------------------------


def _invent(folder: RecordFolder, author: Author, day: date) -> None:
    """Add the clinic, then its staff and patients, and the presets."""
    said = tomllib.loads(files("workstation").joinpath("training_clinic.toml").read_text("utf-8"))
    write_standing(folder, author, [added("clinic", "clinic", said["clinic"])])
    for patient in said["patient"]:
        patient.update(_since(day))
    made = [
        StandingChange(record=record_of(kind, each, f"{kind} of training"))
        for kind in ("person", "preset", "patient")
        for each in said[kind]
    ]
    made += [added("preset", name, {}) for name in shipped_presets()]
    write_standing(folder, author, made)


def _since(day: date) -> dict[str, Any]:
    """Returns what depends on the day of the first start: a valid plan of care."""
    return {
        "initial_treatment_date": day,
        "plan": {
            "established": day,
            "discipline": "GP",
            "includes_traction": True,
            "certified_on": day,
            "cert_through": day + timedelta(days=PLAN_DAYS),
            "treatment_days_since_progress_report": 0,
        },
        "threshold_check": {"checked_on": day, "by": BY, "result": "below"},
    }


def _keep_tables(folder: RecordFolder, author: Author, served: Mapping[str, str]) -> None:
    """Store the tables at their addresses of this start; writes nothing if they are the same."""
    held = read_standing(folder)
    for number, (region, body) in enumerate(BODIES.items(), start=1):
        name = f"Table {number}"
        table = {
            "address": served[name],
            "unit_id": f"{unit_now(body, number=1).unit_id:016x}",
            "regions": [region],
            "manual_release": MANUAL_RELEASE,
        }
        known = next((each for each in held.units if each.name == name), None)
        if known is None:
            write_standing(folder, author, [added("unit", name, table)])
        elif known.record.address != served[name]:
            why = (known.number, "another port of this start")
            write_standing(folder, author, [changed(held, "unit", name, table, why)])


def _keep_day(folder: RecordFolder, author: Author, day: date) -> None:
    """Store today's appointments, one for each table."""
    if day_list(folder, day) is not None:
        return
    patients = [*read_standing(folder).patients][: len(HOURS)]
    made = [_appointment(each.record, number) for number, each in enumerate(patients, start=1)]
    write_days(folder, author, {day: made}, file="training", content=b"")


def _appointment(patient: PatientRecord, number: int) -> Appointment:
    return Appointment(
        time=HOURS[number - 1],
        table=f"Table {number}",
        reference=patient.reference,
        last_name=patient.last_name,
        first_name=patient.first_name,
        birth_date=patient.birth_date,
    )
