"""``traction update``: installs another version of the program from a file, or goes back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AddressInvalid
from workstation.commands.options import PersonOptions, grouped
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from workstation.updating.changing import ProgramChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOptions:
    """The backup that is made before anything changes."""

    backup: Annotated[
        Path | None,
        typer.Option(help="Place of the backup that is made first.", show_default=False),
    ] = None
    identity: Annotated[
        Path | None,
        typer.Option(help="Identity file (age), where backups are encrypted.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlteredOptions:
    """What is altered in the records and remains so while the program changes."""

    accept_altered: Annotated[
        list[str] | None,
        typer.Option(
            help="Update although this session or file is altered; may be repeated.",
            show_default=False,
        ),
    ] = None
    reason: Annotated[
        str, typer.Option(help="Why the update does not wait for it.", show_default=False)
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherUpdateOptions:
    """What the command does instead of an update."""

    back: Annotated[bool, typer.Option("--back", help="Go back to the previous version.")] = False
    status: Annotated[bool, typer.Option("--status", help="Show versions and accepted keys.")] = (
        False
    )
    accept_key: Annotated[
        Path | None,
        typer.Option(help="Public release key (PEM) to trust from now on.", show_default=False),
    ] = None
    withdraw_key: Annotated[
        str, typer.Option(help="Id of a release key to stop trusting.", show_default=False)
    ] = ""

    @property
    def count(self) -> int:
        """Returns how many of them were given."""
        return sum((self.back, self.status, self.accept_key is not None, bool(self.withdraw_key)))


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("update")(update)


@grouped
def update(
    file: Annotated[
        Path | None, typer.Argument(help="A signed release.", show_default=False)
    ] = None,
    *,
    backups: BackupOptions,
    altered: AlteredOptions,
    other: OtherUpdateOptions,
    person: PersonOptions,
) -> None:
    """Update to a newer version from a signed file, after a verified backup and a rehearsal."""
    if (file is not None) + other.count != 1:
        raise AddressInvalid(
            "name a FILE, or give --back, --status, --accept-key or --withdraw-key"
        )
    if (file is None) is not (backups.backup is None):
        raise AddressInvalid("FILE and --backup PLACE go together: a backup is made first")
    if file is None and (altered.accept_altered or altered.reason):
        raise AddressInvalid("--accept-altered and --reason go with FILE")
    if other.status:
        _tell_status(person)
    elif other.accept_key is not None:
        _accept(other.accept_key, person)
    elif other.withdraw_key:
        _withdraw(other.withdraw_key, person)
    elif other.back:
        _go_back(person)
    elif file is not None and backups.backup is not None:
        _update(file, backups.backup, backups.identity, altered, person)


def _update(
    file: Path,
    backup: Path,
    identity: Path | None,
    altered: AlteredOptions,
    person: PersonOptions,
) -> None:
    from records.accounts.rights import Right
    from workstation.terminal_sign_in import acting
    from workstation.updating.altered import TakenAlong
    from workstation.updating.program_here import installation_in_use, program_here
    from workstation.updating.update import WantedUpdate, update_program

    settings, folder = person.place
    there = installation_in_use(program_here())
    who = acting(folder, person.by, Right.KEEP)
    taken = TakenAlong(names=tuple(altered.accept_altered or ()), reason=altered.reason)
    wanted = WantedUpdate(file=file, backup=backup, identity=identity, who=who, altered=taken)
    _tell_change(update_program(folder, settings, there, wanted, warn), as_json=person.as_json)


def _go_back(person: PersonOptions) -> None:
    from records.accounts.rights import Right
    from workstation.terminal_sign_in import acting
    from workstation.updating.going_back import go_back
    from workstation.updating.program_here import program_here

    folder, here = person.place.folder, program_here()
    who = acting(folder, person.by, Right.KEEP)
    _tell_change(go_back(folder, here, who), as_json=person.as_json)


def _tell_change(changed: ProgramChanged, *, as_json: bool) -> None:
    if as_json:
        say_json("update", asdict(changed))
        return
    say(
        f"version {changed.after} is in use ({changed.program}), {changed.before} is installed "
        "beside it"
    )
    if changed.backup:
        say(f"backup: {changed.backup}, checkpoint {changed.checkpoint}")
    say(
        f"a running station continues with {changed.before} until it is restarted: sudo "
        "systemctl restart traction-station"
    )


def _tell_status(person: PersonOptions) -> None:
    from controller.errors import UpdateRefused
    from workstation.texts.shipped import program_version
    from workstation.updating.program_here import program_here
    from workstation.updating.release_keys import accepted_release_keys

    keys = sorted(accepted_release_keys(person.place.folder))
    try:
        there = program_here().there
        root, current, versions = str(there.root), there.current, there.versions()
    except UpdateRefused as error:
        root, current, versions = "", program_version(), []
        where = error.message
    else:
        where = f"whole in {root}: {', '.join(versions)}"
    if person.as_json:
        facts = {"root": root, "current": current, "versions": versions, "release_keys": keys}
        say_json("update-status", facts)
        return
    say(f"version {current} is in use")
    say(where)
    say(f"accepted release keys: {', '.join(keys) or 'none'}")


def _accept(file: Path, person: PersonOptions) -> None:
    from records.accounts.rights import Right
    from records.store.ed25519 import read_public_key
    from workstation.terminal_sign_in import author_for
    from workstation.updating.release_keys import accept_release_key

    folder = person.place.folder
    key_id = accept_release_key(
        folder, author_for(folder, person.by, Right.KEEP), read_public_key(file)
    )
    _tell_key(key_id, accepted=True, person=person)


def _withdraw(key_id: str, person: PersonOptions) -> None:
    from records.accounts.rights import Right
    from workstation.terminal_sign_in import author_for
    from workstation.updating.release_keys import withdraw_release_key

    folder = person.place.folder
    withdraw_release_key(folder, author_for(folder, person.by, Right.KEEP), key_id)
    _tell_key(key_id, accepted=False, person=person)


def _tell_key(key_id: str, *, accepted: bool, person: PersonOptions) -> None:
    if person.as_json:
        say_json("update-key", {"key_id": key_id, "accepted": accepted})
    elif accepted:
        say(f"release key {key_id} is accepted; compare its id with what its maker says")
    else:
        say(f"release key {key_id} is no longer trusted")
