"""``traction backup``, ``traction restore`` and ``traction archive``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AddressInvalid, BackupAltered
from workstation.commands.options import PersonOptions, grouped
from workstation.output import say, say_json

if TYPE_CHECKING:
    from records.keeping.backup import BackupReport
    from records.keeping.backup_check import BackupFinding
    from records.keeping.restore import RestoreReport, Trust
    from records.store.record_folder import RecordFolder
    from workstation.settings import Settings

RECORD_BAD = 4
IdentityOption = Annotated[
    Path | None,
    typer.Option(
        "--identity", help="Identity file (age) of an encrypted backup.", show_default=False
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustOptions:
    """What a person trusts when a backup is checked."""

    public_key: Annotated[
        list[Path] | None,
        typer.Option(help="Public key (PEM) from elsewhere.", show_default=False),
    ] = None
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(help="A checkpoint from outside, or a file of them.", show_default=False),
    ] = None

    @property
    def is_given(self) -> bool:
        """True when the person named something."""
        return bool(self.public_key or self.checkpoint)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("archive")(archive)


@grouped
def backup(
    target: Annotated[
        Path | None, typer.Argument(help="A new folder, .zip or .zip.age.", show_default=False)
    ] = None,
    *,
    status: Annotated[
        bool, typer.Option("--status", help="Show the newest backup and its age.")
    ] = False,
    prove: Annotated[
        Path | None,
        typer.Option(help="Restore this backup temporarily and verify it.", show_default=False),
    ] = None,
    identity: IdentityOption = None,
    trusted: TrustOptions,
    person: PersonOptions,
) -> None:
    """Copy all records while sessions may run, and verify the copy (exit status 4 if altered)."""
    settings, folder = person.place
    if sum((target is not None, status, prove is not None)) != 1:
        raise AddressInvalid("name the place of the backup, or give --status or --prove BACKUP")
    if prove is None and (identity or trusted.is_given):
        raise AddressInvalid("--identity, --public-key and --checkpoint go with --prove")
    if status:
        clinic = person.place.at_the_clinic_if_readable()
        _tell_status(folder, clinic.settings, as_json=person.as_json)
    elif prove is not None:
        trust = _trust(trusted, folder)
        _prove(prove, folder, trust, identity, person.by, as_json=person.as_json)
    elif target is not None:
        _back_up(folder, target, settings, person.by, as_json=person.as_json)


@grouped
def restore(
    source: Annotated[Path, typer.Argument(help="The backup that `traction backup` made.")],
    *,
    trusted: TrustOptions,
    identity: IdentityOption = None,
    accept_altered: Annotated[
        list[str] | None,
        typer.Option(
            help="A file or session id to restore although it was altered.",
            show_default=False,
        ),
    ] = None,
    person: PersonOptions,
) -> None:
    """Restore a backup into an empty or missing folder; altered parts only if you name them."""
    from records.keeping.restore import restore as restore_backup
    from workstation.backups import keep_restore

    accepted = accept_altered or []
    try:
        report = restore_backup(
            source,
            person.place.folder,
            _trust(trusted, None),
            accepted=accepted,
            identity=identity,
            before_rename=lambda restored, found: keep_restore(
                restored, person.by, found, accepted
            ),
        )
    except BackupAltered as error:
        for line in error.detail.splitlines():
            say(f"ALTERED {line}")
        raise
    if person.as_json:
        say_json("restore", asdict(report) | {"place": str(report.place)})
    else:
        say(f"restored to {report.place}: {_contents(report)}")
        _say_findings(report.findings, report.basis)
    _end(report.findings)


@grouped
def archive(
    out: Annotated[Path, typer.Option("--out", help="A new folder.")], person: PersonOptions
) -> None:
    """Write sealed sessions without names, dates and words as Parquet, for analysis."""
    from records.accounts.rights import Right
    from records.clinic.audit import record_read
    from records.keeping.archive import write_archive
    from workstation.terminal_sign_in import author_for

    folder = person.place.folder
    record_read(folder, author_for(folder, person.by, Right.KEEP), "archive")
    report = write_archive(folder, out)
    if person.as_json:
        facts = {"place": str(report.place), "sessions": len(report.session_ids)}
        say_json("archive", facts | {"samples": report.samples})
        return
    say(
        f"archived to {report.place}: {len(report.session_ids)} sessions, {report.samples} "
        "samples, named by keyed hashes"
    )


def _back_up(
    folder: RecordFolder, target: Path, settings: Settings, by: str, *, as_json: bool
) -> None:
    from workstation.backups import make_backup

    report = make_backup(folder, target, settings, by)
    if as_json:
        say_json("backup", asdict(report) | {"place": str(report.place)})
    else:
        sealed = ", encrypted" if report.encrypted else ""
        say(f"backed up to {report.place}: {_contents(report)}{sealed}")
        say(f"checkpoint of this backup: {report.checkpoint}")
        for place in report.elsewhere:
            say(f"not included, because it was moved: {place}; back up that file separately")
        _say_findings(report.findings, "not checked against outside checkpoints")
    _end(report.findings)


def _prove(
    place: Path,
    folder: RecordFolder,
    trust: Trust,
    identity: Path | None,
    by: str,
    *,
    as_json: bool,
) -> None:
    from workstation.backups import prove_backup

    report = prove_backup(place, folder, trust, identity, by)
    if as_json:
        say_json("backup-proof", asdict(report) | {"place": str(report.place)})
    else:
        say(f"restored and removed again: {place}: {_contents(report)}")
        _say_findings(report.findings, report.basis)
    _end(report.findings)


def _tell_status(folder: RecordFolder, settings: Settings, *, as_json: bool) -> None:
    from workstation.backups import backup_status

    found = backup_status(folder, settings)
    if as_json:
        say_json("backup-status", asdict(found))
    else:
        for line in found.text.splitlines():
            say(line)
    if not found.good:
        raise typer.Exit(RECORD_BAD)


def _trust(trusted: TrustOptions, folder: RecordFolder | None) -> Trust:
    """Returns what the person trusts; a proof of its own backups trusts the workstation's keys."""
    from records.keeping.restore import Trust
    from records.keys.signing import known_public_keys
    from workstation.commands.evidence import outside_checkpoints, public_keys

    keys = public_keys(trusted.public_key) if trusted.public_key else None
    if keys is None and folder is not None:
        keys = known_public_keys(folder) or None
    points = [point for text in trusted.checkpoint or () for point in outside_checkpoints(text)]
    return Trust(public_keys=keys, checkpoints=points)


def _contents(report: BackupReport | RestoreReport) -> str:
    made = datetime.fromtimestamp(report.made_utc_ms / 1000, UTC)
    return (
        f"{len(report.files)} files, {report.sessions} sessions, {report.links} links, "
        f"as of {made:%Y-%m-%d %H:%M:%S} UTC"
    )


def _say_findings(findings: Sequence[BackupFinding], basis: str) -> None:
    for found in findings:
        say(f"ALTERED {found.name}: {found.what}")
    say(f"{'altered' if findings else 'verified: nothing was altered'} ({basis})")


def _end(findings: Sequence[BackupFinding]) -> None:
    if findings:
        raise typer.Exit(RECORD_BAD)
