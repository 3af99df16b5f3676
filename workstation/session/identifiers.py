"""Identifiers of sessions and patients, which reveal nothing of a person."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Makers of identifiers, so that a simulated session can be repeated exactly."""

    session_id: Callable[[int], str]
    patient_key: Callable[[], str]


def random_identifiers() -> Identifiers:
    """Returns session ids that sort by time, and random patient keys."""

    def session_id(utc_ms: int) -> str:
        stamp = datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        return f"{stamp}-{secrets.token_hex(3)}"

    return Identifiers(session_id=session_id, patient_key=lambda: secrets.token_hex(8))
