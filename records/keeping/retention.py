"""How long a session is kept, and its removal by rule.

A session is due when it is sealed, its retention time is over and no hold covers it
(records/keeping/legal_hold.py). Removed are the session's events and samples, its order and its
unsigned entries. Signed notes and audit rows are entries of the chain and stay with it. What cannot
be undone is not done in doubt: about the record, about the holds, or about today's date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable, RequestRefused
from records.clinic.clinic_verify import is_of_clinic, verify_clinic
from records.clinic.visit_sessions import Visits, visits_in, visits_of
from records.evidence.clock_steps import newest_utc_ms
from records.evidence.integrity import verify
from records.evidence.reader import locate_session
from records.evidence.removal import removal_of, remove_content
from records.evidence.stored_session import SessionHead, seal_row, session_rows_of
from records.evidence.unit_reading import reading
from records.evidence.year_files import close_reopened, opened_for_change
from records.keeping.legal_hold import Hold, holds, patient_key_of, standing_holds
from records.keys.key_checkpoint import is_of_keys
from records.note.typed import drop_typed
from records.store.author import Author
from records.store.chain import Subject
from records.store.checkpoint import Checkpoint
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import CLINIC_SCHEMA, clinic_reading, clinic_writing
from records.store.database import Database, clear_log, failures_in_words, open_for_writing, rows
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding

FAR_DAYS = 7
"""How far the clock may be ahead of the newest session: a clinic treats every week. A clock that is
ahead would remove what is not due, and nothing else would ever show it.
"""
LARGEST_SHARE = 10
"""One in so many sessions may be removed without a second confirmation: a rule that has been
applied before finds few at a time, a wrong rule or a wrong clock finds many.
"""
FEW_SESSIONS = 5
"""So many may be removed without one even if that is a larger share."""


class Keeping(StrEnum):
    """The retention state of a session."""

    OPEN = "open"
    KEPT = "kept"
    HELD = "held"
    DUE = "due"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """One session. ``until`` is the first day on which it may be removed; None: never."""

    head: SessionHead
    state: Keeping
    until: date | None
    hold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Whole years after the session's day; 0 years: nothing is ever removed."""

    years: int
    today: date
    day_of: Callable[[int], date]

    def until(self, head: SessionHead) -> date | None:
        """Returns the first day on which the session may be removed."""
        if not self.years:
            return None
        began = self.day_of(head.started_utc_ms)
        try:
            return began.replace(year=began.year + self.years)
        except ValueError:  # the 29th of February
            return date(began.year + self.years, 3, 1)

    @property
    def text(self) -> str:
        """Returns the rule as named in the audit."""
        return f"retention of {self.years} years"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalConfirmation:
    """A person's confirmation beyond "yes": today's date, and how many sessions are removed."""

    today: date | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The result of a removal.

    ``still_read`` are files whose log another program keeps from being emptied, so that it may
    still contain removed content.
    """

    removed: tuple[str, ...]
    still_read: tuple[Path, ...]


def show_retention(folder: RecordFolder, rule: RetentionRule) -> list[Retained]:
    """Returns every session and its retention state, oldest first.

    Raises JournalUnavailable or JournalCorrupt.

    Without clinic.db holds are not known, so everything that would be due counts as held.
    """
    try:
        standing, unknown = holds(folder), ""
    except JournalUnavailable as error:
        standing, unknown = [], error.message
    ordered = {} if unknown else _ordered_keys(folder)
    visits = Visits(()) if unknown else visits_of(folder)
    found = []
    for path in folder.every_database():
        with reading(path) as db:
            found += [
                _retained(db, head, rule, standing, _Whose(ordered, visits))
                for head in session_rows_of(db)
            ]
    if unknown:
        found = [
            replace(one, state=Keeping.HELD, hold=unknown) if one.state is Keeping.DUE else one
            for one in found
        ]
    return sorted(found, key=lambda one: (one.head.started_utc_ms, one.head.session_id))


def apply_retention(
    folder: RecordFolder,
    rule: RetentionRule,
    author: Author,
    *,
    said: RemovalConfirmation | None = None,
    checkpoints: Sequence[Checkpoint] = (),
) -> Applied:
    """Remove the content of every session that is due.

    Refused are a clock in doubt and more than a share of all sessions, unless ``said`` confirms
    them (RequestRefused); an altered record or clinic.db (JournalCorrupt) or a missing one
    (JournalUnavailable), ``checkpoints`` from outside included. The audit row is kept first, and
    holds are read again in the same transaction. A program that ends in between leaves the session
    due, and the next application continues. Raises UnitBusy while a session on the unit is open.
    """
    close_reopened(folder, author)
    shown = show_retention(folder, rule)
    if any(one.state in (Keeping.DUE, Keeping.HELD) for one in shown):
        holds(folder)
    due = [one.head for one in shown if one.state is Keeping.DUE]
    if due:
        said = said or RemovalConfirmation()
        _check_clock(folder, rule, said)
        _check_share(len(due), sum(one.state is not Keeping.REMOVED for one in shown), said)
        _check_unaltered(folder, due, checkpoints)
    removed = [head.session_id for head in due if _remove(folder, head, rule, author)]
    return Applied(removed=tuple(removed), still_read=tuple(_files_still_read(folder)))


def needs_count(due: int, with_content: int) -> bool:
    """Returns True when so many may be removed only after a second confirmation."""
    return due > FEW_SESSIONS and due * LARGEST_SHARE > with_content


def days_off(folder: RecordFolder, rule: RetentionRule) -> int:
    """Returns days from the newest session on file to today by the clock; negative: behind."""
    newest = newest_utc_ms(folder)
    return 0 if newest is None else (rule.today - rule.day_of(newest)).days


def _check_clock(folder: RecordFolder, rule: RetentionRule, said: RemovalConfirmation) -> None:
    off = days_off(folder, rule)
    if off < 0:
        raise RequestRefused(
            f"the clock says {rule.today.isoformat()}, {-off} days before the newest session; "
            "nothing is removed by a clock that is wrong. Set it, then apply again"
        )
    if off > FAR_DAYS and said.today != rule.today:
        raise RequestRefused(
            f"the clock says {rule.today.isoformat()}, {off} days after the newest session; above "
            f"{FAR_DAYS} days it may be wrong, and a clock that is ahead removes what must be "
            "kept. If it is right, say today's date with --today YYYY-MM-DD"
        )


def _check_share(due: int, with_content: int, said: RemovalConfirmation) -> None:
    if needs_count(due, with_content) and said.count != due:
        raise RequestRefused(
            f"{due} of {with_content} sessions are due; more than one in {LARGEST_SHARE} goes "
            f"only when the number is confirmed. If it is right, say it with --count {due}"
        )


def _check_unaltered(
    folder: RecordFolder, due: Sequence[SessionHead], checkpoints: Sequence[Checkpoint]
) -> None:
    """Check that nothing is altered: holds could be missing, and traces would be removed."""
    of_sessions = [p for p in checkpoints if not is_of_clinic(p) and not is_of_keys(p)]
    of_clinic = [point for point in checkpoints if is_of_clinic(point)]
    for clinic in verify_clinic(folder, checkpoints=of_clinic).alterations:
        raise JournalCorrupt(
            f"clinic.db was altered ({clinic.where}: {clinic.what}), so no hold in it can be "
            "relied on; nothing is removed. Run `traction verify --all`"
        )
    ids = {head.session_id for head in due}
    for found in verify(folder, checkpoints=of_sessions).alterations:
        if not found.session_id:
            raise JournalCorrupt(
                f"the record was altered ({found.where}: {found.what}); nothing is removed. Run "
                "`traction verify --all`"
            )
        if found.session_id in ids:
            raise JournalCorrupt(
                f"session {found.session_id} is due, but it was altered ({found.where}: "
                f"{found.what}); nothing is removed. Find out why, and hold it with `traction "
                "hold` to let the others go"
            )


@dataclass(frozen=True, slots=True)
class _Whose:
    """What clinic.db says of sessions: the patient's key of each, and which are one visit."""

    ordered: dict[str, str]
    visits: Visits


