"""What a named person accepted for the claim: a modifier or a diagnosis, with the evidence shown.

The program only offers; without an entry of this kind nothing is added to the claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controller.errors import RequestRefused
from controller.events import JsonValue
from records.evidence.unreadable import refused_in_words
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswer:
    """A person's answer to an offer: accepts it, or takes an acceptance back.

    ``what`` is the kind (modifier, diagnosis), ``value`` the offered one. ``evidence`` is what the
    person has seen.
    """

    session_id: str
    what: str
    value: str
    accepted: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance(OfferAnswer):
    """An answer on file: who gave it and when."""

    by: str
    at_utc_ms: int


def record_acceptance(
    folder: RecordFolder, answer: OfferAnswer, author: Author, *, patient_key: str
) -> None:
    """Keep ``author``'s answer to an offer."""
    for name, text in (("what", answer.what), ("value", answer.value), ("by", author.by)):
        if not text.strip():
            raise RequestRefused(f"{name} is empty; an acceptance names it")
    detail: dict[str, JsonValue] = {
        "session_id": answer.session_id,
        "patient_key": patient_key,
        "what": answer.what.strip(),
        "value": answer.value.strip(),
        "accepted": answer.accepted,
        "by": author.by.strip(),
        "user": author.user,
        "evidence": list(answer.evidence),
    }
    with clinic_writing(folder) as db:
        append_entries(db, author, [(EntryKind.PROPOSAL_ACCEPTED, detail)])


def acceptances_of(entries: Iterable[Entry]) -> list[Acceptance]:
    """Returns the accepted offers of a session's entries: the newest answer to each counts.

    Raises JournalCorrupt for an incomplete entry.
    """
    newest: dict[tuple[str, str], Acceptance] = {}
    for entry in entries:
        if entry.kind is EntryKind.PROPOSAL_ACCEPTED:
            said = _filed(entry)
            newest[said.what, said.value] = said
    return [acceptance for acceptance in newest.values() if acceptance.accepted]


def _filed(entry: Entry) -> Acceptance:
    detail = entry.detail
    with refused_in_words(f"entry {entry.sequence} of clinic.db, an acceptance,"):
        return Acceptance(
            session_id=detail["session_id"],
            what=detail["what"],
            value=detail["value"],
            accepted=detail["accepted"],
            by=detail["by"],
            at_utc_ms=entry.utc_ms,
            evidence=tuple(detail["evidence"]),
        )
