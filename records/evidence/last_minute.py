"""The newest samples and events of an open session, for a chart that begins late.

Nothing is verified here: only a chart uses it, for a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controller.errors import RecordNotFound
from records.evidence.session_content import event_rows, sample_data
from records.evidence.stored_session import session_rows_called
from records.evidence.unit_reading import reading
from records.evidence.unreadable import refused_in_words
from records.store.canonical import ABSENT_DN, EventRow, SampleArray, samples_from_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedForce:
    """A sample by the wall clock; newtons, None without a reading."""

    utc_ms: int
    force_n: float | None
    target_n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMinute:
    """Samples and events of the newest ``for_ms`` that were asked for, oldest first."""

    forces: tuple[RecordedForce, ...]
    events: tuple[EventRow, ...]


def read_last_minute(path: Path, session_id: str, for_ms: int) -> LastMinute:
    """Returns what a unit's file has of the end of a session.

    Raises JournalError or RecordNotFound.
    """
    with reading(path) as db, refused_in_words(f"the last minute of session {session_id}"):
        found = session_rows_called(db, session_id)
        if len(found) != 1:
            raise RecordNotFound(f"session {session_id} is not on file in {path}")
        events = event_rows(db, found[0].number)
        samples = samples_from_bytes(sample_data(db, found[0].number))
    newest_ms = max([*samples["taken_at_ms"][-1:].tolist(), *(each.at_ms for each in events[-1:])])
    since_ms = newest_ms - for_ms
    return LastMinute(
        forces=_forces(samples[samples["taken_at_ms"] >= since_ms], _began_utc_ms(events)),
        events=tuple(each for each in events if each.at_ms >= since_ms),
    )


def _began_utc_ms(events: list[EventRow]) -> int:
    """Returns the wall clock at the session's 0, by its newest event: it may have been set."""
    return events[-1].utc_ms - events[-1].at_ms


def _forces(samples: SampleArray, began_utc_ms: int) -> tuple[RecordedForce, ...]:
    return tuple(
        RecordedForce(
            utc_ms=began_utc_ms + at_ms,
            force_n=None if force_dn == ABSENT_DN else force_dn / 10,
            target_n=target_dn / 10,
        )
        for at_ms, target_dn, force_dn in samples[
            ["taken_at_ms", "target_dn", "force_1_dn"]
        ].tolist()
    )
