"""One document of a visit as a file; a claim is on record before it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from records.claim.context_file import ImportedClaim
    from records.exports.formats import ExportedFile
    from records.store.author import Person
    from records.store.record_folder import RecordFolder
    from records.visit.visit import Visit
    from workstation.output import Target
    from workstation.settings import Settings

BUNDLE = "bundle"
EVIDENCE_OUT = f"export {BUNDLE}"
FOR_A_RECEIVER = frozenset({"csv", "837p", "hl7-dft"})
"""Formats that differ by their receiver; the file's name contains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedExport:
    """What is to be written, and where.

    ``again``: a claim that left in this format before; ``force``: overwrite a file.
    """

    format: str
    receiver: str = "own"
    sampled: bool = False
    again: bool = False
    out: Target | None = None
    force: bool = False

    @property
    def sent_as(self) -> str | None:
        """Returns format and receiver of an export from which another system takes a charge."""
        from records.exports.formats import claim_format

        return claim_format(self.format, self.receiver if self.format == "csv" else "own")

    def check_receiver(self, folder: RecordFolder) -> None:
        """Raises ReceiverInvalid for an unknown one."""
        from records.exports.messages.receiver_maps import find_receiver

        find_receiver(self.receiver, folder.receivers)


class Written(NamedTuple):
    """The file of an export, and what was changed in it for the receiver."""

    file: Path
    notices: tuple[str, ...]


class MadeExport(NamedTuple):
    """A document of a visit before it leaves: its bytes, the name of its file, what was changed."""

    content: bytes
    name: str
    notices: tuple[str, ...]


def visit_to_export(
    place: tuple[Settings, RecordFolder],
    session: str,
    what: str,
    person: Person,
    claim: tuple[str | None, ImportedClaim | None] = (None, None),
) -> Visit:
    """Returns the session with what the rules say of its claim; the access is kept first.

    ``what`` names it in the audit ("export pdf"), ``claim`` is the payer whose rules are used and
    what the practice's system knows of it. Evidence is handed out as it is, and without a treatment
    there is no claim for rules to judge.
    """
    from records.visit.load import audited_visit

    settings, folder = place
    visit = audited_visit(folder, session, settings, person, what)
    payer, imported = claim
    nothing_to_claim = imported is None and not visit.note.reached_holding
    if what == EVIDENCE_OUT or nothing_to_claim:
        return visit
    from records.exports.ready import scrubbed

    return scrubbed(folder, visit, payer=payer, imported=imported)


def made_export(folder: RecordFolder, visit: Visit, asked: AskedExport) -> MadeExport:
    """Make it; raises ExportRefused where a claim left in this format before, unless ``again``."""
    from records.visit.sent import refuse_second

    if asked.sent_as and not asked.again:
        refuse_second(visit, asked.sent_as)
    made, name = _made(folder, visit, asked)
    return MadeExport(made.content, name, made.notices)


def keep_on_record(
    folder: RecordFolder, visit: Visit, sent_as: str, made: MadeExport, person: Person
) -> None:
    """Put a claim on record before it leaves; raises AuditUnavailable when that is impossible."""
    from records.visit.sent import keep_export

    keep_export(folder, visit, person, sent_as, made.name, made.content)


def write_export(
    folder: RecordFolder,
    visit: Visit,
    asked: AskedExport,
    told: Callable[[Visit], None] = lambda visit: None,
    person: Callable[[RecordFolder], Person] | None = None,
) -> Written:
    """Write it; ``told`` is called once it is made, ``person`` returns who lets a claim leave.

    Raises ExportRefused, ExportIncomplete, AuditUnavailable or JournalUnavailable.
    """
    from records.exports.formats import refuse_other_session
    from workstation.author_now import reader_now
    from workstation.output import refuse_existing, write_file

    made = made_export(folder, visit, asked)
    told(visit)
    target = asked.out.file(made.name) if asked.out else Path(made.name)
    refuse_other_session(visit.note.sessions, target)
    refuse_existing(target, force=asked.force)
    if asked.sent_as:
        named = made._replace(name=target.name)
        keep_on_record(folder, visit, asked.sent_as, named, (person or reader_now)(folder))
    return Written(write_file(target, made.content), made.notices)


def _made(folder: RecordFolder, visit: Visit, asked: AskedExport) -> tuple[ExportedFile, str]:
    from records.exports.formats import Choices, document, file_name
    from records.exports.messages.receiver_maps import find_receiver

    if asked.format == BUNDLE:
        return _bundle(folder, visit)
    receiver = find_receiver(asked.receiver, folder.receivers)
    made = document(visit, asked.format, Choices(receiver=receiver, sampled=asked.sampled))
    mapped = asked.receiver if asked.format in FOR_A_RECEIVER else "own"
    return made, file_name(visit.session_id, asked.format, mapped)


def _bundle(folder: RecordFolder, visit: Visit) -> tuple[ExportedFile, str]:
    """Returns the evidence of a session as a file's content and name."""
    from records.exports.bundle import bundle_of
    from records.exports.formats import ExportedFile

    made = ExportedFile(content=bundle_of(folder, visit))
    return made, f"{visit.asked_session.session_id}.zip"
