"""The register of sessions in clinic.db's chain: opened when the order is filed, sealed afterwards.

Each of the two files confirms the other: a missing order, session or whole unit's file is noticed
by the remaining one. "Sealed" is written by the next writer of clinic.db, from a seal that it has
checked; until then a session is "sealed, not yet noted", which is not an alteration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.errors import JournalError
from controller.events import JsonValue
from records.clinic.clinic_evidence import Evidence
from records.evidence.unit_reading import reading
from records.store.author import Author
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_reading, clinic_writing, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.strict_json import object_or_empty

_NOTED = "SELECT session_id FROM entry WHERE kind = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFinding:
    """A mismatch of orders and sessions between clinic.db and the units' files."""

    where: str
    what: str
    unread: bool = False
    """Set where it may be in order: a unit's file could not be read."""


@dataclass(frozen=True, slots=True)
class Register:
    """What clinic.db's chain says of sessions. ``begun`` is False before the register existed."""

    begun: bool
    opened: dict[str, str]
    """Patient key of each session whose order was filed."""
    sealed: dict[str, str]
    """Seal in hex of each session that was noted as sealed."""
    found: frozenset[str]
    """Sessions whose orders were on file when the register began."""
    removed: frozenset[str]
    """Sessions whose content, including the order, a retention rule removed."""


def append_opened(
    db: Database, author: Author, *, session_id: str, unit_id: str, patient_key: str, digest: str
) -> None:
    """Note an order in the transaction that files it; the caller holds ``clinic_writing``."""
    entries: list[tuple[EntryKind, dict[str, JsonValue]]] = []
    if not _is_begun(db):
        earlier = rows(
            db, "SELECT session_id FROM session_order WHERE session_id <> ?", (session_id,)
        )
        found: list[JsonValue] = [*sorted(str(one) for (one,) in earlier)]
        entries.append((EntryKind.REGISTER_BEGUN, {"orders": found}))
    detail: dict[str, JsonValue] = {
        "session_id": session_id,
        "patient_key": patient_key,
        "unit_id": unit_id,
        "order_digest": digest,
        "by": author.by,
        "user": author.user,
    }
    append_entries(db, author, [*entries, (EntryKind.SESSION_OPENED, detail)])


def note_seals(folder: RecordFolder, author: Author) -> list[str]:
    """Note every seal that is on file, valid and not noted yet; returns the sessions' ids.

    Raises JournalUnavailable when clinic.db cannot be written.
    """
    if not folder.clinic_database.exists():
        return []
    details = list(_not_noted(folder))
    if details:
        with clinic_writing(folder) as db:
            known = {one for (one,) in rows(db, _NOTED, (int(EntryKind.SESSION_SEALED),))}
            fresh = [d for d in details if d["session_id"] not in known]
            if fresh:
                append_entries(db, author, [(EntryKind.SESSION_SEALED, d) for d in fresh])
    return [str(detail["session_id"]) for detail in details]


def read_register(db: Database) -> Register:
    """Returns the register of clinic.db; unreadable entries are left to the chain's check."""
    if not has_chain(db):
        return Register(False, {}, {}, frozenset(), frozenset())
    opened, sealed = dict[str, str](), dict[str, str]()
    found, removed = frozenset[str](), set[str]()
    for kind, detail in rows(
        db,
        "SELECT kind, detail FROM entry WHERE kind IN (?, ?, ?, ?) ORDER BY sequence",
        (
            EntryKind.REGISTER_BEGUN,
            EntryKind.SESSION_OPENED,
            EntryKind.SESSION_SEALED,
            EntryKind.SESSION_REMOVED,
        ),
    ):
        said = object_or_empty(detail)
        name = str(said.get("session_id", ""))
        if kind == EntryKind.SESSION_OPENED:
            opened[name] = str(said.get("patient_key", ""))
        elif kind == EntryKind.SESSION_SEALED:
            sealed[name] = str(said.get("seal", ""))
        elif kind == EntryKind.SESSION_REMOVED:
            removed.add(name)
        else:
            orders = said.get("orders")
            found = frozenset(map(str, orders)) if isinstance(orders, list) else found
    return Register(_is_begun(db), opened, sealed, found, frozenset(removed))


def compare_register(
    register: Register, orders: set[str], evidence: Evidence
) -> Iterator[RegisterFinding]:
    """Yields orders and sessions that one of the two files has lost or that neither ever had."""
    if not register.begun:
        return
    for name in sorted(register.opened.keys() | register.found):
        if name not in orders and name not in register.removed:
            yield RegisterFinding(
                where=f"the order of session {name}", what="it was filed and is gone"
            )
    for name in sorted(orders - register.opened.keys() - register.found):
        yield RegisterFinding(
            where=f"the order of session {name}", what="nobody filed it: the register has no entry"
        )
    for name, seal in sorted(register.sealed.items()):
        said = evidence.of(name)
        if evidence.misses(name):
            yield RegisterFinding(
                where=f"session {name}",
                what=f"it was sealed ({seal[:16]}...) and {evidence.why_missing}",
                unread=not evidence.whole,
            )
        elif said and said.seal != seal:
            yield RegisterFinding(
                where=f"session {name}", what="its seal is not the one that was noted"
            )


def sealed_not_noted(register: Register, evidence: Evidence) -> list[str]:
    """Returns sealed sessions that the next writer of clinic.db will note."""
    return sorted(
        name
        for name, said in evidence.sessions.items()
        if said.seal and name not in register.sealed
    )


def opened_without_session(register: Register, evidence: Evidence) -> list[str]:
    """Returns orders filed for a session that is not on file: never opened, or removed."""
    return sorted(
        name for name in register.opened if name not in register.sealed and evidence.misses(name)
    )


def _not_noted(folder: RecordFolder) -> Iterator[dict[str, JsonValue]]:
    with clinic_reading(folder) as db:
        known: set[str] = set()
        if has_chain(db):
            known = {str(one) for (one,) in rows(db, _NOTED, (int(EntryKind.SESSION_SEALED),))}
    for path in folder.every_database():
        with reading(path) as db:
            sealed = rows(
                db,
                "SELECT session_id, unit_id, number, digest FROM session "
                "JOIN seal ON seal.session = number ORDER BY number",
            )
        for name, unit_id, number, digest in sealed:
            if name not in known and _fits(folder, name):
                yield {
                    "session_id": name,
                    "unit_id": unit_id,
                    "number": number,
                    "seal": digest.hex(),
                }


def _fits(folder: RecordFolder, session_id: str) -> bool:
    # A check of the register needs no complete session, and not its readers.
    from records.evidence.believed import read_checked

    try:
        return not read_checked(folder, session_id).alterations
    except JournalError:
        return False


def _is_begun(db: Database) -> bool:
    return has_chain(db) and bool(
        rows(db, "SELECT 1 FROM entry WHERE kind = ? LIMIT 1", (int(EntryKind.REGISTER_BEGUN),))
    )
