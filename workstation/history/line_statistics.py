"""The quality of the line to each unit in its newest sessions, from their samples and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from controller.errors import JournalError
from controller.event_details.findings_and_alarms import AlarmRaised, LinkTroubled
from controller.events import EventKind, SampleFlag
from records.evidence.reader import SessionRecord, load_session
from records.evidence.stored_session import session_rows_of
from records.evidence.unit_reading import reading
from records.store.record_folder import RecordFolder

NEWEST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOfSession:
    """One session's line in numbers; it names neither session nor day."""

    model: str
    firmware: str
    samples: int
    without_reading: int
    repeated: int
    longest_step_ms: int
    troubles: Mapping[str, int]
    alarms: Mapping[str, int]


def lines_of_sessions(folder: RecordFolder) -> dict[str, list[LineOfSession]]:
    """Returns the newest sessions of each unit, by its id; unreadable ones are left out."""
    found: dict[str, list[LineOfSession]] = {}
    for path in folder.unit_databases():
        try:
            with reading(path) as db:
                heads = session_rows_of(db)[-NEWEST:]
                records = [load_session(db, path, head) for head in reversed(heads)]
            found[path.stem] = [_line(record) for record in records if not record.observed]
        except JournalError:
            continue
    return found


def _line(record: SessionRecord) -> LineOfSession:
    flags = record.samples["flags"].astype(np.int64)
    times = record.samples["taken_at_ms"].astype(np.int64)
    identity = record.started.session.identity
    troubles = [event.said(LinkTroubled) for event in record.of_kind(EventKind.LINK_TROUBLED)]
    alarms = [event.said(AlarmRaised) for event in record.of_kind(EventKind.ALARM_RAISED)]
    return LineOfSession(
        model=identity.model if identity else "",
        firmware=identity.firmware if identity else "",
        samples=len(flags),
        without_reading=int(np.count_nonzero(flags & int(SampleFlag.NO_READING))),
        repeated=int(np.count_nonzero(flags & int(SampleFlag.SAME_SAMPLE_NUMBER))),
        longest_step_ms=int(np.diff(times).max()) if len(times) > 1 else 0,
        troubles=Counter(f"code {each.code}" for each in troubles),
        alarms=Counter(each.code for each in alarms),
    )
