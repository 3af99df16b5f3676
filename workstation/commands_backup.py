"""``traction backup``, ``traction restore`` and ``traction archive``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workstation.commands_note import ByOption, DataOption, JsonOption
from workstation.output import say, say_json

if TYPE_CHECKING:
    from records.backup import BackupReport

RECORD_BAD = 4


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("archive")(archive)


def backup(
    target: Annotated[Path, typer.Argument(help="A new folder, or a new file that ends in .zip.")],
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy all records while sessions may run, and verify the copy (exit status 4 if altered)."""
    from importlib.metadata import version

    from controller.runtime.clock import SystemClock
    from records.audit import record_read
    from records.backup import back_up
    from workstation.compose import PROGRAM
    from workstation.documents import author_now
    from workstation.settings import load_settings

    data_dir = data or load_settings().data
    record_read(data_dir, author_now(data_dir, by), "backup")
    program = f"{PROGRAM} {version(PROGRAM)}"
    report = back_up(data_dir, target, made_utc_ms=SystemClock().utc_ms(), program=program)
    _conclude(report, "backed up to", as_json=as_json)


def restore(
    source: Annotated[Path, typer.Argument(help="Folder or .zip that `traction backup` wrote.")],
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup into a data folder without records, and verify it (exit status 4 if altered)."""
    from controller.runtime.clock import SystemClock
    from records.audit import record_read
    from records.backup import restore as restore_backup
    from records.key_life import take_over_restored
    from workstation.documents import author_now
    from workstation.login import login_name
    from workstation.settings import load_settings

    data_dir = data or load_settings().data
    report = restore_backup(source, data_dir)
    take_over_restored(data_dir, by=by or login_name(), at_utc_ms=SystemClock().utc_ms())
    record_read(data_dir, author_now(data_dir, by), "restore of a backup")
    _conclude(report, "restored to", as_json=as_json)


def archive(
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write sealed sessions without names, dates and words as Parquet, for analysis."""
    from records.archive import write_archive
    from records.audit import record_read
    from workstation.documents import author_now
    from workstation.settings import load_settings

    data_dir = data or load_settings().data
    record_read(data_dir, author_now(data_dir, by), "archive")
    report = write_archive(data_dir, out)
    if as_json:
        facts = {"place": str(report.place), "sessions": len(report.session_ids)}
        say_json(facts | {"samples": report.samples})
        return
    say(
        f"archived to {report.place}: {len(report.session_ids)} sessions, "
        f"{report.samples} samples, called by keyed hashes"
    )


def _conclude(report: BackupReport, done: str, *, as_json: bool) -> None:
    if as_json:
        facts = asdict(report) | {"place": str(report.place)}
        say_json(facts)
    else:
        made = datetime.fromtimestamp(report.made_utc_ms / 1000, UTC)
        say(
            f"{done} {report.place}: {len(report.files)} files, {report.sessions} sessions, "
            f"{report.links} links, as of {made:%Y-%m-%d %H:%M:%S} UTC"
        )
        for found in report.alterations:
            say(f"ALTERED {found.where}: {found.what}")
        if not report.alterations:
            say("verified: nothing was altered (not checked against outside checkpoints)")
    if report.alterations:
        raise typer.Exit(RECORD_BAD)
