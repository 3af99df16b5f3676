"""Finds the stops and leaves that are new to a session."""

from __future__ import annotations

from controller.ports import Operator
from controller.requests import Stop


class Stops:
    """One per session. A stop ends the treatment; a leave ends the program and is a stop too.

    Each strength is taken once: pressing again has no further effect.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._taken: Stop | None = None

    def take(self) -> Stop | None:
        """Returns a stop that is stronger than those taken before; None if there is none."""
        stop = self.asked()
        if stop is None or (self._taken is not None and (self._taken.fast or not stop.fast)):
            return None
        self._taken = stop
        return stop

    def asked(self) -> Stop | None:
        """Returns the strongest stop so far, a leave included; None if there is none."""
        stop, leaving = self._operator.stop_requested(), self._operator.leave_requested()
        return Stop(by=leaving) if stop is None and leaving is not None else stop
