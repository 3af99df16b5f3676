"""Between the end of a session and its acknowledgement the unit is still read and judged."""

from __future__ import annotations

from typing import Final

from controller.errors import LinkError, LinkLost, UnitRejected
from controller.order.phases import Phase
from controller.runtime.finding_record import FindingRecord
from controller.runtime.host_watch import HostWatch
from controller.runtime.session_ports import SessionPorts
from controller.runtime.tokenless import TokenlessRelease
from controller.safety.situation import SupervisedStage
from controller.safety.supervisor import Supervisor
from controller.telemetry import CommandKind, ForceCommand, Telemetry

ALARMING_CODE: Final = "force_back_on"
"""A free patient who presses while getting up has not stopped a treatment: findings are recorded,
and only force that comes back raises an alarm.
"""

_OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)


class EndWatch:
    """Checks once a tick; outcome and exit status are final already.

    A unit that was not seen free still gets its release in each tick. ``gone``: the port was lost
    in the session, so that nothing can be read any more.
    """

    def __init__(
        self,
        *,
        ports: SessionPorts,
        findings: FindingRecord,
        supervisor: Supervisor,
        host: HostWatch,
        phase: Phase,
        gone: bool,
    ) -> None:
        self._unit = ports.unit
        self._clock = ports.clock
        self._findings = findings
        self._supervisor = supervisor
        self._host = host
        self._present = ports.present
        self._phase = phase
        self._gone = gone
        self._tokenless = TokenlessRelease(ports.unit)

    def look(self, lateness_s: float) -> Telemetry | None:
        """Read, judge, record; returns the reading, None if there is none."""
        if self._gone:
            return None
        tick_at_s = self._clock.now_s()
        command = self._supervisor.narrowed(_OBSERVE)
        reading = self._exchange(command)
        health = self._host.health(lateness_s=lateness_s, tick_at_s=tick_at_s)
        verdict = self._supervisor.judge(
            reading, sent=command, health=health, now_s=self._clock.now_s()
        )
        self._findings.read(reading)
        self._findings.tell(verdict, self._phase, tick_at_s, alarming=self._alarms_now)
        if self._supervisor.force_is_on and not self._gone:
            self._tokenless.order(tick_at_s)
        return reading

    def _exchange(self, command: ForceCommand) -> Telemetry | None:
        asked_at_s = self._clock.now_s()
        try:
            reading = self._unit.exchange(command)
        except UnitRejected:
            return self._unit.reading_after_refusal
        except LinkError as error:
            self._gone = isinstance(error, LinkLost)
            self._present.unanswered(error)
            return None
        self._present.answered(self._clock.now_s() - asked_at_s)
        return reading

    def _alarms_now(self, code: str) -> bool:
        return code == ALARMING_CODE or self._supervisor.stage is not SupervisedStage.FREE