def _retained(
    db: Database,
    head: SessionHead,
    rule: RetentionRule,
    standing: list[Hold],
    whose: _Whose,
) -> Retained:
    until = rule.until(head)
    keys = (patient_key_of(db, head.number), whose.ordered.get(head.session_id, ""))
    held = _held(whose.visits.sessions_with(head.session_id), standing, keys)
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


def _held(
    sessions: Sequence[str], standing: list[Hold], patient_keys: Sequence[str]
) -> Hold | None:
    """Returns the hold on one of the sessions of a visit: its note needs all of them."""
    for hold in standing:
        if any(hold.covers(name, [key for key in patient_keys if key]) for name in sessions):
            return hold
    return None


def _remove(folder: RecordFolder, head: SessionHead, rule: RetentionRule, author: Author) -> bool:
    path, _ = locate_session(folder, head.session_id)
    lock = UnitLock(folder.unit_database(head.unit_id))
    with (
        holding(lock),
        failures_in_words(path, "opened for a removal"),
        opened_for_change(folder, path, author),
    ):
        db = open_for_writing(path, UNIT_SCHEMA)
        try:
            if not _remove_words(folder, db, head, rule, author):
                return False
            ((seal,),) = rows(db, "SELECT digest FROM seal WHERE session = ?", (head.number,))
            subject = Subject(name=head.session_id, place=head.unit_id, number=head.number)
            remove_content(db, subject, seal, author, rule=rule.text)
        finally:
            db.close()
    return True


