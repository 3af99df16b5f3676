"""Who is responsible for a session's patient: who began it, until another person takes over."""

from __future__ import annotations

from controller.event_details.treatment import ResponsibilityTaken
from controller.ports import Operator
from controller.requests import RequestSettled, TakeOver
from controller.runtime.recorder import Recorder
from controller.session.recorded_events import request_refused


class Responsibility:
    """One per session. It does not influence the orders to the unit."""

    def __init__(self, recorder: Recorder, operator: Operator) -> None:
        self._recorder = recorder
        self._operator = operator
        self.by = operator.begun_by
        self.since_utc_ms = recorder.utc_ms()

    def take_over(self, request: TakeOver, now_s: float) -> RequestSettled:
        """Record the new responsible person; taking over from oneself is refused."""
        if request.by == self.by:
            return self._refuse(request, f"{self.by} is responsible already", now_s)
        taken = ResponsibilityTaken(from_by=self.by, by=request.by)
        self._recorder.event(taken, now_s=now_s)
        text = f"{request.by} is responsible from now on, until now {self.by}"
        self.by, self.since_utc_ms = request.by, self._recorder.utc_ms()
        self._operator.tell(text)
        return RequestSettled(followed=True, text=text)

    def _refuse(self, request: TakeOver, reason: str, now_s: float) -> RequestSettled:
        self._recorder.event(request_refused(request, reason).said, now_s=now_s)
        self._operator.tell(f"take over refused: {reason}")
        return RequestSettled(followed=False, text=reason)
