"""``traction order``: writes an order file, or shows what a session would make of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RequestRefused
from controller.order.prescription import Region
from workstation.commands.help_page import WholeSentences
from workstation.commands.made_file import MadeFile, put_out
from workstation.commands.options import (
    DataOption,
    ForceOption,
    JsonOption,
    OutOption,
    Place,
    RecordsOptions,
    day_of,
    grouped,
    place_of,
)
from workstation.output import say, say_json, say_text, warn

if TYPE_CHECKING:
    from records.order.order import Order
    from records.order.planned_order import PlannedOrder
    from records.standing.kinds import PresetRecord, UnitRecord
    from records.standing.versions import StandingData, StandingVersion


def register(app: typer.Typer) -> None:
    """Add the commands about order files."""
    order_app = typer.Typer(
        cls=WholeSentences, help="Write an order file, or check one.", no_args_is_help=True
    )
    app.add_typer(order_app, name="order")
    order_app.command("new")(order_new)
    order_app.command("check")(order_check)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposingOptions:
    """Whose standing data propose lines of a new order."""

    patient: Annotated[str, typer.Option(help="Reference of a patient on file.")] = ""
    preset: Annotated[str, typer.Option(help="Name of a preset of the clinic.")] = ""
    unit: Annotated[str, typer.Option(help="Name of the table that it is for.")] = ""
    data: DataOption = None


@grouped
def order_new(
    region: Annotated[Region, typer.Option(help="Body region.")],
    *,
    out: OutOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    proposing: ProposingOptions,
) -> None:
    """Print a commented order file with every key, valid as it stands.

    Lines that standing data propose are marked with where they are from.
    """
    from workstation.texts.order_template import order_template

    place = place_of(proposing.data)
    text = place.leading_unit.in_sentence(order_template(region))
    if proposing.patient or proposing.preset or proposing.unit:
        text = _proposed(text, region, place, proposing)
    made = MadeFile(f"order-{region.value}.toml", text.encode())
    put_out("order-new", made, out, force=force, as_json=as_json)


def _proposed(text: str, region: Region, place: Place, asked: ProposingOptions) -> str:
    """Returns the template with proposals; refuses a preset that does not fit patient or table."""
    from records.standing.fit import check_preset_fits_patient, check_preset_fits_table
    from records.standing.flags import flags_told
    from records.standing.proposals import order_proposals
    from records.standing.versions import read_standing
    from workstation.texts.order_template import with_proposals

    held = read_standing(place.folder)
    preset = _preset(held, asked.preset, region) if asked.preset else None
    patient = held.patient(asked.patient) if asked.patient else None
    if asked.patient and patient is None:
        held.found("patient", asked.patient)
    if preset is not None and asked.unit:
        check_preset_fits_table(preset.record, _table(held, asked.unit))
    if preset is not None and patient is not None:
        check_preset_fits_patient(preset.record, patient)
    flags: list[str] = []
    if patient is not None:
        _audit(place, patient.name, "order new")
        flags = [
            f"{each.number}: {each.words}" for each in flags_told(patient, region, day_of(place))
        ]
    for flag in flags:
        warn(f"lasting flag {flag}")
    made = with_proposals(text, order_proposals(patient, preset), flags)
    if preset is not None and preset.record.orders_shares:
        warn("the preset gives forces in % of body weight: add body_mass to the order")
    return made


def _preset(held: StandingData, name: str, region: Region) -> StandingVersion[PresetRecord]:
    """Returns a preset that a person has taken over, for the region; raises RequestRefused."""
    from records.standing.shipped import shipped_presets

    if held.newest("preset", name) is None and name in shipped_presets():
        raise RequestRefused(
            f"preset {name} comes with the program and is not the clinic's yet: look at it "
            "(`traction presets list`), and take it over with "
            f'`traction presets add "{name}" --by NAME`'
        )
    preset = held.preset(name)
    if not preset.record.in_use:
        raise RequestRefused(f"{preset.words}, is no longer in use; choose another one")
    if preset.record.region != region.value:
        raise RequestRefused(
            f"{preset.words}, is for the {preset.record.region} region, not {region.value}"
        )
    return preset


def _table(held: StandingData, name: str) -> StandingVersion[UnitRecord]:
    """Returns a table in use; raises RecordNotFound or RequestRefused."""
    from records.standing.for_session import unit_called

    table = unit_called(held, name)
    if table is None:
        held.found("unit", name)
        raise RequestRefused(f"unit {name} is no longer in use; choose another one")
    return table


def _audit(place: Place, reference: str, what: str) -> None:
    """Record the access before a patient's standing data are shown."""
    from records.clinic.audit import record_read, standing_field
    from workstation.author_now import reader_now

    named = [standing_field("patient", reference)]
    record_read(place.folder, reader_now(place.folder), what, fields=named)


@grouped
def order_check(
    order: Annotated[Path, typer.Argument(help="Order file.")],
    *,
    unit: Annotated[str, typer.Option(help="Name of the table that it is for.")] = "",
    records: RecordsOptions,
) -> None:
    """Check an order file; print its steps, its total time and the questions it leads to.

    Where its patient is on file, lasting flags are shown, and one that forbids the region refuses.
    """
    from records.order.order_file import read_order
    from records.order.planned_order import PlannedOrder
    from workstation.texts.refusals import refusals_in
    from workstation.visit.order_check import order_facts

    place = records.place.at_the_clinic()
    with refusals_in(place.settings.unit_of_force):
        planned = PlannedOrder.of(read_order(order))
        if records.as_json:
            _check_standing(place, planned.order, unit, warn)
            say_json("order-check", order_facts(planned))
        else:
            _say_checked(place, planned, unit)


def _say_checked(place: Place, planned: PlannedOrder, unit: str) -> None:
    """Print what a session would make of an order, for people."""
    from workstation.session.operators import in_words, possible_questions
    from workstation.texts.plan_text import plan_text

    forces = place.settings.unit_of_force
    say_text(plan_text(planned.plan, forces))
    questions = in_words(possible_questions(planned.plan.order))
    say(f"questions a session may ask: {questions}")
    if not planned.order.is_of_a_patient:
        say("patient_reference is empty: a unit whose profile is verified refuses this order")
    _check_standing(place, planned.order, unit, lambda text: say(forces.in_sentence(text)))


def _check_standing(place: Place, ordered: Order, unit: str, tell: Callable[[str], None]) -> None:
    """Check an order against standing data; a patient's are shown once the access is on record."""
    from records.standing.versions import read_standing
    from workstation.visit.order_check import check_standing

    held = read_standing(place.folder)
    table = _table(held, unit) if unit else None
    standing = check_standing(ordered, held, day_of(place), table)
    if standing.patient is None:
        return
    _audit(place, standing.patient.name, "order check")
    for text in standing.told:
        tell(text)
    for flag in standing.flags:
        tell(f"lasting flag {flag.number}: {flag.words}")
    standing.refuse_arming()
