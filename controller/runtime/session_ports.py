"""What the parts of a running session share: the unit, the clock, the record and the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.ports import Clock, Operator, TractionUnit
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.asked_requests import AskedRequests
from controller.runtime.open_questions import OpenQuestions
from controller.runtime.present import Present
from controller.runtime.recorder import Recorder
from controller.runtime.responsibility import Responsibility
from controller.runtime.stops import Stops

CONSOLE_LOST_S: Final = 15.0
"""How long a session continues without its console (times.md: a setting of 5 to 60 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPorts:
    """The access of one session's preparation, loop and end watch to the outside."""

    unit: TractionUnit
    clock: Clock
    recorder: Recorder
    operator: Operator
    alarms: AlarmKeeper
    questions: OpenQuestions
    present: Present
    stops: Stops
    requests: AskedRequests
    responsibility: Responsibility
    console_lost_s: float = CONSOLE_LOST_S

    @classmethod
    def of(
        cls,
        unit: TractionUnit,
        clock: Clock,
        recorder: Recorder,
        operator: Operator,
        session_id: str,
    ) -> SessionPorts:
        """Returns the ports of a new session, without active alarms or open questions."""
        alarms, questions = AlarmKeeper(recorder, operator), OpenQuestions(operator)
        responsibility = Responsibility(recorder, operator)
        present = Present(
            session_id=session_id,
            recorder=recorder,
            operator=operator,
            alarms=alarms,
            questions=questions,
            responsibility=responsibility,
        )
        return cls(
            unit=unit,
            clock=clock,
            recorder=recorder,
            operator=operator,
            alarms=alarms,
            questions=questions,
            present=present,
            stops=Stops(operator),
            requests=AskedRequests(operator),
            responsibility=responsibility,
        )
