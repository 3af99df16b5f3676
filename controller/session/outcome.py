"""How a session ends, from what was sent and seen: outcome, reason, and the hold reached."""

from __future__ import annotations

from typing import Final

from controller.events import Outcome, StopCause, cause_of
from controller.order.phases import Phase

NEAR_N: Final = 10.0
NEAR_SHARE: Final = 0.10
"""A force within the larger of the two of its target counts as delivered hold
(session-rules.md#numbers-of-the-record).
"""
TELLING_CODES: Final = frozenset(
    {"emergency_stop_open", "patient_switch_pressed", "patient_switch_absent", "unit_restarted"}
)
"""Findings that explain why a unit fell silent, stopped by itself or could not be armed."""
VAGUE_REASONS: Final = frozenset({StopCause.LINK_SILENT, StopCause.UNIT_STOPPED})


class EndReason:
    """Why the release was ordered, and its outcome."""

    def __init__(self) -> None:
        self.outcome = Outcome.COMPLETED
        self.text: str = StopCause.TREATMENT_OVER
        self._vague = False

    def release_begins(self, reason: str, *, vague: bool) -> None:
        """Note the first release order; anything but the end of the treatment stops the session.

        A vague reason is a symptom whose cause may still be found.
        """
        if reason != self.text:
            self.outcome, self.text = Outcome.STOPPED, reason
            self._vague = vague or reason in VAGUE_REASONS

    def found(self, code: str) -> None:
        """Note a finding during the release: it names the cause if only a symptom was known."""
        if self._vague and code in TELLING_CODES:
            self.text, self._vague = cause_of(code.replace("_", " ")), False

    def unseen(self, outcome: Outcome, remark: str = "") -> None:
        """Note that the release was ordered and no free cord was seen."""
        self.outcome, self.text = outcome, f"release not seen after: {self.text}{remark}"

    def link_gone(self, reason: str) -> None:
        """Note that nothing can be sent or read any more."""
        self.outcome, self.text = Outcome.LINK_LOST, reason


class HoldSeen:
    """Whether readings reached the hold force; the start of a phase does not count."""

    def __init__(self) -> None:
        self.reached = False
        self._phase = Phase.ARMED
        self._target_n = self._top_n = 0.0

    def enter(self, phase: Phase, target_n: float) -> None:
        """Note the start of a phase that leads to ``target_n`` newtons.

        A ramp without a hold after it is judged by its highest reading.
        """
        turned = self._phase is Phase.RAMPING_UP and phase is Phase.RAMPING_DOWN
        self.reached |= turned and _is_near(self._top_n, self._target_n)
        self._phase, self._target_n, self._top_n = phase, target_n, 0.0

    def read(self, force_n: float | None) -> None:
        """Take a force of the present phase; None if there is none."""
        if force_n is None:
            return
        self._top_n = max(self._top_n, force_n)
        self.reached |= self._phase is Phase.HOLDING and _is_near(force_n, self._target_n)


def _is_near(force_n: float, target_n: float) -> bool:
    return abs(force_n - target_n) <= max(NEAR_N, NEAR_SHARE * target_n)
