"""The change from one version to another: said in the chain before, made by one rename, said after.

A program that is killed in between leaves the first row alone. The next one that looks says which
of the two it became.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.errors import UpdateRefused
from records.clinic.audit import Access, accesses, record_read
from records.store.author import Author
from records.store.record_folder import RecordFolder
from workstation.updating.installation import Installation, InstallationFault

BEGUN: Final = "change of the program begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """From which version to which; ``why`` is what the row says beside it."""

    before: str
    after: str
    why: tuple[str, ...] = ()

    @property
    def made(self) -> str:
        """In words, once it is made."""
        if number_of(self.after) > number_of(self.before):
            return f"updated from {self.before} to {self.after}"
        return f"went back from {self.before} to {self.after}"

    @property
    def not_made(self) -> str:
        """In words, when it was begun and came to nothing."""
        return f"not changed from {self.before} to {self.after}"

    @property
    def fields(self) -> tuple[str, ...]:
        """What a row has."""
        return (self.before, self.after, *self.why)


def number_of(version: str) -> tuple[int, ...]:
    """A version as numbers that compare; raises UpdateRefused."""
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError as error:
        raise UpdateRefused(f"version {version[:40]!r} is no row of numbers like 1.2.3") from error


def change_version(
    folder: RecordFolder, author: Author, there: Installation, change: VersionChange
) -> None:
    """Make it; raises AuditUnavailable with nothing changed, or UpdateRefused."""
    record_read(folder, author, BEGUN, fields=change.fields)
    try:
        there.switch(change.after)
    except (InstallationFault, OSError) as error:
        record_read(folder, author, change.not_made, fields=change.fields)
        raise UpdateRefused(f"{error}; version {there.current} stays in use") from error
    record_read(folder, author, change.made, fields=change.fields)


def settle_changes(folder: RecordFolder, author: Author, there: Installation) -> str:
    """Say in the chain what became of a change whose program was killed; returns it, or ""."""
    changes = changes_of(folder)
    if not changes or changes[-1][0].what != BEGUN:
        return ""
    change = changes[-1][1]
    what = change.made if there.current == change.after else change.not_made
    record_read(folder, author, what, fields=change.fields)
    return what


def changes_of(folder: RecordFolder) -> list[tuple[Access, VersionChange]]:
    """Every row of a change, oldest first, with what it says."""
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
    """The version from which the one in use was updated; raises UpdateRefused."""
    for row, change in reversed(changes_of(folder)):
        if row.what == change.made and change.after == there.current:
            return change.before
    raise UpdateRefused(
        f"no update to version {there.current} is on record here, so there is no way back; whole "
        f"in {there.root} are: {', '.join(there.versions())}"
    )
