"""From the slack cord to the first ramp: slack, pretension (session-rules.md#in-motion)."""

from __future__ import annotations

from enum import Enum
from typing import Final

from controller.order.phases import Phase
from controller.order.planner import SLACK_LIMIT_S
from controller.order.prescription import Prescription
from controller.telemetry import Telemetry

SLACK_TAUT_N: Final = 5.0
SLACK_TAUT_READINGS: Final = 3
"""The cord is taut after this many readings in a row of at least ``SLACK_TAUT_N``."""
ANSWER_LIMIT_S: Final = 60.0
"""Time for an answer while the unit is in motion; then release (session-rules.md#opening)."""


class ApproachStep(Enum):
    """The result of a tick of the approach."""

    GOES_ON = "goes_on"
    PRETENSION = "pretension"
    TREAT = "treat"
    STAYS_SLACK = "stays_slack"
    UNANSWERED = "unanswered"


FAILED_APPROACH = {
    ApproachStep.STAYS_SLACK: (f"slack not taken up in {SLACK_LIMIT_S:g} s", "slack_not_taken_up"),
    ApproachStep.UNANSWERED: (
        f"pretension not confirmed in {ANSWER_LIMIT_S:g} s",
        "answer_missing",
    ),
}
"""Why an approach ends in a release, and the alarm that says so."""


class Approach:
    """One per session; ``accepted`` is set once somebody said that the pretension looks right."""

    def __init__(self, order: Prescription) -> None:
        self._order = order
        self._taut_readings = 0
        self.accepted = False

    def step(self, reading: Telemetry | None, in_phase_s: float, phase: Phase) -> ApproachStep:
        """Do one tick in ``phase``, which has lasted ``in_phase_s`` seconds."""
        if phase is Phase.TAKING_UP_SLACK:
            return self._take_up_slack(reading, in_phase_s)
        if self.accepted and in_phase_s >= self._order.pretension_s - 1e-6:
            return ApproachStep.TREAT
        unanswered = not self.accepted and in_phase_s > ANSWER_LIMIT_S
        return ApproachStep.UNANSWERED if unanswered else ApproachStep.GOES_ON

    def _take_up_slack(self, reading: Telemetry | None, in_phase_s: float) -> ApproachStep:
        if reading is not None:
            taut = reading.force_n is not None and reading.force_n >= SLACK_TAUT_N
            self._taut_readings = self._taut_readings + 1 if taut else 0
        if self._taut_readings >= SLACK_TAUT_READINGS:
            pretension = self._order.pretension_force_n or self._order.pretension_s
            return ApproachStep.PRETENSION if pretension else ApproachStep.TREAT
        slack = in_phase_s > SLACK_LIMIT_S
        return ApproachStep.STAYS_SLACK if slack else ApproachStep.GOES_ON
