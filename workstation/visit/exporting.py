"""One document of a visit as a file; of a claim it is on record before it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from records.exports.formats import ExportedFile
    from records.store.author import Person
    from records.store.record_folder import RecordFolder
    from records.visit.visit import Visit
    from workstation.output import Target

BUNDLE = "bundle"
FOR_A_RECEIVER = frozenset({"csv", "837p", "hl7-dft"})
"""Formats that differ by their receiver, whose name the file then carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedExport:
    """What is to be written, and where.

    ``again``: a claim that left in this format before; ``force``: over what is there.
    """

    format: str
    receiver: str = "own"
    sampled: bool = False
    again: bool = False
    out: Target | None = None
    force: bool = False

    @property
    def sent_as(self) -> str | None:
        """What the export is known by where a practice's system takes a charge from it."""
        from records.exports.formats import claim_format

        return claim_format(self.format, self.receiver if self.format == "csv" else "own")

    def check_receiver(self, folder: RecordFolder) -> None:
        """Raises ReceiverInvalid for one that nobody knows."""
        from records.exports.formats import chosen_receiver

        chosen_receiver(folder, self.receiver)


class Written(NamedTuple):
    """The file of an export, and what stands there otherwise than it was said."""

    file: Path
    notices: tuple[str, ...]


def write_export(
    folder: RecordFolder,
    visit: Visit,
    asked: AskedExport,
    told: Callable[[Visit], None] = lambda visit: None,
    person: Callable[[RecordFolder], Person] | None = None,
) -> Written:
    """Write it; ``told`` is called once it is made, ``person`` says who does it.

    Raises ExportRefused, ExportIncomplete, AuditUnavailable or JournalUnavailable.
    """
    from records.exports.formats import refuse_other_session
    from records.visit.sent import keep_export, refuse_second
    from workstation.author_now import reader_now
    from workstation.output import refuse_existing, write_file

    if asked.sent_as and not asked.again:
        refuse_second(visit, asked.sent_as)
    made, name = _made(folder, visit, asked)
    told(visit)
    target = asked.out.file(name) if asked.out else Path(name)
    refuse_other_session(visit.note.sessions, target)
    refuse_existing(target, force=asked.force)
    if asked.sent_as:
        reader = (person or reader_now)(folder)
        keep_export(folder, visit, reader, asked.sent_as, target.name, made.content)
    return Written(write_file(target, made.content), made.notices)


def _made(folder: RecordFolder, visit: Visit, asked: AskedExport) -> tuple[ExportedFile, str]:
    from records.exports.formats import Choices, chosen_receiver, document, file_name

    if asked.format == BUNDLE:
        return _bundle(folder, visit)
    receiver = chosen_receiver(folder, asked.receiver)
    made = document(visit, asked.format, Choices(receiver=receiver, sampled=asked.sampled))
    mapped = asked.receiver if asked.format in FOR_A_RECEIVER else "own"
    return made, file_name(visit.session_id, asked.format, mapped)


def _bundle(folder: RecordFolder, visit: Visit) -> tuple[ExportedFile, str]:
    """The evidence of a session, its file's content and name."""
    from records.exports.bundle import bundle_of
    from records.exports.formats import ExportedFile

    made = ExportedFile(content=bundle_of(folder, visit))
    return made, f"{visit.asked_session.session_id}.zip"
