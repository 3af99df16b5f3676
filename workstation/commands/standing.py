"""The commands ``clinic``, ``people``, ``units``, ``presets``, ``patients`` and ``accounts``.

One implementation for all six; patients also have lasting flags, and accounts their PINs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.errors import RequestRefused, StandingInvalid
from workstation.commands.accounts import add_account_commands
from workstation.commands.help_page import WholeSentences
from workstation.commands.options import (
    ForceOption,
    OutOption,
    PersonOptions,
    Place,
    day_of,
    grouped,
)
from workstation.commands.patient_flags import add_flag_commands
from workstation.commands.standing_change import held_in, keep_change
from workstation.commands.standing_import import import_file
from workstation.output import refuse_existing, say, say_json, say_text, write_file

if TYPE_CHECKING:
    from records.standing.kinds import StandingRecord
    from records.standing.versions import StandingData, StandingVersion

    Version = StandingVersion[StandingRecord]

HELP = {
    "clinic": "Manage the clinic's record: name, address, numbers, time zone, payers.",
    "person": "Manage the people who work here, by their initials.",
    "unit": 'Manage the tables, named as in the clinic ("Table 1").',
    "preset": "Manage the clinic's protocols by region; none starts by itself.",
    "patient": "Manage the patients, by their record number, and their lasting flags.",
    "account": "Manage the accounts of the people who may sign in, and set their PINs.",
}
GROUPS = {
    "clinic": "clinic",
    "person": "people",
    "unit": "units",
    "preset": "presets",
    "patient": "patients",
    "account": "accounts",
}

WordsArgument = Annotated[
    list[str], typer.Argument(metavar="NAME KEY=VALUE...", help="Name, then values.")
]
NameArgument = Annotated[str, typer.Argument(help="Name of the record; the clinic has none.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Reason for the entry or the change.")]


def register(app: typer.Typer) -> None:
    """Add the commands about standing data."""
    for kind, group in GROUPS.items():
        own = typer.Typer(cls=WholeSentences, help=HELP[kind], no_args_is_help=True)
        app.add_typer(own, name=group)
        commands = {**_reading_commands(kind), **_writing_commands(kind)}
        for name in ("add", "show", "change", "list", "import", "export"):
            own.command(name)(grouped(commands[name]))
        if kind == "patient":
            add_flag_commands(own)
        if kind == "account":
            add_account_commands(own)


def _writing_commands(kind: str) -> dict[str, Callable[..., None]]:
    """Add the commands that change what is on file, for every kind."""

    def add(words: WordsArgument, *, reason: ReasonOption = "", person: PersonOptions) -> None:
        """Add a record, from KEY=VALUE words; a dotted key sets a key of a table."""
        from records.standing.said import added

        name, said = _said(kind, words)
        keep_change(kind, person, lambda held: added(kind, name, said, reason))

    def change(
        words: WordsArgument,
        *,
        version: Annotated[
            int | None,
            typer.Option(min=1, help="The version that you have read; default: the newest."),
        ] = None,
        reason: ReasonOption = "",
        person: PersonOptions,
    ) -> None:
        """Change keys of a record; KEY= removes one. A newer version of somebody else wins."""
        from records.standing.said import changed

        name, said = _said(kind, words)
        keep_change(kind, person, lambda held: changed(held, kind, name, said, (version, reason)))

    def import_(
        file: Annotated[Path, typer.Argument(help="TOML, as `export` writes it.")],
        *,
        reason: ReasonOption = "",
        person: PersonOptions,
    ) -> None:
        """Read records in from a file: all of them, or none and what is wrong with each."""
        import_file(kind, person, file, reason)

    def import_patients(
        file: Annotated[Path, typer.Argument(help="TOML, as `export` writes it, or CSV.")],
        *,
        column_map: Annotated[
            Path | None,
            typer.Option("--map", help="Column map (TOML) of a CSV.", show_default=False),
        ] = None,
        reason: ReasonOption = "",
        person: PersonOptions,
    ) -> None:
        """Read patients in from TOML or CSV: all of them, or none and what is wrong with each."""
        import_file(kind, person, file, reason, column_map)

    importing = import_patients if kind == "patient" else import_
    return {"add": add, "change": change, "import": importing}


def _reading_commands(kind: str) -> dict[str, Callable[..., None]]:
    """Add the commands that show what is on file, for every kind."""

    def show(
        name: NameArgument = "",
        *,
        version: Annotated[
            int | None, typer.Option(help="An older version; default: the newest.")
        ] = None,
        person: PersonOptions,
    ) -> None:
        """Show a record with who wrote it, when, and what it replaced."""
        place = person.place
        found = _version(held_in(place), kind, _name(kind, name), version)
        _audit(place, person, "shown", [found])
        if person.as_json:
            say_json("standing", found.facts)
            return
        for line in _lines(found):
            say(line)

    def list_(
        *,
        all_too: Annotated[
            bool, typer.Option("--all", help="Include those no longer in use.")
        ] = False,
        person: PersonOptions,
    ) -> None:
        """List the records, by name."""
        _list(kind, person, all_too=all_too)

    def export(
        name: NameArgument = "",
        *,
        out: OutOption = None,
        force: ForceOption = False,
        person: PersonOptions,
    ) -> None:
        """Write the records as TOML, every one or the one that is named."""
        file = out.file(f"{GROUPS[kind]}.toml") if out else None
        if file is not None:
            refuse_existing(file, force=force)
        _exported(kind, person, name, file)

    return {"show": show, "list": list_, "export": export}


# --- words of the command line ----------------------------------------------------------------


def _said(kind: str, words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Returns the name, then KEY=VALUE words as a document.

    Raises RequestRefused naming the word.
    """
    name, *values = ("", *words) if kind == "clinic" else (*words[:1], *words[1:])
    if kind != "clinic" and "=" in name:
        raise RequestRefused(f"{name!r} is in the place of the name; give the name first")
    document: dict[str, Any] = {}
    for word in values:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise RequestRefused(f"{word!r} sets no key; write it as key=value")
        *tables, last = key.split(".")
        place = document
        for table in tables:
            place = place.setdefault(table, {})
            if not isinstance(place, dict):
                raise RequestRefused(f"{word!r} goes below a key that already has a value")
        place[last] = _value(word, text)
    return _name(kind, name), document


