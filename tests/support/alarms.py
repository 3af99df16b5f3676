"""Alarms in the form that a display receives."""

from __future__ import annotations

from controller.alarms import RaisedAlarm


def raised(code: str, number: int = 1) -> RaisedAlarm:
    """An alarm that waits for acknowledgement."""
    return RaisedAlarm(code=code, number=number, utc_ms=0)
