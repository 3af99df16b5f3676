"""What a start does with interrupted sessions, without a unit."""

from __future__ import annotations

from pathlib import Path

from controller.ports import Clock
from records.evidence.journal import left_open_sessions, reopen_session
from records.keys.signing import SigningKey


def close_left_open(data_dir: Path, unit_id: str, clock: Clock, key: SigningKey) -> list[str]:
    """Close and seal them; returns their ids. Nothing may have been added to them."""
    closed = []
    for left in left_open_sessions(data_dir, unit_id, clock, key=key):
        assert not left.has_dropped_rows, left
        reopen_session(data_dir, left, clock, key=key).close()
        closed.append(left.head.session_id)
    return closed
