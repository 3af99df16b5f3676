"""``traction simulate``: a simulated unit that others connect to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from controller.errors import AddressInvalid
from workstation.commands.options import grouped
from workstation.output import say


class PatientName(StrEnum):
    """Simulated patients."""

    PRESSES = "press-test"
    PASSIVE = "passive"


class WireName(StrEnum):
    """How a simulated unit is served."""

    TCP = "tcp"
    RTU = "rtu"
    ASCII = "ascii"


RTU_BAUDRATE: Final = 38400
LINES_BAUDRATE: Final = 115200


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOptions:
    """How others reach the unit."""

    wire: Annotated[
        WireName,
        typer.Option(help="Modbus TCP, or RTU or lines of text on a pseudo-terminal."),
    ] = WireName.TCP
    port: Annotated[int, typer.Option(help="TCP port; 0 lets the system choose.")] = 5020
    baudrate: Annotated[
        int | None, typer.Option(help="Baud rate: 38400 for RTU, 115200 for lines of text.")
    ] = None


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("simulate")(simulate)


@grouped
def simulate(
    line: WireOptions,
    *,
    body: Annotated[str, typer.Option(help="Who is on the table.")] = "cervical_sliding",
    patient: Annotated[
        PatientName, typer.Option(help="press-test: presses the switch while the unit is idle.")
    ] = PatientName.PRESSES,
    clock_ppm: Annotated[float, typer.Option(help="How slow the unit's clock is, ppm.")] = 300.0,
    seed: Annotated[int, typer.Option(help="Seed of noise, breath and token.")] = 1,
    faults: Annotated[
        Path | None, typer.Option(help="Fault script: JSON lines of time and call.")
    ] = None,
) -> None:
    """Serve a simulated unit in real time until Ctrl-C."""
    from simulator import units
    from simulator.table.bodies import BODIES
    from simulator.table.patient import PassivePatient, PressTestPatient
    from workstation.session.realtime import collect_often

    if body not in BODIES:
        raise AddressInvalid(f"body={body} is not one of {', '.join(BODIES)}")
    presses = patient is PatientName.PRESSES
    somebody = PressTestPatient() if presses else PassivePatient()
    unit = units.simulated_unit(
        body,
        somebody if faults is None else units.with_faults(somebody, faults),
        units.system_device_time(),
        seed=seed,
        clock_ppm=clock_ppm,
        boot_count=units.boot_count_now(),
    )
    try:
        if line.wire is WireName.RTU:
            unit.serve_rtu(line.baudrate or RTU_BAUDRATE)
        elif line.wire is WireName.ASCII:
            unit.serve_ascii(line.baudrate or LINES_BAUDRATE)
        else:
            unit.serve_tcp(port=line.port)
    except OSError as error:
        way_out = "choose another --port" if line.wire is WireName.TCP else "serve with --wire tcp"
        raise AddressInvalid(f"{error}; {way_out}") from error
    collect_often()
    with unit:
        say(f"simulated unit at {unit.uri}")
        say("serving in real time; end with Ctrl-C")
        _wait_for_end()


def _wait_for_end() -> None:
    """Until SIGINT or SIGTERM."""
    import signal
    import threading

    ended = threading.Event()
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: ended.set())
    while not ended.wait(0.5):
        pass
