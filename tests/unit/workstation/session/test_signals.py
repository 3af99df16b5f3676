"""A signal becomes a request to stop or nothing at all, and the handlers come back."""

from __future__ import annotations

import os
import signal

import pytest

from controller.requests import Stop
from workstation.session.operators import SessionOperator
from workstation.session.signals import IGNORED, NOT_SUSPENDED, RELEASING, caught_signals

BY_THE_SYSTEM = {"SIGKILL", "SIGSTOP"}
CRASHES = {"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP"}
HARMLESS = {"SIGCHLD", "SIGCLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGXFSZ"}
ASKED_FOR = {"SIGALRM", "SIGIO", "SIGPOLL", "SIGPROF", "SIGVTALRM", "SIGSTKFLT"}
"""Sent only to a program that asked for them, or not at all."""


def number_of(name: str) -> signal.Signals | None:
    number = getattr(signal, name, None)
    assert number is not None or os.name == "nt" or name in {"SIGPWR"}
    return number


def operator(told: list[str] | None = None) -> SessionOperator:
    said = [] if told is None else told
    return SessionOperator(scripted=True, show=lambda snapshot: None, tell=said.append)


@pytest.mark.parametrize("name", RELEASING)
def test_a_signal_asks_for_the_stop_and_handlers_come_back(name: str) -> None:
    if (number := number_of(name)) is None:
        return
    before = signal.getsignal(number)
    with caught_signals() as caught:
        waiting = operator()
        caught.hand_to(waiting)
        assert waiting.stop_requested() is None
        assert waiting.leave_requested() is None
        signal.raise_signal(number)
        assert waiting.stop_requested() == Stop(by=name)
        assert waiting.leave_requested() == name
    assert signal.getsignal(number) == before


def test_every_signal_is_caught_or_has_its_reason() -> None:
    known = {*RELEASING, *IGNORED, "SIGTSTP", *BY_THE_SYSTEM, *CRASHES, *HARMLESS, *ASKED_FOR}
    names = {name.name for name in signal.Signals} - {"SIGRTMIN", "SIGRTMAX"}
    assert not names - known - {"CTRL_C_EVENT", "CTRL_BREAK_EVENT", "SIGBREAK"}


def test_a_second_signal_makes_the_release_fast() -> None:
    with caught_signals() as caught:
        waiting = operator()
        caught.hand_to(waiting)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert waiting.stop_requested() == Stop(by="SIGTERM", fast=True)


def test_a_window_that_closes_sends_its_signal_more_than_once_and_that_counts_once() -> None:
    if (hang_up := number_of("SIGHUP")) is None:
        return
    with caught_signals() as caught:
        waiting = operator()
        caught.hand_to(waiting)
        for _ in range(3):
            signal.raise_signal(hang_up)
        assert waiting.stop_requested() == Stop(by="SIGHUP")
        signal.raise_signal(signal.SIGINT)
        assert waiting.stop_requested() == Stop(by="SIGINT", fast=True)


def test_signals_that_come_before_the_operator_are_handed_on() -> None:
    with caught_signals() as caught:
        signal.raise_signal(signal.SIGINT)
        once, twice = operator(), operator()
        caught.hand_to(once)
        assert once.stop_requested() == Stop(by="SIGINT")
    with caught_signals() as caught:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        caught.hand_to(twice)
        assert twice.stop_requested() == Stop(by="SIGINT", fast=True)


def test_ctrl_z_is_refused_in_words_at_the_next_look_and_stops_nothing() -> None:
    if (suspend := number_of("SIGTSTP")) is None:
        return
    told: list[str] = []
    with caught_signals() as caught:
        signal.raise_signal(suspend)
        waiting = operator(told)
        caught.hand_to(waiting)
        signal.raise_signal(suspend)
        assert told == []
        waiting.requests()
        assert told == [NOT_SUSPENDED]
        assert waiting.stop_requested() is None


@pytest.mark.parametrize("name", IGNORED)
def test_what_a_background_job_may_meet_does_nothing(name: str) -> None:
    if (number := number_of(name)) is None:
        return
    before = signal.getsignal(number)
    with caught_signals() as caught:
        waiting = operator()
        caught.hand_to(waiting)
        signal.raise_signal(number)
        assert waiting.stop_requested() is None
    assert signal.getsignal(number) == before
