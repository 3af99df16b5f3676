"""``traction note``: show a note, complete it, sign it, amend it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import NoteRefused
from controller.words import NAME_CHARACTERS, check_text
from workstation.commands.options import (
    ByOption,
    RecordsOptions,
    SessionArgument,
    grouped,
    say_whose_visit,
)
from workstation.commands.session_names import named_session, named_treatment
from workstation.output import say, say_json, say_text, warn

if TYPE_CHECKING:
    from records.store.record_folder import RecordFolder
    from records.visit.visit import NotedVisit, Visit
    from workstation.terminal_sign_in import Acting
    from workstation.visit.note_desk import NoteDesk

Several = list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteOptions:
    """What a person enters about a visit, for its note."""

    with_: Annotated[
        Several, typer.Option("--with", help="This SESSION was part of the same visit.")
    ] = None
    without: Annotated[
        Several, typer.Option(help="This SESSION was not part of the visit after all.")
    ] = None
    complete: Annotated[
        Several, typer.Option(help="FIELD=TEXT, or a TOML file; may be repeated.")
    ] = None
    confirm: Annotated[
        Several, typer.Option(help="Copy the last visit's entry for this FIELD.")
    ] = None
    not_assessed: Annotated[Several, typer.Option(help="Mark this FIELD as not assessed.")] = None
    sign: Annotated[bool, typer.Option("--sign", help="Sign the note.")] = False
    amend: Annotated[Several, typer.Option(help="FIELD=TEXT of a signed note; needs --reason.")] = (
        None
    )
    reason: Annotated[
        str, typer.Option(help="Why the note, or the sessions of its visit, are amended.")
    ] = ""

    @property
    def are_given(self) -> bool:
        """True when the person entered something."""
        said = self.complete or self.confirm or self.not_assessed or self.amend
        return self.sign or bool(said or self.with_ or self.without)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerOptions:
    """Who makes the entry."""

    by: ByOption = ""
    credentials: Annotated[str, typer.Option(help="Professional credentials, as in PT.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteViews:
    """What is shown instead of the note itself."""

    history: Annotated[bool, typer.Option("--history", help="Show every version.")] = False
    sources: Annotated[
        bool, typer.Option("--sources", help="Show where each field comes from.")
    ] = False
    template: Annotated[bool, typer.Option("--template", help="Print the open fields as TOML.")] = (
        False
    )

    @property
    def is_note(self) -> bool:
        """Returns whether the note itself is asked for."""
        return not (self.history or self.sources or self.template)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("note")(note)


@grouped
def note(
    session: SessionArgument,
    words: NoteOptions,
    signer: SignerOptions,
    view: NoteViews,
    records: RecordsOptions,
) -> None:
    """Show the treatment note of a visit, or complete, sign and amend it.

    A visit of several sessions has one note: --with says that a further session was part of it.
    """
    from workstation.anchors import leave_checkpoints
    from workstation.visit.note_desk import NoteDesk

    place = records.place
    named = partial(named_session, place, by=signer.by)
    asked = named_treatment(place, session, signer.by)
    if asked.on_paper and (words.with_ or words.without):
        raise NoteRefused(
            f"{asked.called} is a downtime sheet: a visit of its own, without sessions"
        )
    who = _who(place.folder, words, signer.by)
    desk = NoteDesk(place, asked.called, who.by, signer.credentials, account=who.account)
    for other in words.with_ or []:
        desk.join(named(other), words.reason)
    for other in words.without or []:
        desk.part(named(other), words.reason)
    if words.complete:
        desk.complete(dict(_pairs(words.complete)))
    for field in words.confirm or []:
        desk.confirm(field)
    for field in words.not_assessed or []:
        desk.mark_not_assessed(field)
    if words.sign:
        desk.sign()
    if words.amend:
        desk.amend(dict(_pairs(words.amend)), words.reason)
    if words.sign or words.amend or words.with_ or words.without:
        leave_checkpoints(desk.settings, desk.folder, warn)
    if asked.on_paper:
        _print_paper(desk, view, as_json=records.as_json)
    else:
        _print(desk, view, as_json=records.as_json)


def _who(folder: RecordFolder, words: NoteOptions, by: str) -> Acting:
    """Returns who makes the entry: signed in where accounts are in use, else named by --by."""
    from records.accounts.rights import Right
    from workstation.terminal_sign_in import Acting, acting

    if not words.are_given:
        return Acting(by)
    signs = words.sign or words.amend or words.with_ or words.without
    who = acting(folder, by, Right.SIGN if signs else Right.WRITE_NOTE)
    if not who.by.strip():
        raise NoteRefused('by is empty; say who says it with --by "NAME"')
    return who


def _pairs(given: list[str]) -> Iterator[tuple[str, str]]:
    """Returns FIELD=TEXT as a pair; a file gives one pair for each key that has a text."""
    for each in given:
        field, is_pair, text = each.partition("=")
        if is_pair:
            yield _checked(field.strip(), text)
        else:
            yield from _pairs_of_file(Path(each))


def _checked(field: str, text: str) -> tuple[str, str]:
    """Refuse hidden and control characters before a message could repeat them."""
    check_text("FIELD", field, NAME_CHARACTERS)
    return field, check_text(field, text.strip())


def _pairs_of_file(path: Path) -> Iterator[tuple[str, str]]:
    from records.toml_text import toml_of

    try:
        document = toml_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise NoteRefused(
            f"{path} is neither FIELD=TEXT nor a file that can be read ({reason}); "
            "`traction note SESSION --template` prints such a file"
        ) from error
    except ValueError as error:
        raise NoteRefused(f"{path}: not valid TOML ({error}); correct it") from error
    for field, text in document.items():
        if not isinstance(text, (str, int)) or isinstance(text, bool):
            raise NoteRefused(f"{path}: {field} must be a text in quotes or a whole number")
        if text != "":
            yield _checked(field, str(text))


# --- what is printed --------------------------------------------------------------------------


def _print(desk: NoteDesk, view: NoteViews, *, as_json: bool) -> None:
    from records.exports.formats import written

    visit = desk.shown("note")
    say_whose_visit(visit)
    if as_json:
        part = json.loads(written(visit, "json"))["note"]
        say_json("note", {**part, "sheet": []})
        return
    _say_view(visit, view)
    if view.is_note:
        _say_each(_hints(visit))


def _print_paper(desk: NoteDesk, view: NoteViews, *, as_json: bool) -> None:
    """Print the note of a downtime sheet, for which nothing is proposed or repeated."""
    from records.exports.session.paper_json import paper_note_values

    visit = desk.shown_paper("note")
    if as_json:
        say_json("note", paper_note_values(visit))
    else:
        _say_view(visit, view)


def _say_view(visit: NotedVisit, view: NoteViews) -> None:
    """Print the view that was asked for, or the note itself."""
    from records.exports.note.text import note_text

    if view.template:
        _say_each(_template(visit))
    elif view.history:
        _say_each(_history(visit))
    elif view.sources:
        _say_each(_sources(visit))
    else:
        say_text(note_text(visit))


def _say_each(lines: Iterator[str]) -> None:
    for line in lines:
        say(line)


def _hints(visit: Visit) -> Iterator[str]:
    """Returns what still needs a person; not part of the note."""
    from records.visit.note_hints import repetition_text, unsaid_texts

    note = visit.note
    for field in note.proposals:
        yield f"the last visit says of {field.name}: {field.value!r}; confirm it with --confirm"
    for repeated in note.repetitions:
        yield repetition_text(repeated)
    yield from unsaid_texts(visit)


def _history(visit: NotedVisit) -> Iterator[str]:
    """Yields every version with each of its entries, the oldest first."""
    from records.visit.note_history import told_versions
    from records.visit.note_status import status_text

    note = visit.note
    yield f"note of session {note.session_id}: {status_text(note)}"
    for version in told_versions(note):
        yield version.line
        for word in version.words:
            was = f" (was {word.was!r})" if word.is_changed else ""
            yield f"  {word.name} = {word.said}{was}"


def _sources(visit: NotedVisit) -> Iterator[str]:
    from records.exports.note.text import shown
    from records.note.as_read import note_as_read

    note = note_as_read(visit.note)
    for field in (*note.fixed_fields, *note.clinician_fields):
        yield f"{field.name:<24} {shown(field)}  <- {field.where_from}"


def _template(visit: NotedVisit) -> Iterator[str]:
    """Print a file for --complete: one line for each field that has no entry."""
    note = visit.note
    proposed = {field.name: field for field in note.proposals}
    yield f"# Note of session {note.session_id}: what is still open. Lines left empty stay open."
    yield f'# traction note {note.session_id} --complete THIS_FILE --by "NAME"'
    for name in note.open_fields:
        field = note.field(name)
        yield ""
        yield f"# {field.label}{f', {field.unit}' if field.unit else ''}"
        if name in proposed:
            yield f"# {proposed[name].source}: {json.dumps(proposed[name].value)}"
            yield f'# traction note {note.session_id} --confirm {name} --by "NAME" takes it over'
        yield f'{name} = ""'
