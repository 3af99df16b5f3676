"""Legal holds: entries of clinic.db's chain that prevent the removal of sessions.

A hold names a session, or a patient's key together with the sessions of that key in the evidence at
the moment; later ones are held by the key. The evidence (the opening event) tells whose a session
is, not clinic.db's orders, which no chain covers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from controller.errors import JournalUnavailable, RequestRefused
from controller.event_details.codec import decode_fields
from controller.event_details.opening import OpeningAsFound
from controller.events import JsonValue
from controller.words import check_text
from records.evidence.reader import find_session
from records.evidence.unit_reading import reading
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, append_entries, entries_of_kind
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold in force. ``what`` is a session's id or a patient's key.

    ``sessions`` are those of the patient that were on file when the hold was set.
    """

    what: str
    is_patient: bool
    reason: str
    by: str
    at_utc_ms: int
    sessions: tuple[str, ...] = ()

    def covers(self, session_id: str, patient_keys: Sequence[str]) -> bool:
        """Returns True for a session that it covers.

        ``patient_keys`` are its patient's keys by all sources.
        """
        if session_id == self.what or session_id in self.sessions:
            return True
        return self.is_patient and self.what in patient_keys


def holds(folder: RecordFolder) -> list[Hold]:
    """Returns the holds in force, oldest first.

    Raises JournalUnavailable when sessions are on file but clinic.db is not: the holds are not
    known then.
    """
    if not folder.clinic_database.exists():
        if folder.every_database():
            raise JournalUnavailable(
                f"{folder.clinic_database} is missing, and with it every legal hold; put it "
                "back from a backup"
            )
        return []
    with clinic_reading(folder) as db:
        return standing_holds(db)


def set_hold(
    folder: RecordFolder, author: Author, reason: str, *, session_id: str = "", patient: str = ""
) -> Hold:
    """Hold one session, or everything of a patient, until it is lifted."""
    if not reason.strip():
        raise RequestRefused("a legal hold needs its reason; say it with --reason")
    check_text("reason", reason.strip())
    what, is_patient = _held_thing(folder, session_id, patient)
    named = _sessions_of(folder, what) if is_patient else []
    sessions: list[JsonValue] = list(named)
    detail: dict[str, JsonValue] = {
        "reason": reason.strip(),
        "by": author.by,
        "user": author.user,
        "sessions": sessions,
    }
    with clinic_writing(folder) as db:
        append_entries(db, author, [(EntryKind.LEGAL_HOLD_SET, detail | _named(what, is_patient))])
    return Hold(
        what=what,
        is_patient=is_patient,
        reason=reason.strip(),
        by=author.by,
        at_utc_ms=author.at_utc_ms,
        sessions=tuple(named),
    )


def lift_hold(
    folder: RecordFolder, author: Author, reason: str, *, session_id: str = "", patient: str = ""
) -> None:
    """Lift the holds on one session, or on a patient; raises RequestRefused when there is none."""
    if not reason.strip():
        raise RequestRefused("lifting a legal hold needs its reason; say it with --reason")
    check_text("reason", reason.strip())
    what, is_patient = _held_thing(folder, session_id, patient)
    detail: dict[str, JsonValue] = {
        "reason": reason.strip(),
        "by": author.by,
        "user": author.user,
    }
    with clinic_writing(folder) as db:
        standing = standing_holds(db)
        if not any((hold.what, hold.is_patient) == (what, is_patient) for hold in standing):
            raise RequestRefused(
                f"there is no hold on {what}; `traction hold` lists those that are"
            )
        append_entries(
            db, author, [(EntryKind.LEGAL_HOLD_LIFTED, detail | _named(what, is_patient))]
        )


def standing_holds(db: Database) -> list[Hold]:
    """Returns the holds that were set and not lifted since."""
    standing: dict[tuple[str, bool], Hold] = {}
    kinds = (EntryKind.LEGAL_HOLD_SET, EntryKind.LEGAL_HOLD_LIFTED)
    for entry in sorted(entries_of_kind(db, *kinds), key=lambda entry: entry.sequence):
        hold = _hold(entry)
        if entry.kind is EntryKind.LEGAL_HOLD_SET:
            standing[hold.what, hold.is_patient] = hold
        else:
            standing.pop((hold.what, hold.is_patient), None)
    return list(standing.values())


def patient_key_of(db: Database, session: int) -> str:
    """Returns the patient's key in a session's opening event in the file ``db``; "" if removed."""
    found = rows(db, "SELECT detail FROM event WHERE session = ? AND sequence = 0", (session,))
    try:
        key = decode_fields(OpeningAsFound, json.loads(found[0][0])).patient_key if found else None
    except ValueError:
        return ""
    return "" if key is None else str(key)


def _hold(entry: Entry) -> Hold:
    session_id, patient_key = str(entry.detail["session_id"]), str(entry.detail["patient_key"])
    return Hold(
        what=session_id or patient_key,
        is_patient=not session_id,
        reason=str(entry.detail["reason"]),
        by=str(entry.detail["by"]),
        at_utc_ms=entry.utc_ms,
        sessions=tuple(map(str, entry.detail.get("sessions", ()))),
    )


def _named(what: str, is_patient: bool) -> dict[str, JsonValue]:
    return {"session_id": "" if is_patient else what, "patient_key": what if is_patient else ""}


def _held_thing(folder: RecordFolder, session_id: str, patient: str) -> tuple[str, bool]:
    """Returns a session's id or a patient's key; raises RequestRefused or RecordNotFound."""
    if bool(session_id) == bool(patient):
        raise RequestRefused("say which session, or whose sessions with --patient; one of the two")
    if session_id:
        return find_session(folder, session_id).session_id, False
    with clinic_reading(folder) as db:
        found = rows(db, "SELECT key FROM patient WHERE reference = ?", (patient,))
    if not found:
        raise RequestRefused(f"patient {patient!r} is not on file; write the reference exactly")
    return str(found[0][0]), True


def _sessions_of(folder: RecordFolder, patient_key: str) -> list[str]:
    """Returns ids of the sessions that were opened for a patient, by the evidence."""
    found = []
    for path in folder.every_database():
        with reading(path) as db:
            for number, session_id in rows(db, "SELECT number, session_id FROM session"):
                if patient_key_of(db, number) == patient_key:
                    found.append(session_id)
    return sorted(found)
