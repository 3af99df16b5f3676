"""How long a session is kept, what holds it longer, and its removal by rule.

A session is due when it is sealed, its retention time is over and nothing holds it. Legal holds and
removals are entries of clinic.db's chain: a hold names a session or a patient's key, and stands
until it is lifted. Removed are the session's events and samples, its order and its unsigned words.
Signed notes and audit rows are entries of the chain and stay with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from controller.errors import RequestRefused
from controller.words import check_text
from records.author import Author
from records.chain import Subject
from records.clinic_chain import Entry, EntryKind, append_entries, entries_of_kind
from records.clinic_file import clinic_database, clinic_reading, clinic_writing
from records.database import Database, failures_in_words, open_for_writing, rows
from records.reader import find_session, reading
from records.removal import removal_of, remove_content
from records.stored_session import SessionHead, session_rows_of
from records.unit_file import UNIT_SCHEMA, UnitLock, holding, unit_database, unit_databases


class Keeping(StrEnum):
    """Where a session stands."""

    OPEN = "open"
    KEPT = "kept"
    HELD = "held"
    DUE = "due"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """One session. ``until`` is the first day on which it may go; None: never."""

    head: SessionHead
    state: Keeping
    until: date | None
    hold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold that stands. ``what`` is a session's id or a patient's key."""

    what: str
    is_patient: bool
    reason: str
    by: str
    at_utc_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Whole years after the session's day; 0 years: nothing is ever removed."""

    years: int
    today: date
    day_of: Callable[[int], date]

    def until(self, head: SessionHead) -> date | None:
        """The first day on which the session may go."""
        if not self.years:
            return None
        began = self.day_of(head.started_utc_ms)
        try:
            return began.replace(year=began.year + self.years)
        except ValueError:  # the 29th of February
            return date(began.year + self.years, 3, 1)

    @property
    def text(self) -> str:
        """The rule as the audit names it."""
        return f"retention of {self.years} years"


def show_retention(data_dir: Path, rule: Rule) -> list[Retained]:
    """Every session and where it stands, oldest first."""
    standing = holds(data_dir)
    patients = _patient_keys(data_dir)
    found = []
    for path in unit_databases(data_dir):
        with reading(path) as db:
            found += [_retained(db, head, rule, standing, patients) for head in session_rows_of(db)]
    return sorted(found, key=lambda one: (one.head.started_utc_ms, one.head.session_id))


def apply_retention(data_dir: Path, rule: Rule, author: Author) -> list[str]:
    """Remove the content of every session that is due; answers their ids.

    The audit row is kept first, and holds are asked again in the same transaction. A program that
    ends in between leaves the session due, and the next application goes on. Raises UnitBusy while
    a session on the unit is open.
    """
    due = [one.head for one in show_retention(data_dir, rule) if one.state is Keeping.DUE]
    return [head.session_id for head in due if _remove(data_dir, head, rule, author)]


def holds(data_dir: Path) -> list[Hold]:
    """The holds that stand, oldest first."""
    if not clinic_database(data_dir).exists():
        return []
    with clinic_reading(data_dir) as db:
        return _standing(db)


def set_hold(
    data_dir: Path, author: Author, reason: str, *, session_id: str = "", patient: str = ""
) -> Hold:
    """Hold one session, or everything of a patient, until it is lifted."""
    if not reason.strip():
        raise RequestRefused("a legal hold needs its reason; say it with --reason")
    check_text("reason", reason.strip())
    what, is_patient = _held_thing(data_dir, session_id, patient)
    detail = {"reason": reason.strip(), "by": author.by, "user": author.user}
    with clinic_writing(data_dir) as db:
        append_entries(db, author, [(EntryKind.LEGAL_HOLD_SET, detail | _named(what, is_patient))])
    return Hold(
        what=what, is_patient=is_patient, reason=reason.strip(), by=author.by,
        at_utc_ms=author.at_utc_ms,
    )  # fmt: skip


def lift_hold(
    data_dir: Path, author: Author, reason: str, *, session_id: str = "", patient: str = ""
) -> None:
    """Lift the holds on one session, or on a patient; raises RequestRefused when there is none."""
    if not reason.strip():
        raise RequestRefused("lifting a legal hold needs its reason; say it with --reason")
    check_text("reason", reason.strip())
    what, is_patient = _held_thing(data_dir, session_id, patient)
    detail = {"reason": reason.strip(), "by": author.by, "user": author.user}
    with clinic_writing(data_dir) as db:
        if not any((hold.what, hold.is_patient) == (what, is_patient) for hold in _standing(db)):
            raise RequestRefused(
                f"there is no hold on {what}; `traction hold` lists those that are"
            )
        append_entries(
            db, author, [(EntryKind.LEGAL_HOLD_LIFTED, detail | _named(what, is_patient))]
        )


