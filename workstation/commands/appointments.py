"""``traction appointments``: the day's list of the practice system, to be read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RequestRefused
from workstation.commands.help_page import WholeSentences
from workstation.commands.options import PersonOptions, day_of, grouped
from workstation.commands.standing_import import MapOption, read_bytes, rows_told
from workstation.output import say, say_json

if TYPE_CHECKING:
    from records.standing.appointments import Appointment

DayOption = Annotated[str, typer.Option("--day", help="The day, YYYY-MM-DD; default: today.")]


def register(app: typer.Typer) -> None:
    """Add the commands about appointments."""
    own = typer.Typer(
        cls=WholeSentences,
        help="Read and list the day's appointments of the practice system.",
        no_args_is_help=True,
    )
    app.add_typer(own, name="appointments")
    own.command("import")(import_)
    own.command("list")(list_)


@grouped
def import_(
    file: Annotated[Path, typer.Argument(help="CSV of the practice system.")],
    *,
    column_map: MapOption,
    day: DayOption = "",
    person: PersonOptions,
) -> None:
    """Read a day's appointments in: all rows, or none and what is wrong with each."""
    from records.accounts.rights import Right
    from records.standing.appointments import plan_days, write_days
    from records.standing.csv_rows import read_map, read_rows
    from records.standing.versions import read_standing
    from workstation.terminal_sign_in import author_for

    place = person.place
    columns = read_map(column_map, "appointments")
    with rows_told(as_json=person.as_json):
        content = read_bytes(file)
        rows = read_rows(content, file.name, columns)
        on = _day(day) or (None if "date" in columns.columns else day_of(place))
        days = plan_days(read_standing(place.folder), rows, on)
    author = author_for(place.folder, person.by, Right.PATIENTS)
    write_days(place.folder, author, days, file=file.name, content=content)
    if person.as_json:
        kept = [{"day": on_.isoformat(), "count": len(made)} for on_, made in sorted(days.items())]
        say_json("appointments-import", {"kept": kept})
        return
    for each, made in sorted(days.items()):
        say(f"kept: {len(made)} appointments of {each}")


@grouped
def list_(*, day: DayOption = "", person: PersonOptions) -> None:
    """List a day's appointments, by time, with whether the patient is on file."""
    from records.clinic.audit import record_read, standing_field
    from records.standing.appointments import day_list
    from records.standing.versions import read_standing
    from workstation.author_now import reader_now

    place = person.place
    asked = _day(day) or day_of(place)
    found = day_list(place.folder, asked)
    known = {each.name for each in read_standing(place.folder).patients}
    made = found.appointments if found else ()
    if made:
        named = [standing_field("patient", each.reference) for each in made]
        reader = reader_now(place.folder, person.by)
        record_read(place.folder, reader, "appointments listed", fields=named)
    if person.as_json:
        listed = [{**each.as_json, "on_file": each.reference in known} for each in made]
        say_json("appointments-list", {"day": asked.isoformat(), "appointments": listed})
        return
    if found is None:
        say(f"no appointments of {asked}; `traction appointments import` reads them in")
    for each in made:
        say(_row(each, on_file=each.reference in known))


def _row(one: Appointment, *, on_file: bool) -> str:
    new = "" if on_file else "  not among the patients"
    name = f"{one.last_name}, {one.first_name}"
    return f"{one.time}  {one.table}  {one.reference}  {name}, born {one.birth_date}{new}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RequestRefused(f"--day {text!r} is no date; write it like 2026-01-31") from error
