"""Closes interrupted sessions as a start does, without a unit."""

from __future__ import annotations

from controller.ports import Clock
from records.evidence.journal import left_open_sessions, reopen_session
from records.keys.signing import SigningKey
from records.store.record_folder import RecordFolder


def close_left_open(folder: RecordFolder, unit_id: str, clock: Clock, key: SigningKey) -> list[str]:
    """Close and seal interrupted sessions; returns their ids.

    Nothing may have been added to them.
    """
    closed = []
    for left in left_open_sessions(folder, unit_id, clock, key=key):
        assert not left.has_dropped_rows, left
        reopen_session(folder, left, clock, key=key).close()
        closed.append(left.head.session_id)
    return closed