def _value(word: str, text: str) -> Any:
    """Returns a text, or a TOML value in brackets or quotes; an empty text removes the key."""
    from records.checked_data import parse_toml

    if text[:1] not in ("[", "{", '"'):
        return text or None
    return parse_toml(f"value = {text}", repr(word), StandingInvalid)["value"]


def _name(kind: str, name: str) -> str:
    from records.standing.kinds import CLINIC

    if kind == "clinic":
        if name:
            raise RequestRefused(
                f"{name!r}: there is only one clinic, and it has no name here; leave the name out"
            )
        return CLINIC
    if not name:
        raise RequestRefused(f"say which {kind}; `traction {GROUPS[kind]} list` lists them")
    return name


# --- what is on file --------------------------------------------------------------------------


def _version(held: StandingData, kind: str, name: str, number: int | None) -> Version:
    from records.standing.versions import label

    newest = held.found(kind, name)
    versions = held.versions(kind, name)
    if number is None:
        return newest
    if not 1 <= number <= len(versions):
        raise RequestRefused(
            f"{label(kind, name)} has versions 1 to {len(versions)}, and no version {number}"
        )
    return versions[number - 1]


def _audit(place: Place, person: PersonOptions, what: str, found: Sequence[Version]) -> None:
    """Record the access before patients' data are handed out."""
    from records.clinic.audit import record_read, standing_field
    from workstation.author_now import reader_now

    named = [standing_field(each.kind, each.name) for each in found if each.kind == "patient"]
    if named:
        reader = reader_now(place.folder, person.by)
        record_read(place.folder, reader, f"patient {what}", fields=named)


def _list(kind: str, person: PersonOptions, *, all_too: bool) -> None:
    place = person.place
    found = [
        each
        for each in held_in(place).all_of(kind)
        if all_too or getattr(each.record, "in_use", True)
    ]
    _audit(place, person, "listed", found)
    if person.as_json:
        say_json("standing-list", {"records": [each.facts for each in found]})
        return
    day = day_of(place)
    for each in found:
        say(_row(each, day))
    _say_shipped(kind, {each.name for each in found})
    if not found:
        say(f"no {GROUPS[kind]} on file; `traction {GROUPS[kind]} add` adds one")


def _exported(kind: str, person: PersonOptions, name: str, out: Path | None) -> None:
    from records.standing.files import standing_toml

    place = person.place
    held = held_in(place)
    found = [held.found(kind, name)] if name else held.all_of(kind)
    _audit(place, person, "exported", found)
    text = standing_toml(found)
    if person.as_json:
        say_json("standing-list", {"records": [each.facts for each in found]})
    elif out is None:
        say_text(text)
    if out is not None:
        written = write_file(out, text.encode())
        if not person.as_json:
            say(f"written to {written}")


# --- what is told -----------------------------------------------------------------------------


def _lines(version: Version) -> Iterator[str]:
    """Yields the lines of a record for people."""
    from records.checked_data import toml_document
    from records.standing.files import record_table
    from records.standing.kinds import PatientRecord

    reason = f": {version.reason}" if version.reason else ""
    yield f"{version.words} (account {version.user}){reason}"
    table = record_table(version.record)
    table.pop("flags", None)
    yield from toml_document(table).splitlines()
    if isinstance(version.record, PatientRecord):
        for number, each in enumerate(version.record.flags, start=1):
            yield f"flag {number}: {each.words}"


def _row(version: Version, day: date) -> str:
    from records.standing.kinds import (
        AccountRecord,
        ClinicRecord,
        PatientRecord,
        PersonRecord,
        PresetRecord,
        UnitRecord,
    )

    record = version.record
    match record:
        case ClinicRecord():
            told = record.name
        case PersonRecord():
            told = ", ".join(filter(None, (record.full_name, record.credentials, record.role)))
        case UnitRecord():
            told = f"{record.address}  {', '.join(record.regions) or 'every region'}"
        case PresetRecord():
            told = f"{record.region}  {record.dose.mode} {record.dose.hold_force}"
        case AccountRecord():
            told = f"{record.person or 'a program'}  {', '.join(record.roles)}"
        case PatientRecord():
            flags = len(record.standing_flags(day))
            told = f"{record.full_name}, born {record.birth_date}  {flags} lasting flags"
    unused = "" if getattr(record, "in_use", True) else "  no longer in use"
    return f"{version.name}  {told}  version {version.number}, {version.by}{unused}"


def _say_shipped(kind: str, known: set[str]) -> None:
    from records.standing.shipped import shipped_presets

    for name, preset in shipped_presets().items() if kind == "preset" else ():
        if name not in known:
            dose = f"{preset.region}  {preset.dose.mode} {preset.dose.hold_force}"
            say(f"{name}  {dose}  comes with the program, not taken over yet")
