"""Closes sessions that an earlier program left open: first the person, then the record.

The present unit is observed and released before anything is written. A record that this workstation
did not write is put aside whole and never signed; the unit can be used again when a named person
has accepted that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable
from controller.event_details.ending import DroppedRows, SessionEnded
from controller.event_details.findings_and_alarms import AlarmRaised
from controller.event_details.seen_of_unit import UnitObserved, UnitSeen
from controller.event_details.table import session_event
from controller.events import EventKind, Outcome
from controller.ports import Clock, TractionUnit
from controller.runtime.recovery import UnitFound, let_go_of_unit
from records.evidence.journal import left_open_sessions, reopen_session
from records.evidence.left_open import LeftOpen
from records.evidence.quarantine import put_aside, refuse_not_accepted
from records.evidence.reader import SessionRecord, read_session
from records.keys.signing import SigningKey
from records.store.canonical import EventRow
from records.store.file_lock import is_locked
from records.store.record_folder import RecordFolder
from records.store.unit_lock import UnitLock, holding
from workstation.session.workplace import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a start saw of the unit whose session it closes; for other units it saw nothing."""

    found: UnitFound | None = None
    raised: AlarmRaised | None = None


Examined = tuple[list[LeftOpen], JournalCorrupt | JournalUnavailable | None]
"""The sessions that may be closed, or why the file may not be continued."""


def recover(
    unit: TractionUnit,
    workplace: Workplace,
    key: SigningKey,
    *,
    raised: AlarmRaised | None = None,
) -> list[str]:
    """Close what an earlier program left open; returns the ids of the sessions that were closed.

    ``raised`` is the alarm about the end of that program; the sessions record it. Raises
    JournalCorrupt when the unit's own file was put aside, now or before, and nobody has accepted it
    yet. Files put aside of other units are reported as a warning.
    """
    folder, clock = workplace.folder, workplace.clock
    unit_id = unit.identity.unit_id
    left, fault = _examined(folder, unit_id, clock, key)
    found = let_go_of_unit(unit, clock, armed_seconds_ago=_armed_seconds_ago(left, folder, clock))
    return _close_all(workplace, unit_id, key, (left, fault), _Seen(found=found, raised=raised))


def recover_observed(unit_id: str, workplace: Workplace, key: SigningKey) -> list[str]:
    """Do the same before a table is observed: there is nothing to release."""
    examined = _examined(workplace.folder, unit_id, workplace.clock, key)
    return _close_all(workplace, unit_id, key, examined, _Seen())


def _close_all(
    workplace: Workplace,
    unit_id: str,
    key: SigningKey,
    examined: Examined,
    seen: _Seen,
) -> list[str]:
    folder, clock = workplace.folder, workplace.clock
    left, fault = examined
    if isinstance(fault, JournalCorrupt):
        _put_aside(folder, unit_id, clock, key, fault)
    elif fault is not None:
        raise fault
    closed = [_close(folder, one, clock, key, seen) for one in left]
    mine = folder.unit_database(unit_id)
    for path in folder.unit_databases():
        if path != mine and not _is_driven(folder, path):
            closed += _recover_other(workplace, path.stem, key, _Seen(raised=seen.raised))
    refuse_not_accepted(folder, unit_id)
    return closed


def _is_driven(folder: RecordFolder, path: Path) -> bool:
    """Returns True for a unit with an open session, or one that a station's program drives.

    That program may begin a session at this moment, and would find its lock taken.
    """
    return UnitLock(path).is_held() or is_locked(folder.station_lock(path.stem))


def _recover_other(workplace: Workplace, unit_id: str, key: SigningKey, seen: _Seen) -> list[str]:
    folder, clock = workplace.folder, workplace.clock
    left, fault = _examined(folder, unit_id, clock, key)
    if isinstance(fault, JournalUnavailable):
        raise fault
    if fault is not None:
        aside = _put_aside(folder, unit_id, clock, key, fault)
        workplace.warn(
            f"the record of unit {unit_id} did not verify ({fault.message}); it was put "
            f"aside in {aside}. Have a person look at it before that unit is used again"
        )
    return [_close(folder, one, clock, key, seen) for one in left]


