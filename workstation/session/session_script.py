"""``--script FILE``: requests that a session makes automatically at given times, from TOML.

[[step]] at = "90 s"              # since the first ramp, pauses included do = "pause"             #
a line as it would be typed at the terminal by = "A. Example, PT" reason = "patient wants to turn
the head"
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from controller.errors import RequestRefused, ScriptInvalid
from controller.requests import SessionRequest
from controller.words import check_name
from records.order.file_words import check_words
from records.order.quantities import time_s
from records.toml_text import toml_of
from workstation.session.request_lines import parse_request


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep:
    """One request and when it is made: seconds since the first ramp, pauses included."""

    at_s: float
    request: SessionRequest


class SessionScript:
    """The steps that are still to come."""

    def __init__(self, steps: tuple[ScriptStep, ...] = ()) -> None:
        self._steps = deque(sorted(steps, key=lambda step: step.at_s))

    def due(self, since_start_s: float | None) -> list[SessionRequest]:
        """Returns the requests whose time has come; none before the first ramp (None)."""
        found = []
        while since_start_s is not None and self._steps and self._steps[0].at_s <= since_start_s:
            found.append(self._steps.popleft().request)
        return found


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    at: str
    do: str
    by: str
    reason: str = ""


class _Script(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    step: list[_Step]


def read_script(path: Path) -> SessionScript:
    """Read and check a script; raises ScriptInvalid naming file, step and reason."""
    try:
        return parse_script(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ScriptInvalid(
            f"script {path} cannot be read ({reason}); name another file"
        ) from error


def parse_script(text: str, name: str) -> SessionScript:
    """Check a script's text; messages name it ``name``. Raises ScriptInvalid."""
    try:
        document = toml_of(text)
    except ValueError as error:
        raise ScriptInvalid(f"script {name}: not valid TOML ({error}); correct it") from error
    try:
        check_words(document)
        file = _Script.model_validate(document)
    except RequestRefused as error:
        raise ScriptInvalid(f"script {name}: {error.message}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise ScriptInvalid(f"script {name}: {key}: {fault['msg']}; correct it") from error
    return SessionScript(
        tuple(_step(step, number, name) for number, step in enumerate(file.step, start=1))
    )


def _step(step: _Step, number: int, name: str) -> ScriptStep:
    try:
        by = check_name("by", step.by)
        request = parse_request(f"{step.do} {step.reason}".strip(), by)
        return ScriptStep(at_s=time_s("at", step.at), request=request)
    except RequestRefused as error:
        raise ScriptInvalid(f"script {name}, step {number}: {error.message}") from error
