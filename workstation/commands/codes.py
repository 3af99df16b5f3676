"""``traction codes``: the lists of diagnosis codes that claims are judged by."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.errors import JournalUnavailable, RulesInvalid
from controller.words import ADDRESS_CHARACTERS, check_text
from workstation.commands.help_page import WholeSentences
from workstation.commands.options import RecordsOptions, grouped
from workstation.output import say, say_json

if TYPE_CHECKING:
    from records.claim.rules.code_list_file import StoredCodeList


def register(app: typer.Typer) -> None:
    """Add the commands of code lists."""
    codes = typer.Typer(
        cls=WholeSentences,
        help="List and import the ICD-10-CM codes that claims are judged by.",
        no_args_is_help=True,
    )
    codes.command("list")(list_)
    codes.command("import")(import_)
    app.add_typer(codes, name="codes")


@grouped
def list_(records: RecordsOptions) -> None:
    """List the editions: those that were imported, and the one that comes with the program."""
    from records.claim.rules.code_lists import code_lists

    known = list(code_lists(records.place.folder))
    if records.as_json:
        say_json("codes-list", {"editions": [_document(each) for each in known]})
        return
    for each in known:
        say(_text(each))


@grouped
def import_(
    file: Annotated[Path, typer.Argument(help="Order file of CMS, icd10cm_order_YYYY.txt.")],
    *,
    first: Annotated[str, typer.Option("--from", help="First day of the edition, 2026-10-01.")],
    last: Annotated[str, typer.Option("--to", help="Last day of the edition, 2027-09-30.")],
    tabular: Annotated[
        Path | None,
        typer.Option(help="Tabular list of NCHS (XML), for the Excludes1 notes."),
    ] = None,
    records: RecordsOptions,
) -> None:
    """Import an edition. A claim is then judged by the edition of its day of service."""
    from records.claim.rules.code_lists import import_code_list

    for what, path in (("FILE", file), ("--tabular", tabular)):
        if path is not None:
            check_text(what, path.name, ADDRESS_CHARACTERS)
    days = _day("--from", first), _day("--to", last)
    folder = records.place.folder
    try:
        made = import_code_list(folder, file, tabular, days)
    except OSError as error:
        raise JournalUnavailable(
            f"{folder.code_lists} cannot be written ({error.strerror}); nothing was imported"
        ) from error
    if records.as_json:
        say_json("codes-import", _document(made))
        return
    say(f"imported {_text(made)}")
    if not made.has_exclusions:
        say(
            "it does not tell which diagnoses exclude each other (T-056); give --tabular FILE "
            "for that"
        )


def _day(what: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RulesInvalid(
            f"{what}={text!r} is not a day such as 2026-10-01; correct it"
        ) from error


def _text(known: StoredCodeList) -> str:
    exclusions = "" if known.has_exclusions else ", without Excludes1 notes"
    return (
        f"{known.valid_from} to {known.valid_to}  {known.name}: {known.count} rows, "
        f"{known.billable_n} billable{exclusions}"
    )


def _document(known: StoredCodeList) -> dict[str, Any]:
    return {
        "name": known.name,
        "valid_from": known.valid_from.isoformat(),
        "valid_to": known.valid_to.isoformat(),
        "source": known.head.source,
        "rows": known.count,
        "billable": known.billable_n,
        "excludes1": known.has_exclusions,
    }