def _examined(folder: RecordFolder, unit_id: str, clock: Clock, key: SigningKey) -> Examined:
    """Returns the sessions that may be closed, or why the file may not be continued.

    Any fault of the file is reported after the unit was released.
    """
    with holding(UnitLock(folder.unit_database(unit_id))):
        try:
            return left_open_sessions(folder, unit_id, clock, key=key), None
        except (JournalCorrupt, JournalUnavailable) as fault:
            return [], fault


def _put_aside(
    folder: RecordFolder, unit_id: str, clock: Clock, key: SigningKey, fault: JournalCorrupt
) -> Path:
    with holding(UnitLock(folder.unit_database(unit_id))):
        return put_aside(folder, unit_id, key, utc_ms=clock.utc_ms(), reason=fault.message)


def _armed_seconds_ago(left: list[LeftOpen], folder: RecordFolder, clock: Clock) -> float | None:
    for one in left:
        record = read_session(folder, one.head.session_id)
        armed_utc_ms = [
            *(
                event.utc_ms
                for event in record.of_kind(EventKind.UNIT_ARMED)
                if event.sequence < one.tail.events
            ),
            *(row.utc_ms for row in _put_aside_events(one) if row.kind == EventKind.UNIT_ARMED),
        ]
        if armed_utc_ms:
            return (clock.utc_ms() - armed_utc_ms[-1]) / 1000
    return None


def _put_aside_events(left: LeftOpen) -> Iterable[EventRow]:
    """Events that only the side file holds so far."""
    return (event for batch in left.batches for event in batch.events)


def _close(folder: RecordFolder, left: LeftOpen, clock: Clock, key: SigningKey, seen: _Seen) -> str:
    """Append what was seen of the unit and the end of the session, and seal it."""
    head = left.head
    journal = reopen_session(folder, left, clock, key=key)
    try:
        record = read_session(folder, head.session_id)
    except BaseException:
        journal.abandon()
        raise
    at_ms = max(0, clock.utc_ms() - head.started_utc_ms)
    if not record.of_kind(EventKind.SESSION_ENDED):
        if not record.observed:
            journal.append_event(session_event(_observed(seen.found), at_ms=at_ms))
        if seen.raised is not None:
            journal.append_event(session_event(seen.raised, at_ms=at_ms))
        ended = _ended(record, left, seen.found)
        journal.append_event(session_event(ended, at_ms=at_ms))
    journal.close()
    return head.session_id


def _observed(found: UnitFound | None) -> UnitObserved:
    if found is None:
        return UnitObserved(observed=False)
    seen = UnitSeen(
        unit_state=int(found.state),
        force_dn=None if found.force_n is None else round(found.force_n * 10),
        released=found.released,
    )
    return UnitObserved(observed=True, seen=seen)


def _ended(record: SessionRecord, left: LeftOpen, found: UnitFound | None) -> SessionEnded:
    reasons = [_interrupted_where(record)]
    if found is None and not record.observed:
        reasons.append("unit not observed")
    if left.keys is None:
        reasons.append("before session keys")
    return SessionEnded(
        outcome=Outcome.INTERRUPTED,
        reason="; ".join(reasons),
        reached_holding=record.reached_holding,
        dropped=_dropped(left) if left.has_dropped_rows else None,
    )


def _dropped(left: LeftOpen) -> DroppedRows:
    return DroppedRows(
        dropped_links=left.dropped_links,
        dropped_events=left.dropped_events,
        dropped_samples=left.dropped_samples,
    )


def _interrupted_where(record: SessionRecord) -> str:
    """Returns where the session was interrupted, and whether the release was seen before."""
    if record.of_kind(EventKind.RELEASE_OBSERVED):
        return "the program ended after the release, before the end was acknowledged"
    return "the program ended during the session"