def _remove_words(
    folder: RecordFolder, unit: Database, head: SessionHead, rule: RetentionRule, author: Author
) -> bool:
    """Write the audit row, and remove clinic.db's entries of the session outside its chain.

    The row has what nothing else covers once the content is removed: day, place and counts. False
    when a hold was set in between.
    """
    evidence_key = patient_key_of(unit, head.number)
    seal = seal_row(unit, head.number)
    assert seal is not None, "only sealed sessions are due"
    with clinic_writing(folder) as db:
        ordered = rows(
            db, "SELECT patient_key FROM session_order WHERE session_id = ?", (head.session_id,)
        )
        patient_key = ordered[0][0] if ordered else evidence_key
        sessions = visits_in(db).sessions_with(head.session_id)
        if _held(sessions, standing_holds(db), (evidence_key, patient_key)) is not None:
            return False
        detail = {
            "what": f"removed by {rule.text}",
            "by": author.by,
            "user": author.user,
            "session_id": head.session_id,
            "patient_key": patient_key,
            "unit_id": head.unit_id,
            "number": head.number,
            "started_utc_ms": head.started_utc_ms,
            "utc_offset_min": head.utc_offset_min,
            "events": seal.event_count,
            "samples": seal.sample_count,
            "seal": seal.digest.hex(),
        }
        append_entries(db, author, [(EntryKind.SESSION_REMOVED, detail)])
        for table in ("session_order", "draft_word"):
            db.execute(f"DELETE FROM {table} WHERE session_id = ?", (head.session_id,))
        drop_typed(db, head.session_id)
        db.execute(
            "DELETE FROM patient WHERE key = ? AND key NOT IN "
            "(SELECT patient_key FROM session_order)",
            (patient_key,),
        )
    return True


def _files_still_read(folder: RecordFolder) -> Iterator[Path]:
    """Empty the logs, which contain earlier states; yields those that another program keeps."""
    files = [(path, UNIT_SCHEMA) for path in folder.unit_databases()]
    if folder.clinic_database.exists():
        files.append((folder.clinic_database, CLINIC_SCHEMA))
    for path, schema in files:
        if not clear_log(path, schema):
            yield path


def _ordered_keys(folder: RecordFolder) -> dict[str, str]:
    if not folder.clinic_database.exists():
        return {}
    with clinic_reading(folder) as db:
        return dict(rows(db, "SELECT session_id, patient_key FROM session_order"))


def lines(sessions: list[Retained]) -> Iterator[str]:
    """Yields the lines for people."""
    for one in sessions:
        until = "never removed" if one.until is None else f"until {one.until.isoformat()}"
        hold = f"  hold: {one.hold}" if one.hold else ""
        yield f"{one.head.session_id}  unit {one.head.unit_id}  {one.state:<7}  {until}{hold}"
