"""``traction order``: a new order file, and what a session would make of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import PrescriptionInvalid, RequestRefused
from controller.order.prescription import Region
from workstation.commands.options import DataOption, Place, day_of, place_of
from workstation.output import say, say_text

if TYPE_CHECKING:
    from records.order.order import Order


def register(app: typer.Typer) -> None:
    """Add the commands about order files."""
    order_app = typer.Typer(help="Order files.", no_args_is_help=True)
    app.add_typer(order_app, name="order")
    order_app.command("new")(order_new)
    order_app.command("check")(order_check)


def order_new(
    region: Annotated[Region, typer.Option(help="Body region.")],
    out: Annotated[Path | None, typer.Option(help="File to write; default: print it.")] = None,
) -> None:
    """Print a commented order file with every key, valid as it stands."""
    from workstation.texts.order_template import order_template

    text = order_template(region)
    if out is None:
        say_text(text)
        return
    if out.exists():
        raise PrescriptionInvalid(f"{out} exists already; choose another name")
    from workstation.output import write_file

    say(f"written to {write_file(out, text.encode())}")


def order_check(
    order: Annotated[Path, typer.Argument(help="Order file.")],
    unit: Annotated[str, typer.Option(help="Name of the table that it is for.")] = "",
    data: DataOption = None,
) -> None:
    """Check an order file; print its steps, its total time and the questions it leads to.

    Where its patient is known, lasting flags are told, and one that forbids the region refuses.
    """
    from controller.order.planner import plan
    from records.order.order_file import read_order
    from workstation.session.operators import possible_questions
    from workstation.texts.plan_text import plan_text

    ordered = read_order(order)
    say_text(plan_text(plan(ordered.prescription)))
    questions = ", ".join(q.value for q in possible_questions(ordered.prescription))
    say(f"questions a session may ask: {questions}")
    _check_standing(place_of(data), ordered, unit)


def _check_standing(place: Place, ordered: Order, unit: str) -> None:
    """What standing data say of an order; a patient's are told once the access is on record."""
    from records.clinic.audit import record_read, standing_field
    from records.standing.fit import check_order_fits_table
    from records.standing.for_session import standing_for, unit_called
    from records.standing.versions import read_standing
    from workstation.author_now import reader_now

    held = read_standing(place.folder)
    if unit:
        table = unit_called(held, unit)
        if table is None:
            held.found("unit", unit)
            raise RequestRefused(f"unit {unit} is no longer in use; choose another one")
        check_order_fits_table(ordered.prescription, table)
    standing = standing_for(held, ordered, day_of(place))
    if standing.patient is None:
        return
    named = [standing_field("patient", standing.patient.name)]
    record_read(place.folder, reader_now(place.folder), "order check", fields=named)
    for text in standing.told:
        say(text)
    for flag in standing.flags:
        say(f"lasting flag {flag.number}: {flag.words}")
    standing.refuse_arming()
