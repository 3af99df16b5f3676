"""A signal becomes a request to stop, and the handlers come back."""

from __future__ import annotations

import os
import signal

import pytest

from controller.requests import Stop
from workstation.operators import SessionOperator, stopped_by_signals


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_asks_for_the_stop_and_handlers_come_back(name: str) -> None:
    number = getattr(signal, name, None)
    if number is None:
        assert os.name == "nt"
        return
    before = signal.getsignal(number)
    waiting = SessionOperator(scripted=True, show=lambda progress: None)
    with stopped_by_signals(waiting):
        assert waiting.stop_requested() is None
        signal.raise_signal(number)
        assert waiting.stop_requested() == Stop(by=name)
    assert signal.getsignal(number) == before


def test_a_second_signal_makes_the_release_fast() -> None:
    waiting = SessionOperator(scripted=True, show=lambda progress: None)
    with stopped_by_signals(waiting):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert waiting.stop_requested() == Stop(by="SIGTERM", fast=True)
