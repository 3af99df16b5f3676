"""Records and reports the supervisor's findings whatever the session logic does with a verdict."""

from __future__ import annotations

from collections.abc import Callable

from controller.order.phases import Phase
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.recorder import Recorder
from controller.safety.verdict import Verdict
from controller.session import recorded_events
from controller.telemetry import Telemetry


class FindingRecord:
    """One per session. The force recorded with a finding is the last one read."""

    def __init__(self, recorder: Recorder, alarms: AlarmKeeper, first: Telemetry | None) -> None:
        self._recorder = recorder
        self._alarms = alarms
        self._last = first

    def read(self, reading: Telemetry | None) -> None:
        """Note the reading of a tick; None keeps the last one."""
        self._last = reading or self._last

    def tell(
        self,
        verdict: Verdict,
        phase: Phase,
        now_s: float,
        *,
        hold_number: int = 0,
        alarming: Callable[[str], bool] = lambda code: True,
    ) -> None:
        """Record findings that begin or end; raise the alarms of the alarming codes.

        ``hold_number`` is that of the treatment's hold, 0 outside of one.
        """
        force_dn = recorded_events.force_dn(self._last)
        for finding in verdict.findings:
            for emitted in recorded_events.finding_events(finding, phase, force_dn, hold_number):
                self._recorder.event(emitted.said, now_s=now_s)
            if alarming(finding.code):
                self._alarms.raise_alarm(finding.code, now_s)
        for ended in verdict.ended:
            emitted = recorded_events.finding_ended(ended, self._recorder.origin_s)
            self._recorder.event(emitted.said, now_s=now_s)
