"""``traction quarantine``, ``repack`` and ``move-years``: commands about whole unit files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workstation.commands.help_page import WholeSentences
from workstation.commands.options import PersonOptions, RecordsOptions, grouped
from workstation.output import say, say_json

if TYPE_CHECKING:
    from records.evidence.quarantine import PutAside

UnitArgument = Annotated[str, typer.Argument(help="Unit id, 16 hex digits.")]
ReasonOption = Annotated[str, typer.Option(help="What was found out, or why; required.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    quarantine = typer.Typer(
        cls=WholeSentences,
        help="Put aside unit files with content that this workstation did not write.",
        no_args_is_help=True,
    )
    quarantine.command("list")(list_)
    quarantine.command("put")(put)
    quarantine.command("accept")(accept)
    app.add_typer(quarantine, name="quarantine")
    app.command("repack")(repack)
    app.command("move-years")(move_years)


@grouped
def repack(unit: UnitArgument, person: PersonOptions) -> None:
    """Pack sessions sealed by older versions, also of closed years, and verify each."""
    from records.accounts.rights import Right
    from records.keeping.repack import repack as repack_files
    from workstation.terminal_sign_in import author_for

    folder = person.place.folder
    done = repack_files(folder, unit, author_for(folder, person.by, Right.KEEP))
    if person.as_json:
        say_json("repack", asdict(done))
        return
    say(
        f"repacked {len(done.sessions)} sessions, each checked before and after: "
        f"{done.bytes_before} bytes before, {done.bytes_after} after"
    )
    for elsewhere in done.elsewhere:
        say(f"{elsewhere} and cannot be reached there: it is left as it is")


@grouped
def move_years(
    target: Annotated[Path, typer.Argument(help="An existing folder on another disk or share.")],
    before: Annotated[int, typer.Option(help="Move the files of years before this one.")],
    person: PersonOptions,
) -> None:
    """Move the files of closed years; they are still read and checked at their new place."""
    from records.accounts.rights import Right
    from records.keeping.move_years import move_years as move_files
    from workstation.terminal_sign_in import author_for

    folder = person.place.folder
    moved = move_files(folder, author_for(folder, person.by, Right.KEEP), target, before=before)
    if person.as_json:
        files = [{"file": one.file, "to": one.to, "sessions": one.sessions} for one in moved]
        say_json("move-years", {"moved": files})
        return
    if not moved:
        say(f"no file of a year before {before} is in {folder}")
    for one in moved:
        say(f"moved {one.file} with {len(one.sessions)} sessions to {one.to}")


@grouped
def list_(records: RecordsOptions) -> None:
    """List the files that were put aside, why, and who has accepted it."""
    from records.evidence.quarantine import put_aside_files

    found = put_aside_files(records.place.folder)
    if records.as_json:
        say_json("quarantine-list", {"put_aside": [_facts(one) for one in found]})
        return
    if not found:
        say("no files were put aside")
    for one in found:
        say(put_aside_line(one))


@grouped
def put(unit: UnitArgument, reason: ReasonOption = "", *, person: PersonOptions) -> None:
    """Put aside a unit's file that a start refuses, and begin a new one."""
    from controller.errors import RequestRefused
    from records.accounts.rights import Right
    from records.evidence.quarantine import accept as accept_file
    from records.evidence.quarantine import put_aside
    from records.store.unit_lock import UnitLock, holding
    from workstation.terminal_sign_in import author_for

    if not reason.strip():
        raise RequestRefused("the reason is empty; say with --reason what was found out")
    folder = person.place.folder
    author = author_for(folder, person.by, Right.KEEP)
    with holding(UnitLock(folder.unit_database(unit))):
        aside = put_aside(folder, unit, author.key, utc_ms=author.at_utc_ms, reason=reason)
    accept_file(folder, unit, author, reason)
    if person.as_json:
        say_json("quarantine-put", {"unit_id": unit, "put_aside_in": str(aside)})
        return
    say(f"put aside in {aside}; the unit's next session begins a new file that names it")


@grouped
def accept(unit: UnitArgument, reason: ReasonOption = "", *, person: PersonOptions) -> None:
    """Acknowledge, by name, that a unit's file was put aside; the unit can then be used again."""
    from records.accounts.rights import Right
    from records.evidence.quarantine import accept as accept_file
    from workstation.terminal_sign_in import author_for

    folder = person.place.folder
    accepted = accept_file(folder, unit, author_for(folder, person.by, Right.KEEP), reason)
    if person.as_json:
        say_json("quarantine-accept", _facts(accepted))
        return
    say(put_aside_line(accepted))


def put_aside_line(one: PutAside) -> str:
    """Describes one file, for lists and for every report of its unit."""
    said = one.predecessor
    day = datetime.fromtimestamp(said.utc_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    word = f"accepted by {one.accepted_by}" if one.is_accepted else "not accepted yet"
    return f"unit {one.unit_id}: {said.file} was put aside on {day} ({said.reason}); {word}"


def _facts(one: PutAside) -> dict[str, object]:
    return asdict(one) | {
        "predecessor": {
            "file": one.predecessor.file,
            "digest": one.predecessor.digest.hex(),
            "utc_ms": one.predecessor.utc_ms,
            "reason": one.predecessor.reason,
        }
    }