def _retained(
    db: Database, head: SessionHead, rule: Rule, standing: list[Hold], patients: dict[str, str]
) -> Retained:
    until = rule.until(head)
    held = _held(head, standing, patients.get(head.session_id, ""))
    sealed = rows(db, "SELECT 1 FROM seal WHERE session = ?", (head.number,))
    if removal_of(db, head.number) is not None:
        state = Keeping.REMOVED
    elif not sealed:
        state = Keeping.OPEN
    elif held is not None:
        state = Keeping.HELD
    elif until is None or rule.today < until:
        state = Keeping.KEPT
    else:
        state = Keeping.DUE
    return Retained(
        head=head, state=state, until=until, hold=f"{held.reason} ({held.by})" if held else ""
    )


def _held(head: SessionHead, standing: list[Hold], patient_key: str) -> Hold | None:
    for hold in standing:
        if hold.what == (patient_key if hold.is_patient else head.session_id):
            return hold
    return None


def _remove(data_dir: Path, head: SessionHead, rule: Rule, author: Author) -> bool:
    path = unit_database(data_dir, head.unit_id)
    with holding(UnitLock(path)):
        if not _remove_words(data_dir, head, rule, author):
            return False
        with failures_in_words(path, "opened for a removal"):
            db = open_for_writing(path, UNIT_SCHEMA)
            try:
                ((seal,),) = rows(db, "SELECT digest FROM seal WHERE session = ?", (head.number,))
                subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
                remove_content(
                    db, subject, seal, author.key, utc_ms=author.at_utc_ms, by=author.by,
                    rule=rule.text,
                )  # fmt: skip
            finally:
                db.close()
    return True


def _remove_words(data_dir: Path, head: SessionHead, rule: Rule, author: Author) -> bool:
    """The audit row, and what clinic.db holds of the session outside of its chain.

    False when a hold came in between.
    """
    with clinic_writing(data_dir) as db:
        ordered = rows(
            db, "SELECT patient_key FROM session_order WHERE session_id = ?", (head.session_id,)
        )
        patient_key = ordered[0][0] if ordered else ""
        if _held(head, _standing(db), patient_key) is not None:
            return False
        detail = {
            "what": f"removed by {rule.text}", "by": author.by, "user": author.user,
            "session_id": head.session_id, "patient_key": patient_key,
        }  # fmt: skip
        append_entries(db, author, [(EntryKind.SESSION_REMOVED, detail)])
        db.execute("PRAGMA secure_delete = ON")
        for table in ("session_order", "draft_word"):
            db.execute(f"DELETE FROM {table} WHERE session_id = ?", (head.session_id,))
        db.execute(
            "DELETE FROM patient WHERE key = ? AND key NOT IN "
            "(SELECT patient_key FROM session_order)",
            (patient_key,),
        )
    return True


def _standing(db: Database) -> list[Hold]:
    """The holds that were set and not lifted since."""
    standing: dict[tuple[str, bool], Hold] = {}
    kinds = (EntryKind.LEGAL_HOLD_SET, EntryKind.LEGAL_HOLD_LIFTED)
    for entry in sorted(entries_of_kind(db, *kinds), key=lambda entry: entry.sequence):
        hold = _hold(entry)
        if entry.kind is EntryKind.LEGAL_HOLD_SET:
            standing[hold.what, hold.is_patient] = hold
        else:
            standing.pop((hold.what, hold.is_patient), None)
    return list(standing.values())


def _hold(entry: Entry) -> Hold:
    session_id, patient_key = str(entry.detail["session_id"]), str(entry.detail["patient_key"])
    return Hold(
        what=session_id or patient_key,
        is_patient=not session_id,
        reason=str(entry.detail["reason"]),
        by=str(entry.detail["by"]),
        at_utc_ms=entry.utc_ms,
    )


def _named(what: str, is_patient: bool) -> dict[str, str]:
    return {"session_id": "" if is_patient else what, "patient_key": what if is_patient else ""}


def _held_thing(data_dir: Path, session_id: str, patient: str) -> tuple[str, bool]:
    """A session's id or a patient's key; raises RequestRefused or RecordNotFound."""
    if bool(session_id) == bool(patient):
        raise RequestRefused("say which session, or whose sessions with --patient; one of the two")
    if session_id:
        return find_session(data_dir, session_id).session_id, False
    with clinic_reading(data_dir) as db:
        found = rows(db, "SELECT key FROM patient WHERE reference = ?", (patient,))
    if not found:
        raise RequestRefused(f"patient {patient!r} is not on file; write the reference exactly")
    return str(found[0][0]), True


def _patient_keys(data_dir: Path) -> dict[str, str]:
    if not clinic_database(data_dir).exists():
        return {}
    with clinic_reading(data_dir) as db:
        return dict(rows(db, "SELECT session_id, patient_key FROM session_order"))


def lines(sessions: list[Retained]) -> Iterator[str]:
    """What a person reads."""
    for one in sessions:
        until = "never removed" if one.until is None else f"until {one.until.isoformat()}"
        hold = f"  hold: {one.hold}" if one.hold else ""
        yield f"{one.head.session_id}  unit {one.head.unit_id}  {one.state:<7}  {until}{hold}"
