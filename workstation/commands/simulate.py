"""``traction simulate``: a simulated unit or instrument that others connect to."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from controller.errors import AddressInvalid, RequestRefused
from workstation.commands.options import JsonOption, grouped
from workstation.output import say, say_json

if TYPE_CHECKING:
    from firmware_bridge.profile_kinds.gauge import GaugeProfile
    from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
    from simulator.beside_table import TableStartedLater
    from simulator.instruments.hung_weight import HungWeight
    from simulator.line.servers import SimulatedUnit
    from workstation.terminal.typed_lines import TypedLines

RTU_BAUDRATE: Final = 38400
LINES_BAUDRATE: Final = 115200


class PatientName(StrEnum):
    """Simulated patients."""

    PRESSES = "press-test"
    PASSIVE = "passive"


class WireName(StrEnum):
    """How a simulated unit is served."""

    TCP = "tcp"
    RTU = "rtu"
    ASCII = "ascii"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOptions:
    """How other programs reach the unit."""

    wire: Annotated[
        WireName,
        typer.Option(help="Modbus TCP, or RTU or lines of text on a pseudo-terminal."),
    ] = WireName.TCP
    port: Annotated[int, typer.Option(help="TCP port; 0 lets the system choose.")] = 5020
    baudrate: Annotated[
        int | None,
        typer.Option(
            help="Baud rate of the serial line.",
            show_default="38400, 115200 for text, or the profile's",
        ),
    ] = None

    def serial_baudrate(self, default: int) -> int:
        """Returns the baud rate that was asked for, else the default of what is served."""
        return default if self.baudrate is None else self.baudrate


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentOptions:
    """An instrument instead of a unit: beside a table without a socket, or to be tested."""

    instrument: Annotated[
        str, typer.Option(help="Serve the instrument of this profile instead of a unit.")
    ] = ""
    order: Annotated[
        Path | None,
        typer.Option("--order", help="Order file that its table follows.", show_default=False),
    ] = None
    weight: Annotated[
        str,
        typer.Option(
            "--weight",
            help='Instead of a table: the weight that is hung and lifted off, such as "5.00 kg".',
        ),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOptions:
    """The simulated unit, who is on its table, and its faults."""

    body: Annotated[str, typer.Option(help="Who is on the table.")] = "cervical_sliding"
    patient: Annotated[
        PatientName,
        typer.Option("--switch", help="press-test: presses the switch while the unit is idle."),
    ] = PatientName.PRESSES
    clock_ppm: Annotated[float, typer.Option(help="How slow the unit's clock is, ppm.")] = 300.0
    seed: Annotated[
        int,
        typer.Option(min=1, max=9999, help="Seed of noise, breath and token; its serial number."),
    ] = 1
    faults: Annotated[
        Path | None, typer.Option(help="Fault script: JSON lines of time and call.")
    ] = None

    def check_body(self) -> None:
        """Raises AddressInvalid for an unknown body."""
        from simulator.table.bodies import BODIES

        if self.body not in BODIES:
            raise AddressInvalid(f"body={self.body} is not one of {', '.join(BODIES)}")

    def made(self) -> SimulatedUnit:
        """Returns the unit, not yet served."""
        from simulator import units
        from simulator.table.patient import PassivePatient, PressTestPatient

        presses = self.patient is PatientName.PRESSES
        somebody = PressTestPatient() if presses else PassivePatient()
        return units.simulated_unit(
            self.body,
            somebody if self.faults is None else units.with_faults(somebody, self.faults),
            units.system_device_time(),
            seed=self.seed,
            clock_ppm=self.clock_ppm,
            described=units.unit_now(self.body, number=self.seed),
        )


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("simulate")(simulate)


@grouped
def simulate(
    line: WireOptions,
    beside: InstrumentOptions,
    unit: UnitOptions,
    *,
    as_json: JsonOption = False,
) -> None:
    """Serve a simulated unit or instrument in real time until Ctrl-C."""
    unit.check_body()
    if beside.instrument or beside.order is not None or beside.weight:
        _serve_instrument(line, beside, unit, as_json=as_json)
    else:
        _serve_unit(line, unit.made(), as_json=as_json)


def _serve_unit(line: WireOptions, unit: SimulatedUnit, *, as_json: bool) -> None:
    """Serve a unit until the program is ended."""
    from workstation.session.realtime import collect_often

    with _ways_out(line):
        if line.wire is WireName.RTU:
            unit.serve_rtu(line.serial_baudrate(RTU_BAUDRATE))
        elif line.wire is WireName.ASCII:
            unit.serve_ascii(line.serial_baudrate(LINES_BAUDRATE))
        else:
            unit.serve_tcp(port=line.port)
    collect_often()
    with unit:
        if as_json:
            say_json("simulate", {"address": unit.uri})
        else:
            say(f"simulated unit at {unit.uri}")
            say("serving in real time; end with Ctrl-C")
        _wait_for_end()


def _serve_instrument(
    line: WireOptions, beside: InstrumentOptions, unit: UnitOptions, *, as_json: bool
) -> None:
    """Serve an instrument with what hangs on its cell."""
    from simulator.beside_table import on_serial_line, served_instrument
    from simulator.instruments.hung_weight import HungWeight
    from simulator.units import system_device_time
    from workstation.session.realtime import collect_often

    profile = _simulated_profile(line, beside)
    load = _load(beside, unit)
    baudrate = line.serial_baudrate(profile.serial.baudrate)
    server = served_instrument(
        profile.name, load.force_at, system_device_time(), seed=unit.seed, baudrate=baudrate
    )
    with _ways_out(line):
        if line.wire is WireName.RTU:
            on_serial_line(server, baudrate)
        else:
            server.serve_tcp(line.port)
    collect_often()
    with server:
        if as_json:
            say_json("simulate", {"address": server.uri})
        else:
            _say_instrument(server.uri, profile.name, beside)
        if isinstance(load, HungWeight):
            _hang_and_lift_as_typed(load)
        _wait_for_end()


def _load(beside: InstrumentOptions, unit: UnitOptions) -> HungWeight | TableStartedLater:
    """Returns what pulls at the cell: a weight, or a table that begins after the first reading."""
    from records.order.order_file import read_order
    from records.order.planned_order import PlannedOrder
    from records.order.quantities import weight_kg
    from simulator.beside_table import TableStartedLater
    from simulator.instruments.hanging_cell import STANDARD_GRAVITY
    from simulator.instruments.hung_weight import HungWeight

    if beside.order is None:
        return HungWeight(weight_kg("--weight", beside.weight) * STANDARD_GRAVITY)
    return TableStartedLater(
        PlannedOrder.of(read_order(beside.order)).plan, unit.body, seed=unit.seed
    )


def _say_instrument(uri: str, profile: str, beside: InstrumentOptions) -> None:
    """Print how it is observed or tested from another terminal."""
    from simulator.beside_table import STARTED_AFTER_S

    say(f"simulated {profile} at {uri}")
    if beside.order is None:
        say(f"test it: {_commission_words(uri, profile, beside.weight)}")
        say(f"its cell is free; type hang or lift for {beside.weight}; end with Ctrl-C")
        return
    say(f"its table follows {beside.order} from {STARTED_AFTER_S:g} s after the first reading")
    say(f"observe it: {_observe_words(uri, profile, beside.order)}")
    say("serving in real time; end with Ctrl-C")


def _hang_and_lift_as_typed(weight: HungWeight) -> None:
    """Do what is typed here, on a thread that ends with the program; nothing without a terminal."""
    import sys
    import threading

    from workstation.terminal.typed_lines import typed_lines

    lines = typed_lines(sys.stdin)
    if lines is not None:
        threading.Thread(target=_follow, args=(lines, weight), daemon=True).start()


def _follow(lines: TypedLines, weight: HungWeight) -> None:
    deeds = {"hang": (weight.hang, "it hangs"), "lift": (weight.lift, "it is lifted off")}
    while True:
        try:
            word = lines.read_line().strip().lower()
        except EOFError:
            return
        except RequestRefused:  # a line that cannot be decoded, or Ctrl-D
            word = ""
        deed, done = deeds.get(word, (None, "type hang or lift; end with Ctrl-C"))
        if deed is not None:
            deed()
        say(done)


def _simulated_profile(
    line: WireOptions, beside: InstrumentOptions
) -> TransmitterProfile | GaugeProfile:
    """Returns the profile that was asked for.

    Raises RequestRefused for what cannot be simulated.
    """
    from firmware_bridge.profile_kinds.gauge import GaugeProfile
    from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
    from firmware_bridge.profiles import shipped_profile
    from simulator.instruments.shipped import GAUGES, TRANSMITTERS

    name = beside.instrument
    if not name or (beside.order is None) == (not beside.weight):
        raise RequestRefused(
            "--instrument NAME needs --order FILE, whose table pulls, or --weight KG, which "
            "is hung; give one of the two"
        )
    if line.wire is WireName.ASCII:
        raise RequestRefused("--wire ascii serves a unit; serve an instrument with rtu or tcp")
    if name in TRANSMITTERS:
        return shipped_profile(name, TransmitterProfile)[0]
    if name in GAUGES:
        return shipped_profile(name, GaugeProfile)[0]
    known = ", ".join(sorted([*TRANSMITTERS, *GAUGES]))
    raise RequestRefused(f"--instrument {name}: only {known} can be simulated; give one of them")


def _observe_words(uri: str, profile: str, order: Path) -> str:
    """Returns the command that observes it, for another terminal."""
    return shlex.join(
        [
            *("traction", "observe", uri, "--profile", profile, "--order", str(order)),
            *("--serial", "SIM 1", "--calibrated", "never: simulated"),
            *("--table", "simulated table", "--set-by", "nobody: simulated", "--simulated"),
        ]
    )


def _commission_words(uri: str, profile: str, weight: str) -> str:
    """Returns the command that commissions it, for another terminal."""
    return shlex.join(
        [
            *("traction", "commission", uri, "--profile", profile, "--serial", "SIM 1"),
            *("--capacity", "1000 N", "--weight", weight, "--by", "A. Example"),
        ]
    )


@contextmanager
def _ways_out(line: WireOptions) -> Iterator[None]:
    """Returns what to do where a port is taken or there are no pseudo-terminals."""
    try:
        yield
    except OSError as error:
        way_out = "choose another --port" if line.wire is WireName.TCP else "serve with --wire tcp"
        raise AddressInvalid(f"{error}; {way_out}") from error


def _wait_for_end() -> None:
    """Wait for SIGINT or SIGTERM."""
    import signal
    import threading

    ended = threading.Event()
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: ended.set())
    while not ended.wait(0.5):
        pass
