"""``traction order``: a new order file, and what a session would make of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.order.prescription import Region
from workstation.commands.made_file import MadeFile, put_out
from workstation.commands.options import ForceOption, JsonOption, OutOption
from workstation.output import say, say_json, say_text

if TYPE_CHECKING:
    from records.order.order import PlannedOrder


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
    as_json: JsonOption = False,
) -> None:
    """Print a commented order file with every key, valid as it stands."""
    from workstation.texts.order_template import order_template

    made = MadeFile(f"order-{region.value}.toml", order_template(region).encode())
    put_out("order-new", made, out, force=force, as_json=as_json)


def order_check(
    order: Annotated[Path, typer.Argument(help="Order file.")], as_json: JsonOption = False
) -> None:
    """Check an order file; print its steps, its total time and the questions it leads to."""
    from records.order.order import PlannedOrder
    from records.order.order_file import read_order
    from workstation.session.operators import possible_questions
    from workstation.settings import load_settings
    from workstation.texts.plan_text import plan_text

    planned = PlannedOrder.of(read_order(order))
    if as_json:
        say_json("order-check", _facts(planned))
        return
    say_text(plan_text(planned.plan, load_settings().unit_of_force))
    questions = ", ".join(q.value for q in possible_questions(planned.plan.order))
    say(f"questions a session may ask: {questions}")
    if not planned.order.is_of_a_patient:
        say("patient_reference is empty: a unit whose profile is verified refuses this order")


def _facts(planned: PlannedOrder) -> dict[str, object]:
    """What a session would make of an order, for programs."""
    from dataclasses import asdict

    from workstation.session.operators import possible_questions

    dose, plan = planned.order.prescription, planned.plan
    return {
        "patient_reference": planned.order.patient_reference,
        "region": dose.region.value,
        "mode": dose.mode.value,
        "table": None if dose.table is None else dose.table.value,
        "hold_force_n": dose.hold_force_n,
        "rest_force_n": dose.rest_force_n,
        "most_force_n": dose.force_limit_n,
        "as_entered": dict(planned.order.as_entered),
        "times": asdict(plan.times),
        "questions": [question.value for question in possible_questions(dose)],
        "order_digest": planned.order.digest,
    }
