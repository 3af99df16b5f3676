"""``traction observe``: one session on a table that is only observed, in real time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AnswerMissing
from controller.words import ADDRESS_CHARACTERS, check_text
from workstation.commands.options import RecordsOptions, SessionOptions, grouped
from workstation.commands.session_end import run_to_its_end, screen_of, workplace_of

if TYPE_CHECKING:
    from controller.ports import Clock, ForceSource
    from firmware_bridge.line.line import Capture
    from records.order.planned_order import PlannedOrder
    from workstation.session.observe import InstrumentProfile, ObservedTable
    from workstation.session.operators import SessionOperator
    from workstation.session.workplace import Workplace
    from workstation.terminal.screen import Screen

HINT = "observing: end [REASON] ends it; remark TEXT and check NAME go into the record"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """What people enter about instrument and table, which cannot be read from them."""

    serial: Annotated[str, typer.Option(help="Serial number on the instrument or its cell.")]
    calibrated: Annotated[
        str, typer.Option(help="When, by whom and with what weight it was last tested.")
    ]
    table: Annotated[str, typer.Option(help="The table beside which it hangs.")]
    set_by: Annotated[str, typer.Option(help="Who set the force at the table.")]
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Table and instrument are simulated.")
    ] = False


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("observe")(observe)


@grouped
def observe(
    instrument: Annotated[
        str, typer.Argument(help="Address, for instance modbus-rtu:///dev/ttyUSB0?unit=1")
    ],
    *,
    profile: Annotated[str, typer.Option(help="The instrument's profile.")],
    order: Annotated[Path, typer.Option("--order", help="Order file.")],
    said: TableOptions,
    records: RecordsOptions,
    session: SessionOptions,
) -> None:
    """Record a session on a table that the program does not drive.

    The instrument is only read, and nothing is sent to the table. At a terminal, "end" ends it;
    "remark TEXT", "check NAME" and "help" work as well.
    """
    from controller.runtime.clock import SystemClock
    from records.order.order_file import read_order
    from records.order.planned_order import PlannedOrder
    from workstation.anchors import leave_checkpoints
    from workstation.session.capturing import captured
    from workstation.session.observe import ObservedTable, instrument_profile
    from workstation.session.signals import caught_signals
    from workstation.texts.plan_text import plan_text
    from workstation.texts.refusals import refusals_in

    check_text("INSTRUMENT", instrument, ADDRESS_CHARACTERS)
    by = session.by
    table = ObservedTable(address=instrument, profile=profile, **asdict(said))
    place = records.place.at_the_clinic()
    clock = SystemClock()
    forces = place.settings.unit_of_force
    with refusals_in(forces):
        ordered = PlannedOrder.of(read_order(order))
    shown = screen_of(place, clock, as_json=records.as_json, observed=True)
    with refusals_in(forces), shown as screen, caught_signals() as signals:
        screen.message(plan_text(ordered.plan, forces))
        screen.message(HINT)
        screen.settle()
        operator = _operator(screen, by)
        signals.hand_to(operator)
        workplace = workplace_of(place, clock, screen)
        digest = instrument_profile(profile, workplace)[1]
        with captured(session.capture, instrument, digest, clock, screen.message) as heard:
            status = _observe(table, ordered, workplace, operator, screen, heard)
        leave_checkpoints(place.settings, place.folder, screen.message)
    raise typer.Exit(status)


def _observe(
    table: ObservedTable,
    ordered: PlannedOrder,
    workplace: Workplace,
    operator: SessionOperator,
    screen: Screen,
    capture: Capture | None,
) -> int:
    """Observe, and say how it ended; returns the exit status."""
    from firmware_bridge.connect_instrument import connect_instrument
    from workstation.session.observe import observe as observe_table
    from workstation.station.kept_address import check_not_kept

    def connect(uri: str, profile: InstrumentProfile, digest: str, clock: Clock) -> ForceSource:
        check_not_kept(workplace.folder.path, uri)
        return connect_instrument(uri, profile, digest, clock, capture, workplace.warn)

    return run_to_its_end(
        lambda: observe_table(
            table, ordered, workplace=workplace, operator=operator, connect=connect
        ),
        screen,
        not_free="the cord was not seen free: look at the patient",
    )


def _operator(screen: Screen, by: str) -> SessionOperator:
    """Returns who types here; raises AnswerMissing without a terminal, where nobody can end it."""
    from workstation.session.operators import PersonAtTerminal, SessionOperator
    from workstation.session.request_lines import OBSERVED_HELP

    typed = screen.typed_lines()
    if typed is None:
        raise AnswerMissing("an observation needs a person who ends it; start it at a terminal")
    return SessionOperator(
        scripted=False,
        show=screen.show,
        person=PersonAtTerminal(
            read_line=typed.read_line, by=by, asking=screen.ask, help_words=OBSERVED_HELP
        ),
        tell=screen.tell,
        notices=screen.notices,
    )
