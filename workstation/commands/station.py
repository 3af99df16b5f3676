"""``traction station``: runs a program for each unit, the console, and the stop door."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workstation.commands.options import Place, RecordsOptions, grouped
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from records.standing.kinds import UnitRecord
    from records.standing.versions import StandingData
    from records.store.record_folder import RecordFolder
    from workstation.settings import Settings
    from workstation.station.plan import PlannedUnit, StationPlan


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("station")(station)


@grouped
def station(*, records: RecordsOptions) -> None:
    """Run the station: a control program for each table on file, the console and the stop door.

    Ctrl-C, SIGTERM and a shutdown release every patient before the programs end.
    """
    from records.standing.versions import read_standing
    from workstation.hosts import base_address
    from workstation.settings import settings_at_the_clinic
    from workstation.station.place import refuse_second_station

    place = records.place
    refuse_second_station(place.folder.path)
    held = read_standing(place.folder)
    tables = [each.record for each in held.units]
    plan = _plan(place, settings_at_the_clinic(place.settings, held), held)
    _check_certificate(place.settings, plan)
    stop = f"http://127.0.0.1:{plan.stop_port}/"
    console = f"http://127.0.0.1:{plan.console_port}/"
    if records.as_json:
        units = [{"name": each.name, "address": each.address} for each in tables]
        say_json("station", {"data": plan.data, "console": console, "stop": stop, "units": units})
    else:
        for each in tables:
            say(f"{each.name} at {each.address}")
        say(f"console at {console}")
        say(f"stop door at {stop}")
        for host in plan.console_addresses:
            say(f"console at {base_address('https', host, plan.console_port)}/ for other machines")
        for host in plan.door_hosts:
            say(f"stop door at {base_address('https', host, plan.stop_port)}/ for other machines")
        say("end with Ctrl-C: every patient is released first")
    _become_parent(plan)


def _plan(place: Place, settings: Settings, held: StandingData) -> StationPlan:
    """Returns what the parent needs; raises RequestRefused."""
    from workstation.hosts import hosts_in
    from workstation.station.plan import StationPlan, check_units

    data = str(place.folder.path.absolute())
    return StationPlan(
        data=data,
        units=check_units(_planned(each.record, place.folder) for each in held.units),
        control=(sys.executable, "-m", "workstation.cli", "control", "--data", data, "--"),
        console=(sys.executable, "-m", "workstation.cli", "console", "--data", data),
        stop_port=settings.stop_port,
        console_port=settings.console_port,
        console_addresses=hosts_in(settings.console_addresses),
        stop_addresses=hosts_in(settings.stop_addresses),
        certificate=settings.station_certificate,
        time_zone=settings.time_zone,
        force_unit=settings.unit_of_force,
        is_training=held.is_training,
    )


def _check_certificate(settings: Settings, plan: StationPlan) -> None:
    """Report what other machines will see wrong; raises RequestRefused for an invalid file."""
    from controller.runtime.clock import SystemClock
    from workstation.certificate import certificate_faults
    from workstation.tls import tls_of

    if not plan.door_hosts:
        return
    tls_of(plan.certificate)
    utc_ms = SystemClock().utc_ms()
    for fault in certificate_faults(plan.certificate, plan.door_hosts, utc_ms, settings.day_at):
        warn(fault)


def _planned(table: UnitRecord, folder: RecordFolder) -> PlannedUnit:
    """Returns a table for the parent; reports a port that does not exist."""
    from controller.errors import LinkLost
    from workstation.station.kept_address import resolved_port
    from workstation.station.plan import PlannedUnit

    try:
        port = resolved_port(table.address)
        missing = Path(port).is_absolute() and not Path(port).exists()
    except LinkLost:
        port, missing = table.address, True
    if missing:
        warn(
            f"{table.name}: its port {table.address} is not there; connect the adapter, or correct "
            "the address with `traction units change`"
        )
    return PlannedUnit(
        called=table.name,
        port=port,
        unit_id=table.unit_id or "",
        manual_release=table.manual_release or "",
        is_lost=_is_lost(table, folder),
    )


def _is_lost(table: UnitRecord, folder: RecordFolder) -> bool:
    """Returns whether its program was lost in a session; reports a record that cannot be read."""
    from controller.errors import TractionError
    from workstation.station.lost_programs import left_open_at

    try:
        return left_open_at(folder, table.address, table.unit_id) is not None
    except TractionError as error:
        warn(f"{table.name}: the newest record cannot be read ({error.message})")
        return False


def _become_parent(plan: StationPlan) -> None:
    """Continue as the parent: the libraries of this command are removed from memory."""
    command = [sys.executable, "-m", "workstation.station.parent", plan.as_text()]
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(sys.executable, command)
    raise typer.Exit(subprocess.call(command))  # Windows starts another process for execv
