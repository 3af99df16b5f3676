"""Waits for what became of a request to a unit's program, for as long as a page may wait."""

from __future__ import annotations

from typing import Final

from controller.ports import Clock
from workstation.station.control_link import SentMessage
from workstation.station.messages import RequestOutcome

LOOK_S: Final = 0.02


def outcome_of(clock: Clock, sent: SentMessage, patience_s: float) -> RequestOutcome | None:
    """Returns the outcome; None where no answer came in time."""
    deadline_s = clock.now_s() + patience_s
    while sent.outcome is None and clock.now_s() < deadline_s:
        clock.sleep_until(clock.now_s() + LOOK_S)
    return sent.outcome
