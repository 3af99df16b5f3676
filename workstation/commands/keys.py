"""``traction key``: shows and changes the keys that sign the records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import KeyUnavailable, RequestRefused
from workstation.commands.help_page import WholeSentences
from workstation.commands.made_file import MadeFile, put_out
from workstation.commands.options import (
    ForceOption,
    OutOption,
    PersonOptions,
    RecordsOptions,
    grouped,
)
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from records.keys.key_records import KeyHistory, KeyTime
    from records.store.record_folder import RecordFolder
    from workstation.settings import Settings

ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]

CAME_BY = {
    "begun": "the first key on record",
    "found": "was in the folder when the record of keys began",
    "rotated": "vouched for by the key before it",
    "replaced": "replaced a lost key; no key vouches for it",
    "accepted": "of somebody else",
    "given": "given with --public-key",
    "folder": "is in the folder, but has no entry in the record of keys",
}

NO_KEY = "there is no signing key yet"
KEY_COMES = "the first session makes one, and so does `traction key rotate`"

key_app = typer.Typer(
    cls=WholeSentences,
    help="Show, change and export the keys that sign the records.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(key_app, name="key")


@key_app.command("show")
@grouped
def show(records: RecordsOptions) -> None:
    """Show the key in use; creates nothing."""
    from records.keys.signing import public_key_in_use

    folder = records.place.folder
    in_use = public_key_in_use(folder)
    if records.as_json:
        key_id, public = in_use or (None, b"")
        say_json("key-show", {"current": key_id, "public_key": public.hex()})
        return
    say(f"signing key {in_use[0]}" if in_use else f"{NO_KEY} in {folder}; {KEY_COMES}")


@key_app.command("list")
@grouped
def list_keys(records: RecordsOptions) -> None:
    """List every key on record with its period; creates nothing."""
    from records.keys.key_folder import key_history
    from records.keys.signing import known_public_keys

    folder = records.place.folder
    history = key_history(folder)
    foreign = sorted(_foreign(folder, history))
    if records.as_json:
        say_json("key-list", {**key_facts(history), "not_accepted": foreign})
        return
    if history.fault:
        say(f"ALTERED {folder.key_records}: {history.fault}")
    if not history.records and not history.fault:
        history = history.only(known_public_keys(folder), "folder")
    for line in key_lines(history):
        say(line)
    for key_id in foreign:
        say(f"key {key_id}: is in the folder but not trusted; `traction key accept` accepts it")


@key_app.command("rotate")
@grouped
def rotate(
    lost: Annotated[
        bool, typer.Option("--lost", help="The private half of the key in use is gone.")
    ] = False,
    reason: ReasonOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    *,
    person: PersonOptions,
) -> None:
    """Make a new key; the old public key stays on record, so that old records stay verifiable."""
    from controller.runtime.clock import SystemClock
    from records.accounts.rights import Right
    from records.clinic.key_life import replace_lost_key, rotate_key
    from records.keys.key_records import SaidOfKey
    from workstation.terminal_sign_in import acting

    folder = person.place.folder
    by = acting(folder, person.by, Right.KEEP).by
    if not yes:
        typer.confirm("Replace the present signing key with a new one?", abort=True)
    now_ms = SystemClock().utc_ms()
    if lost:
        said = SaidOfKey(at_utc_ms=now_ms, by=_person(by), reason=reason)
        key = replace_lost_key(folder, said)
    else:
        key = rotate_key(folder, by=_person(by), at_utc_ms=now_ms)
    if person.as_json:
        say_json("key-rotate", {"key_id": key.key_id})
    else:
        say(f"signing key {key.key_id}")
        say("give the new public key to everyone who verifies: traction key export")
    _leave(folder)


@key_app.command("accept")
@grouped
def accept(
    file: Annotated[Path, typer.Argument(help="A public key in PEM.")],
    person: PersonOptions,
) -> None:
    """Accept a foreign public key into the record: its signatures are trusted here from now on."""
    from controller.runtime.clock import SystemClock
    from records.accounts.rights import Right
    from records.clinic.key_life import accept_key
    from records.keys.signing import read_public_key
    from workstation.terminal_sign_in import acting

    folder = person.place.folder
    by = acting(folder, person.by, Right.KEEP).by
    key_id = accept_key(
        folder,
        read_public_key(file),
        by=_person(by),
        at_utc_ms=SystemClock().utc_ms(),
    )
    if person.as_json:
        say_json("key-accept", {"key_id": key_id})
    else:
        say(f"key {key_id} is on record; compare its id with its owner's")
    _leave(folder)


@key_app.command("revoke")
@grouped
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key or its beginning.")],
    since: Annotated[
        str, typer.Option("--from", help="Moment from which it is not trusted: 2026-11-20T08:00.")
    ],
    reason: ReasonOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    *,
    person: PersonOptions,
) -> None:
    """Stop trusting what a key made from a moment on. This cannot be undone."""
    from controller.runtime.clock import SystemClock
    from records.accounts.rights import Right
    from records.clinic.key_life import revoke_key
    from records.keys.key_records import SaidOfKey, shown
    from workstation.terminal_sign_in import acting

    settings, folder = person.place
    by = acting(folder, person.by, Right.KEEP).by
    from_utc_ms = _moment(since, settings)
    if not yes:
        typer.confirm(
            f"Stop trusting for ever everything that key {key} made from {shown(from_utc_ms)} on?",
            abort=True,
        )
    said = SaidOfKey(at_utc_ms=SystemClock().utc_ms(), by=_person(by), reason=reason)
    key_id = revoke_key(folder, key, said, from_utc_ms=from_utc_ms)
    if person.as_json:
        say_json("key-revoke", {"key_id": key_id, "revoked_from_utc_ms": from_utc_ms})
    else:
        say(f"key {key_id} is revoked; `traction verify --all` shows what that affects")
    _leave(folder)


@key_app.command("export")
@grouped
def export(
    out: OutOption = None,
    force: ForceOption = False,
    *,
    records: RecordsOptions,
) -> None:
    """Write the public key in use as PEM; it verifies bundles on another machine."""
    from records.keys.signing import public_key_in_use, public_pem

    folder = records.place.folder
    in_use = public_key_in_use(folder)
    if in_use is None:
        raise KeyUnavailable(f"{NO_KEY} in {folder}; {KEY_COMES}")
    made = MadeFile(f"{in_use[0]}.pub", public_pem(in_use[1]))
    put_out("key-export", made, out, force=force, as_json=records.as_json)


def key_lines(history: KeyHistory) -> Iterator[str]:
    """Returns one line for each trusted key, with its period."""
    for time in history.times.values():
        in_use = ", in use" if time.key_id == history.in_use else ""
        yield f"key {time.key_id}{in_use}: {_time_of(time)}; {CAME_BY[time.came_by]}{_who(time)}"


def key_facts(history: KeyHistory) -> dict[str, object]:
    """Returns the same for programs."""
    return {
        "records": len(history.records),
        "current": history.in_use,
        "keys": [
            {
                "key_id": time.key_id,
                "public_key": time.public_key.hex(),
                "came_by": time.came_by,
                "by": time.by,
                "since_utc_ms": time.since_utc_ms,
                "until_utc_ms": time.until_utc_ms,
                "revoked_from_utc_ms": time.revoked_from_utc_ms,
            }
            for time in history.times.values()
        ],
        "fault": history.fault,
    }


def _time_of(time: KeyTime) -> str:
    from records.keys.key_records import shown

    bounds = []
    if time.since_utc_ms is not None:
        bounds.append(f"since {shown(time.since_utc_ms)}")
    if time.until_utc_ms is not None:
        bounds.append(f"until {shown(time.until_utc_ms)}")
    if time.revoked_from_utc_ms is not None:
        bounds.append(
            f"REVOKED from {shown(time.revoked_from_utc_ms)} on ({time.revoked_why}; "
            f"{time.revoked_by})"
        )
    return ", ".join(bounds) or "at any time"


def _who(time: KeyTime) -> str:
    return f" ({time.by})" if time.by else ""


def _foreign(folder: RecordFolder, history: KeyHistory) -> set[str]:
    """Returns the ids of public keys that are in the folder and in no record."""
    from records.keys.key_folder import public_files

    return set(public_files(folder)) - set(history.times) if history.records else set()


def _leave(folder: RecordFolder) -> None:
    """Copy the new end of the record of keys to the second place."""
    from workstation.anchors import leave_checkpoints
    from workstation.settings import load_settings

    leave_checkpoints(load_settings(), folder, warn)


def _person(by: str) -> str:
    from workstation.login import login_name

    return by or login_name()


def _moment(text: str, settings: Settings) -> int:
    """Returns a typed moment in UTC milliseconds; in the clinic's zone unless it names another."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise RequestRefused(
            f"--from {text!r} is not a date and time; write it like 2026-11-20T08:00"
        ) from error
    if moment.tzinfo is None:
        utc_ms = round(moment.timestamp() * 1000)
        moment = moment.replace(tzinfo=settings.zone_at(utc_ms))
    return round(moment.timestamp() * 1000)
