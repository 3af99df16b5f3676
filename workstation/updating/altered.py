"""Lets a named person update the program although records are altered, with a reason.

The findings remain and are found again by every later check. The chain of ``clinic.db`` must be
intact nevertheless: it contains who runs the command and which keys sign releases.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from controller.errors import UpdateRefused
from controller.words import check_text
from records.clinic.audit import record_read
from records.keeping.backup_check import BackupFinding
from records.store.author import Author
from records.store.record_folder import RecordFolder

TAKEN_ALONG: Final = "program changed beside altered records"
CHAIN_ALTERED: Final = (
    "Restore a backup of before into a new folder (traction restore) and update there, or install "
    "the release beside with its install.py: docs/how-to/update.md, Altered records"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAlong:
    """The findings, by name, that may remain, and why the program is changed nevertheless."""

    names: tuple[str, ...] = ()
    reason: str = ""


NOTHING_ALTERED: Final = TakenAlong()


def refuse_unexplained(by: str, said: TakenAlong) -> None:
    """Raise UpdateRefused or RequestRefused for names without a person and a reason."""
    if said.names and not (by.strip() and said.reason.strip()):
        raise UpdateRefused(
            "to update with altered records, say who and why: --by NAME --reason WHY"
        )
    check_text("reason", said.reason)


def take_along(
    folder: RecordFolder,
    author: Callable[[], Author],
    said: TakenAlong,
    findings: Collection[BackupFinding],
    tell: Callable[[str], None],
) -> None:
    """Refuse every finding that was not named; enter the others into the chain, with the reason.

    Raises UpdateRefused or AuditUnavailable.
    """
    lines = [f"{one.name}: {one.what}" for one in findings]
    found = {one.name: line for one, line in zip(findings, lines, strict=True)}
    _refuse_names_without_finding(said.names, found)
    if left := sorted(found.keys() - set(said.names)):
        asked = " ".join(f"--accept-altered {name}" for name in sorted(found))
        raise UpdateRefused(
            f"the records are altered ({found[left[0]]}); look into it: traction verify --all. To "
            f"change the program all the same, say who and why: {asked} --by NAME --reason WHY. "
            "The backup is kept; name another place for the next",
            detail="\n".join(lines),
        )
    for line in lines:
        tell(f"altered, and accepted: {line}")
    if lines:
        record_read(folder, author(), TAKEN_ALONG, fields=(said.reason, *lines))


def _refuse_names_without_finding(names: Collection[str], found: Collection[str]) -> None:
    for name in names:
        if name not in found:
            raise UpdateRefused(
                f"nothing altered was found under the name {name!r}; leave it out of "
                "--accept-altered"
            )
