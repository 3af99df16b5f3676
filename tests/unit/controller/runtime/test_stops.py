"""A stop and a leave, and which of both a session hears."""

from __future__ import annotations

from controller.requests import Stop
from controller.runtime.stops import Stops
from tests.unit.controller.runtime.runtime_parts import Answers


class Presses(Answers):
    """Somebody who may press more than once."""

    stop: Stop | None = None

    def stop_requested(self) -> Stop | None:
        return self.stop


def test_a_leave_is_a_stop_and_takes_nothing_from_a_stronger_one() -> None:
    person = Presses()
    stops = Stops(person)
    assert stops.asked() is None
    person.leaving = "SIGTERM"
    assert stops.asked() == Stop(by="SIGTERM")
    person.stop = Stop(by="A. Person", fast=True)
    assert stops.asked() == Stop(by="A. Person", fast=True)
    assert stops.take() == Stop(by="A. Person", fast=True)
    assert stops.take() is None
