"""Makes, proves and restores backups of this workstation, with their rows in the audit.

``traction backup --status`` reads these rows: they are signed and in the chain of clinic.db, so no
second file records what was backed up when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from controller.errors import AuditUnavailable
from controller.runtime.clock import SystemClock
from records.clinic.audit import Access, accesses, record_read
from records.clinic.key_life import take_over_restored
from records.keeping.backup import BackupReport, back_up
from records.keeping.private_check import check_private
from records.keeping.restore import RestoreReport, Trust, prove
from records.store.author import Author
from records.store.record_folder import CLINIC, RecordFolder
from workstation.author_now import author_now
from workstation.login import login_name
from workstation.session.opening import PROGRAM
from workstation.settings import Settings

BEGUN, MADE, PROVED, RESTORED = "backup", "backup made", "backup proved", "restore of a backup"
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStatus:
    """The newest backup that was finished; ``good`` decides the exit status."""

    place: str
    checkpoint: str
    made_utc_ms: int | None
    proved_utc_ms: int | None
    there: bool
    good: bool
    text: str


def make_backup(folder: RecordFolder, target: Path, settings: Settings, by: str) -> BackupReport:
    """Back up, with a row before it, since data leave the folder, and one when it is finished."""
    from records.keeping.backup_encryption import parse_recipients

    check_private(folder, settings.readers_group)
    author = author_now(folder, by)
    record_read(folder, author, BEGUN)
    report = back_up(
        folder,
        target,
        author.key,
        made_utc_ms=SystemClock().utc_ms(),
        program=f"{PROGRAM} {version(PROGRAM)}",
        recipients=parse_recipients(settings.backup_recipients),
    )
    _keep(folder, author, MADE, report.place, report.checkpoint)
    return report


def prove_backup(
    place: Path,
    folder: RecordFolder,
    trust: Trust,
    identity: Path | None,
    by: str,
    with_copy: Callable[[RecordFolder, RestoreReport], None] = lambda copy, report: None,
) -> RestoreReport:
    """Restore temporarily and verify; the row is kept where the records are.

    An encrypted backup is decrypted on the disk of the records only. ``with_copy`` is given what
    was restored, with what was found in it.
    """
    workroom = folder.path if place.suffix == ".age" else place
    report = prove(place, workroom, trust, identity, with_copy)
    if not report.findings and folder.clinic_database.exists():
        _keep(folder, author_now(folder, by), PROVED, place, report.checkpoint)
    return report


def keep_restore(
    folder: RecordFolder, by: str, report: RestoreReport, accepted: Sequence[str]
) -> None:
    """Keep the row of a restore in the records that are about to be put in place.

    A damaged clinic.db that was named to be restored anyway can hold no row.
    """
    try:
        by_name = by or login_name()
        take_over_restored(folder, by=by_name, at_utc_ms=SystemClock().utc_ms())
        fields = (report.checkpoint, *(f"altered: {name}" for name in accepted))
        record_read(folder, author_now(folder, by), RESTORED, fields=fields)
    except AuditUnavailable:
        if CLINIC not in accepted:
            raise


def backup_status(folder: RecordFolder, settings: Settings) -> BackupStatus:
    """Returns the newest backup, its age, and whether it was proved, in the clinic's times."""
    rows = accesses(folder)
    made = [row for row in rows if row.what == MADE and len(row.fields) == 2]
    if not made:
        return BackupStatus(
            place="",
            checkpoint="",
            made_utc_ms=None,
            proved_utc_ms=None,
            there=False,
            good=False,
            text=f"no backup of {folder} was ever finished; make one with `traction backup`",
        )
    newest = max(made, key=lambda row: row.at_utc_ms)
    place, checkpoint = newest.fields
    proofs = [r.at_utc_ms for r in rows if r.what == PROVED and checkpoint in r.fields]
    proved = max(proofs, default=None)
    age_ms = SystemClock().utc_ms() - newest.at_utc_ms
    good, verdict = _verdict(age_ms, settings.backup_days)
    there = Path(place).exists()
    return BackupStatus(
        place=place,
        checkpoint=checkpoint,
        made_utc_ms=newest.at_utc_ms,
        proved_utc_ms=proved,
        there=there,
        good=good,
        text="\n".join(_lines(newest, there, proved, verdict, settings)),
    )


def _verdict(age_ms: int, limit_days: int) -> tuple[bool, str]:
    if age_ms < 0:
        return False, (
            f"{-age_ms / HOUR_MS:.1f} hours later than this computer's clock: correct the clock"
        )
    age = f"{age_ms / HOUR_MS:.1f} hours ago"
    if limit_days and age_ms > limit_days * DAY_MS:
        return False, f"{age}, and the setting backup_days allows {limit_days} days: make one now"
    return True, age


def _lines(
    newest: Access, there: bool, proved: int | None, verdict: str, settings: Settings
) -> Iterator[str]:
    place, checkpoint = newest.fields
    yield f"newest backup: {place}, made {settings.moment_text(newest.at_utc_ms)} ({verdict})"
    yield f"checkpoint: {checkpoint}"
    if proved:
        yield f"proved: {settings.moment_text(proved)}"
    else:
        yield "never proved: run `traction backup --prove`"
    if not there:
        yield "it is not at its place now; connect its medium"


def _keep(folder: RecordFolder, author: Author, what: str, place: Path, checkpoint: str) -> None:
    record_read(folder, author, what, fields=(str(place.absolute()), checkpoint))
