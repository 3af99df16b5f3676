"""``traction order``: a new order file, and what a session would make of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.order.prescription import Region
from workstation.commands.options import ForceOption, OutOption
from workstation.output import refuse_existing, say, say_text, write_file


def register(app: typer.Typer) -> None:
    """Add the commands about order files."""
    order_app = typer.Typer(help="Write an order file, or check one.", no_args_is_help=True)
    app.add_typer(order_app, name="order")
    order_app.command("new")(order_new)
    order_app.command("check")(order_check)


def order_new(
    region: Annotated[Region, typer.Option(help="Body region.")],
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Print a commented order file with every key, valid as it stands."""
    from workstation.texts.order_template import order_template

    text = order_template(region)
    if out is None:
        say_text(text)
        return
    file = out.file(f"order-{region.value}.toml")
    refuse_existing(file, force=force)
    say(f"written to {write_file(file, text.encode())}")


def order_check(order: Annotated[Path, typer.Argument(help="Order file.")]) -> None:
    """Check an order file; print its steps, its total time and the questions it leads to."""
    from records.order.order import PlannedOrder
    from records.order.order_file import read_order
    from workstation.session.operators import possible_questions
    from workstation.settings import load_settings
    from workstation.texts.plan_text import plan_text

    planned = PlannedOrder.of(read_order(order))
    say_text(plan_text(planned.plan, load_settings().unit_of_force))
    questions = ", ".join(q.value for q in possible_questions(planned.plan.order))
    say(f"questions a session may ask: {questions}")
    if not planned.order.is_of_a_patient:
        say("patient_reference is empty: a unit whose profile is verified refuses this order")
