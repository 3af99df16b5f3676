"""The change from one version to another: a row in the chain, one rename, another row.

A program that is killed in between leaves only the first row. The next one that looks records which
of the two it became. The first row comes before the backup, so that records restored from it know
their version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from controller.errors import AuditUnavailable, TractionError, UpdateRefused
from records.clinic.audit import Access, accesses, record_read
from records.keeping.backup import BackupReport
from records.store.author import Author
from records.store.record_folder import RecordFolder
from workstation.updating.installation import CURRENT, Installation, InstallationFault
from workstation.updating.program_here import traction_of

BEGUN: Final = "change of the program begun"
_VERSION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """From which version to which; ``why`` is recorded with it."""

    before: str
    after: str
    why: tuple[str, ...] = ()

    @property
    def is_update(self) -> bool:
        """Returns True when it leads to a newer version; raises UpdateRefused."""
        return number_of(self.after) > number_of(self.before)

    @property
    def made(self) -> str:
        """Returns it in words, once it is made."""
        if self.is_update:
            return f"updated from {self.before} to {self.after}"
        return f"went back from {self.before} to {self.after}"

    @property
    def not_made(self) -> str:
        """Returns it in words, when it was begun and failed."""
        return f"not changed from {self.before} to {self.after}"

    @property
    def fields(self) -> tuple[str, ...]:
        """Returns the fields of a row."""
        return (self.before, self.after, *self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramChanged:
    """The result. ``checkpoint`` is the backup's, empty for a way back."""

    before: str
    after: str
    program: str
    backup: str = ""
    checkpoint: str = ""


def program_changed(
    there: Installation, change: VersionChange, backup: BackupReport | None = None
) -> ProgramChanged:
    """Returns what a change did, for the person who asked for it."""
    return ProgramChanged(
        before=change.before,
        after=change.after,
        program=str(traction_of(there, CURRENT)),
        backup=str(backup.place) if backup else "",
        checkpoint=backup.checkpoint if backup else "",
    )


def number_of(version: str) -> tuple[int, ...]:
    """Returns a version as numbers that compare; raises UpdateRefused."""
    if not _VERSION.fullmatch(version):
        raise UpdateRefused(f"version {version[:40]!r} is not a version number like 1.2.3")
    return tuple(int(part) for part in version.split("."))


@contextmanager
def change_begun(
    folder: RecordFolder, author: Callable[[], Author], there: Installation, change: VersionChange
) -> Iterator[None]:
    """Record it in the chain, and record a failure. Raises AuditUnavailable."""
    record_read(folder, author(), BEGUN, fields=change.fields)
    try:
        yield
    except TractionError:
        with suppress(AuditUnavailable):  # the next run records it (settle_changes)
            _say_end(folder, author(), there, change)
        raise


def make_change(
    folder: RecordFolder,
    author: Callable[[], Author],
    there: Installation,
    change: VersionChange,
    *further: str,
) -> None:
    """Put the version in use and record it, with the row's other fields; raises UpdateRefused."""
    try:
        there.switch(change.after)
    except (InstallationFault, OSError) as error:
        raise UpdateRefused(f"{error}; version {there.current} is in use") from error
    try:
        _say_end(folder, author(), there, change, further)
    except AuditUnavailable as error:
        raise AuditUnavailable(
            f"version {there.current} is in use, and the next `traction update` records "
            f"that: {error.message}"
        ) from error


def settle_changes(folder: RecordFolder, author: Author, there: Installation) -> str:
    """Record what became of a change whose program was killed; returns it, or ""."""
    changes = changes_of(folder)
    if not changes or changes[-1][0].what != BEGUN:
        return ""
    return _say_end(folder, author, there, changes[-1][1])


def _say_end(
    folder: RecordFolder,
    author: Author,
    there: Installation,
    change: VersionChange,
    further: Sequence[str] = (),
) -> str:
    what = change.made if there.current == change.after else change.not_made
    record_read(folder, author, what, fields=(*change.fields, *further))
    return what


def changes_of(folder: RecordFolder) -> list[tuple[Access, VersionChange]]:
    """Yields every row of a change, oldest first, with its content."""
    found = []
    for row in accesses(folder):
        if len(row.fields) >= 2:
            before, after, *why = row.fields
            change = VersionChange(before=before, after=after, why=tuple(why))
            if row.what == BEGUN or row.what in _ends_of(change):
                found.append((row, change))
    return found


def _ends_of(change: VersionChange) -> tuple[str, ...]:
    try:
        return change.made, change.not_made
    except UpdateRefused:  # fields of another kind of row
        return ()


def version_before(folder: RecordFolder, there: Installation) -> str:
    """Returns the version from which the one in use was updated; raises UpdateRefused.

    A row that says that it was begun is enough: it is the last one in a backup made before an
    update.
    """
    for row, change in reversed(changes_of(folder)):
        if row.what in (BEGUN, change.made) and change.after == there.current and change.is_update:
            return change.before
    raise UpdateRefused(
        f"no update to version {there.current} is on record here, so there is no way back; "
        f"complete in {there.root} are: {', '.join(there.versions())}"
    )
