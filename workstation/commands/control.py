"""``traction control``: the program that keeps one unit of a station, started by the station."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RequestRefused
from workstation.commands.options import Place, RecordsOptions, grouped
from workstation.output import say, warn

if TYPE_CHECKING:
    from controller.ports import Clock
    from records.standing.versions import StandingData
    from workstation.session.workplace import Workplace
    from workstation.station.control_desk import ControlDesk
    from workstation.station.control_process import Connect, KeptTable
    from workstation.station.line_trace import LineTrace

STACK_BYTES = 512 * 1024
"""Of a thread: with locked memory every byte of it is allocated, and eight million is usual."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("control")(control)


@grouped
def control(
    table: Annotated[str, typer.Argument(metavar="NAME", help="Name of a table on file.")],
    *,
    records: RecordsOptions,
) -> None:
    """Control one unit of a station: watch it, and run the sessions that are requested.

    `traction station` starts one for each table. It has no terminal: questions and requests come
    from the station's pages. A signal to end releases the patient first.
    """
    from records.standing.versions import read_standing

    if records.as_json:
        raise RequestRefused("the program of a unit prints no JSON; omit --json")
    threading.stack_size(STACK_BYTES)
    place = records.place.at_the_clinic()
    _keep(place, _table(read_standing(place.folder), table))


def _table(held: StandingData, name: str) -> KeptTable:
    from records.standing.for_session import unit_called
    from workstation.station.control_process import KeptTable

    unit = unit_called(held, name)
    if unit is None:
        raise RequestRefused(f"table {name!r} is not on file; `traction units list` lists them")
    return KeptTable(name=unit.name, address=unit.record.address)


def _keep(place: Place, table: KeptTable) -> None:
    """Hold the address, listen, and drive the unit until the end is requested."""
    from controller.runtime.clock import SystemClock
    from firmware_bridge.connect import unit_profile
    from workstation.session.realtime import run_behind_the_loop, take_realtime_rights
    from workstation.session.signals import caught_signals
    from workstation.station.channel import ChannelListener
    from workstation.station.control_desk import ControlDesk
    from workstation.station.control_process import ControlProcess
    from workstation.station.kept_address import kept_address, kept_words
    from workstation.station.line_trace import LineTrace
    from workstation.station.messages import encoded
    from workstation.station.place import ChannelPlace, station_folder

    clock = SystemClock()
    folder = station_folder(place.folder.path)
    where = ChannelPlace(folder=folder, called=table.name)
    trace = LineTrace(where, table.address, unit_profile()[1], clock, warn)
    desk = ControlDesk(
        table.name, clock, lambda utc_ms: f"{place.local(utc_ms):%H:%M}", trace.begin
    )
    with kept_address(folder, table.address, kept_words(table.name)), caught_signals() as signals:
        signals.hand_to(desk)
        say(str(take_realtime_rights()))
        listener = ChannelListener(
            where,
            desk.serve,
            encode=encoded,
            clock=clock,
            report=warn,
            beside_loop=partial(run_behind_the_loop, warn),
        )
        threading.Thread(target=_repeat_busy, args=(desk, clock), daemon=True).start()
        try:
            say(f"keeps {table.name} at {table.address}")
            ControlProcess(table, _workplace(place, desk), desk, _connect(desk, trace), say).run()
        finally:
            listener.close()
            trace.end()
    say(f"{table.name} is no longer kept ({desk.leaving})")


def _repeat_busy(desk: ControlDesk, clock: Clock) -> None:
    """Report slow work of the driving thread, so that it is never silent."""
    from workstation.station.control_desk import BUSY_EVERY_S

    while True:
        clock.sleep_until(clock.now_s() + BUSY_EVERY_S)
        desk.repeat_busy()


def _workplace(place: Place, desk: ControlDesk) -> Workplace:
    from controller.runtime.clock import SystemClock
    from workstation.session.realtime import run_behind_the_loop
    from workstation.session.workplace import Workplace

    return Workplace(
        folder=place.folder,
        settings=place.settings,
        clock=SystemClock(),
        warn=desk.tell,
        beside_loop=partial(run_behind_the_loop, desk.tell),
    )


def _connect(desk: ControlDesk, trace: LineTrace) -> Connect:
    from firmware_bridge.connect import connect_unit

    return lambda address, clock: connect_unit(address, clock, desk.tell, trace)
