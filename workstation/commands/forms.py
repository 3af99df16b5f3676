"""``traction forms``: paper for a day on which the workstation does not work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RecordNotFound, RequestRefused
from workstation.commands.help_page import WholeSentences
from workstation.commands.options import ForceOption, PersonOptions, Place, day_of, grouped
from workstation.output import Target, refuse_existing, say, say_json, write_file

if TYPE_CHECKING:
    from records.exports.forms.sheet_pdf import SheetFor
    from records.standing.appointments import Appointment
    from records.standing.kinds import UnitRecord
    from records.standing.versions import StandingData

NOT_ON_FILE = "Not on file: name and date of birth are those of the day's list. Ask for the rest."
SHEETS, DAY = "downtime-sheets.pdf", "appointments-{day}.pdf"
PdfOption = Annotated[
    Target | None,
    typer.Option(
        "--out",
        parser=Target.of,
        metavar="PLACE",
        help="File, or a folder (FOLDER/), which is created; default: here.",
        show_default=False,
    ),
]
DayOption = Annotated[str, typer.Option("--day", help="The day, YYYY-MM-DD.")]


def register(app: typer.Typer) -> None:
    """Add the commands about paper."""
    own = typer.Typer(
        cls=WholeSentences,
        help="Print downtime sheets and the day's list, for work without the workstation.",
        no_args_is_help=True,
    )
    app.add_typer(own, name="forms")
    own.command("sheet")(sheet)
    own.command("day")(day)


@grouped
def sheet(
    *,
    patient: Annotated[
        list[str] | None, typer.Option(help="Patient on file; may be repeated.")
    ] = None,
    on: DayOption = "",
    unit: Annotated[str, typer.Option(help="Name of the table on every sheet.")] = "",
    out: PdfOption = None,
    force: ForceOption = False,
    person: PersonOptions,
) -> None:
    """Make a downtime sheet as PDF: an empty one, one for each patient, or for each appointment.

    What is on file is printed; what is found or done on the day is left for a pen.
    """
    from records.exports.forms.sheet_pdf import downtime_sheets
    from records.standing.versions import read_standing

    place = person.place
    if patient and on:
        raise RequestRefused(
            "give --patient or --day, not both: a day has a sheet for each appointment"
        )
    held = read_standing(place.folder)
    sheets = [*_sheets(place, held, patient or [], _day(on), unit)]
    file = _file(out, SHEETS, force=force)
    named = [each.patient.reference for each in sheets if each.patient is not None]
    _audit(place, person, "downtime sheets", named)
    write_file(file, downtime_sheets(sheets))
    if person.as_json:
        say_json("forms", {"file": str(file), "sheets": len(sheets), "patients": named})
        return
    say(f"written to {file}: {len(sheets)} {'sheet' if len(sheets) == 1 else 'sheets'}")


@grouped
def day(
    *,
    on: DayOption = "",
    out: PdfOption = None,
    force: ForceOption = False,
    person: PersonOptions,
) -> None:
    """Make the list of a day's appointments as PDF."""
    from records.exports.forms.day_pdf import day_pdf
    from records.standing.appointments import day_list
    from records.standing.versions import read_standing

    place = person.place
    asked = _day(on) or day_of(place)
    found = day_list(place.folder, asked)
    file = _file(out, DAY.format(day=asked.isoformat()), force=force)
    named = [each.reference for each in found.appointments] if found else []
    _audit(place, person, "day's list printed", named)
    write_file(file, day_pdf(asked, found, _clinic(place, read_standing(place.folder))))
    if person.as_json:
        say_json("forms", {"file": str(file), "sheets": 0, "patients": named})
        return
    say(f"written to {file}: {len(named)} appointments of {asked}")


def _sheets(
    place: Place, held: StandingData, patients: Sequence[str], on: date | None, unit: str
) -> Iterator[SheetFor]:
    """Returns a sheet for each patient or appointment, in order; an empty one without either."""
    from dataclasses import replace

    from records.exports.forms.sheet_pdf import SheetFor

    empty = SheetFor(
        clinic=_clinic(place, held),
        day=on,
        table=unit,
        unit=_unit(held, unit),
        force_unit=place.settings.unit_of_force,
    )
    if on is not None:
        yield from _booked(place, held, empty, on)
        return
    for reference in patients:
        yield _of_patient(held, replace(empty, day=day_of(place)), reference)
    if not patients:
        yield empty


def _booked(place: Place, held: StandingData, empty: SheetFor, on: date) -> Iterator[SheetFor]:
    """Returns one for each appointment of a day; raises RecordNotFound for a day without any."""
    from dataclasses import replace

    from records.standing.appointments import day_list

    found = day_list(place.folder, on)
    if found is None or not found.appointments:
        raise RecordNotFound(
            f"no appointments of {on} are on file; `traction appointments import` reads them in, "
            "`traction forms sheet` without --day makes an empty sheet"
        )
    for each in found.appointments:
        table = empty.table or each.table
        booked = replace(empty, table=table, time=each.time, unit=_unit_of(held, table))
        if held.patient_exactly(each.reference) is None:
            yield _of_newcomer(booked, each)
        else:
            yield _of_patient(held, booked, each.reference)


def _of_newcomer(booked: SheetFor, appointment: Appointment) -> SheetFor:
    """Returns a sheet with what the day's list says of a person who is not on file yet."""
    from dataclasses import replace

    from records.standing.kinds import PatientRecord

    said = PatientRecord(
        reference=appointment.reference,
        last_name=appointment.last_name,
        first_name=appointment.first_name,
        birth_date=appointment.birth_date,
    )
    return replace(booked, patient=said, remark=NOT_ON_FILE)


def _of_patient(held: StandingData, empty: SheetFor, reference: str) -> SheetFor:
    """Returns a sheet with what is on file of a patient, including the flags of every region."""
    from dataclasses import replace

    from workstation.visit.before import patient_of

    record = patient_of(held, reference).record
    assert empty.day is not None, "a patient's sheet is of a day"
    flags = tuple(f"{number}: {flag.words}" for number, flag in record.standing_flags(empty.day))
    return replace(empty, patient=record, flags=flags)


def _unit(held: StandingData, name: str) -> UnitRecord | None:
    """Returns a table on file; raises RecordNotFound for one that is not."""
    if name and _unit_of(held, name) is None:
        held.found("unit", name)
    return _unit_of(held, name)


def _unit_of(held: StandingData, name: str) -> UnitRecord | None:
    return next((each.record for each in held.units if each.name == name), None)


def _clinic(place: Place, held: StandingData) -> str:
    return held.clinic.record.name if held.clinic else place.settings.clinic


def _file(out: Target | None, name: str, *, force: bool) -> Path:
    file = (out or Target.of("./")).file(name)
    refuse_existing(file, force=force)
    return file


def _audit(place: Place, person: PersonOptions, what: str, references: Sequence[str]) -> None:
    """Record the access before a sheet that shows patients is written."""
    from records.clinic.audit import record_read, standing_field
    from workstation.author_now import reader_now

    if references:
        fields = [standing_field("patient", each) for each in dict.fromkeys(references)]
        record_read(place.folder, reader_now(place.folder, person.by), what, fields=fields)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RequestRefused(f"--day {text!r} is no date; write it like 2026-01-31") from error
