"""``traction run``: one session in real time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.words import ADDRESS_CHARACTERS, check_name, check_text
from workstation.commands.at_terminal import Seat, treat_at_terminal
from workstation.commands.options import Place, RecordsOptions, grouped


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("run")(run)


@grouped
def run(
    unit: Annotated[
        str, typer.Argument(help="Address (modbus-tcp://host:5020?unit=1), or a unit's name.")
    ],
    *,
    order: Annotated[Path, typer.Option("--order", help="Order file.")],
    yes: Annotated[bool, typer.Option("--yes", help="A script answers the questions.")] = False,
    records: RecordsOptions,
    script: Annotated[
        Path | None, typer.Option(help="Requests at given times (TOML).", show_default=False)
    ] = None,
    operator_name: Annotated[
        str, typer.Option("--operator", help="Who sits here; default: the login name.")
    ] = "",
    capture: Annotated[
        Path | None,
        typer.Option(help="Write every byte of the line to a new file.", show_default=False),
    ] = None,
) -> None:
    """Run one session in real time. Ctrl-C releases the patient and closes the record.

    At a terminal, lines such as "pause", "-5 N", "check NAME" or "help" steer the session.
    """
    from records.order.order import PlannedOrder
    from records.order.order_file import read_order
    from workstation.session.operators import check_somebody_answers
    from workstation.session.session_script import read_script
    from workstation.terminal.typed_lines import is_terminal

    check_text("UNIT", unit, ADDRESS_CHARACTERS)
    by = check_name("--operator", operator_name) if operator_name else ""
    place = records.place
    unit = _address(place, unit)
    ordered = PlannedOrder.of(read_order(order))
    steps = read_script(script) if script else None
    check_somebody_answers(ordered.plan.order, scripted=yes, terminal=is_terminal(sys.stdin))
    seat = Seat(by=by, scripted=yes, script=steps, capture=capture, as_json=records.as_json)
    raise typer.Exit(treat_at_terminal(unit, ordered, place, seat).status)


def _address(place: Place, unit: str) -> str:
    """The address of a table that the clinic calls so; what is no such name is an address."""
    from records.standing.for_session import unit_called
    from records.standing.versions import read_standing

    called = unit_called(read_standing(place.folder), unit) if "://" not in unit else None
    return called.record.address if called else unit
