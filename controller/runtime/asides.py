"""Handles requests while no treatment runs: remarks are recorded, the rest is refused by name."""

from __future__ import annotations

from controller.event_details.treatment import CheckInRecorded, RemarkRecorded
from controller.ports import Operator
from controller.requests import (
    AcknowledgeAlarms,
    CheckIn,
    PauseSound,
    Remark,
    RequestSettled,
    SessionRequest,
    request_name,
)
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.recorder import Recorder
from controller.session.inputs_and_effects import SettleAlarm
from controller.session.recorded_events import request_refused
from controller.session.request_effects import followed


def hear_aside(
    request: SessionRequest,
    recorder: Recorder,
    operator: Operator,
    alarms: AlarmKeeper,
    *,
    when: str,
    now_s: float,
) -> RequestSettled:
    """Handle one request; ``when`` completes "not possible ...", as in "before the treatment"."""
    match request:
        case Remark(by=by, text=text):
            recorder.event(RemarkRecorded(by=by, text=text), now_s=now_s)
            outcome = RequestSettled(followed=True, text=followed(request).text)
        case CheckIn(by=by):
            recorder.event(CheckInRecorded(by=by), now_s=now_s)
            alarms.effect(SettleAlarm("check_in_due", by), now_s)
            outcome = RequestSettled(followed=True, text=followed(request).text)
        case AcknowledgeAlarms() | PauseSound():
            return alarms.request(request, now_s)
        case _:
            reason = f"not possible {when}"
            recorder.event(request_refused(request, reason).said, now_s=now_s)
            operator.tell(f"{request_name(request).replace('_', ' ')} refused: {reason}")
            return RequestSettled(followed=False, text=reason)
    operator.tell(outcome.text)
    return outcome
