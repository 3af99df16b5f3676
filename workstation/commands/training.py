"""``traction training``: runs a station over simulated tables, with an invented clinic."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from controller.errors import RequestRefused
from workstation.commands.options import RecordsOptions, day_of, grouped, place_of
from workstation.output import say

if TYPE_CHECKING:
    from workstation.settings import Settings

PORTS_BESIDE = 10
"""Added to the clinic's ports, so that training and the clinic's station can run together."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("training")(training)


@grouped
def training(*, records: RecordsOptions) -> None:
    """Practise on a station with console, two simulated tables and an invented clinic.

    Its records are in a folder of their own, beside the clinic's. Every page says SIMULATED, and no
    reference of a real patient is taken. Ctrl-C ends everything.
    """
    from workstation.session.realtime import collect_often
    from workstation.station.place import refuse_second_station
    from workstation.training import training_clinic, training_folder, work_without_sound

    if records.as_json:
        raise RequestRefused("training serves pages and prints no JSON; omit --json")
    clinic_s = records.place.settings.data
    place = place_of(records.data or training_folder(clinic_s))
    refuse_second_station(place.folder.path)
    with training_clinic(place.folder, place.settings.day_at):
        without = work_without_sound(place.folder, day_of(place))
        collect_often()
        say(f"SIMULATED: training with an invented clinic, records in {place.folder}")
        say(f"sound of {without.text}")
        status = _run_station(place.folder.path, place.settings)
    raise typer.Exit(status)


def _run_station(data: Path, settings: Settings) -> int:
    """Run the station as a process of its own, which ends before its tables do.

    It does not receive Ctrl-C itself: while a patient is on a table, that table must still exist.
    """
    ports = {
        "TRACTION_CONSOLE_PORT": settings.console_port + PORTS_BESIDE,
        "TRACTION_STOP_PORT": settings.stop_port + PORTS_BESIDE,
    }
    started: list[subprocess.Popen[bytes]] = []

    def end(_number: int, _frame: object) -> None:
        for each in started:
            each.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    sys.stdout.flush()
    station = subprocess.Popen(
        [sys.executable, "-m", "workstation.cli", "station", "--data", str(data)],
        stdin=subprocess.DEVNULL,
        env=os.environ | {name: str(port) for name, port in ports.items()},
        start_new_session=True,
    )
    started.append(station)
    return station.wait()
