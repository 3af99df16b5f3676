"""Session machines with one wrong output, for the whole program."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import controller.runtime.session as session
from controller.session.inputs_and_effects import VerdictGiven
from controller.session.machine import SessionMachine
from controller.telemetry import CommandKind, ForceCommand


class WrongCore:
    """A session machine that is right in everything except what ``wrong`` names."""

    def __init__(self, machine: Any, wrong: Callable[[], str]) -> None:
        self._machine, self._wrong = machine, wrong
        self._last: ForceCommand | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)

    def command(self, leave_s: float) -> ForceCommand:
        command: ForceCommand = self._machine.command(leave_s)
        match self._wrong():
            case "wants_more":
                return replace(command, kind=CommandKind.FOLLOW, force_n=command.force_n + 1000.0)
            case "wants_nan":
                return replace(command, kind=CommandKind.FOLLOW, force_n=math.nan)
            case "holds_for_ever" | "deaf_and_pressed":
                return self._last or command
        self._last = command
        return command

    def handle(self, happened: Any, now_s: float) -> Any:
        if self._wrong() == "holds_for_ever":
            return []
        if self._wrong() == "deaf_and_pressed" and isinstance(happened, VerdictGiven):
            return []
        return self._machine.handle(happened, now_s)


def wrong_core(kind: str) -> Callable[[Any], None]:
    """An injection: from then on the core is wrong in this way."""

    def inject(stage: Any) -> None:
        stage.core_is = kind
        if kind == "deaf_and_pressed":
            stage.firmware.switch.press()

    return inject


def let_core_go_wrong(stage: Any) -> None:
    """Give the program a core that becomes what ``stage.core_is`` names."""

    def made(*args: Any, **kwargs: Any) -> WrongCore:
        return WrongCore(SessionMachine(*args, **kwargs), lambda: stage.core_is)

    stage.set(session, "SessionMachine", made)
