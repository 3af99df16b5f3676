"""A unit as the stop door knows it, and the texts about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import Final, Protocol

from controller.order.force_unit import ForceUnit

NO_ANSWER_YET: Final = "STOP was pressed; no answer yet"


class StopResult(Enum):
    """The result of a stop at the process that drives a unit."""

    ORDERED = "ordered"
    ALREADY_ORDERED = "already_ordered"
    NOTHING_OPEN = "nothing_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAnswer:
    """``utc_ms`` and ``force_n`` are those of the order; of an earlier one where there was one.

    The force is None where no fresh reading has it.
    """

    result: StopResult
    utc_ms: int
    force_n: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenForce:
    """A force and when it was read, by the wall clock; None: not known."""

    utc_ms: int
    force_n: float | None


class Press(Protocol):
    """One press of a stop, unanswered or answered."""

    def answer(self) -> StopAnswer | None:
        """Returns the outcome; None until there is an answer."""
        ...


class StopTarget(Protocol):
    """A unit that can be stopped. None of its calls waits."""

    @property
    def called(self) -> str:
        """Returns the unit's name."""
        ...

    @property
    def manual_release(self) -> str:
        """Returns how people free a patient by hand, in the clinic's words; "" without any."""
        ...

    def order_stop(self, source: str, press: str = "") -> Press:
        """Order the release; ``source`` records where the press came from.

        A ``press`` with an id is one press, however often it comes.
        """
        ...

    def tell(self, text: str) -> None:
        """Send a message to where the unit is watched."""
        ...

    def force(self) -> SeenForce:
        """Returns the present force."""
        ...

    def released(self) -> SeenForce | None:
        """Returns where the release was seen after the newest stop; None before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWording:
    """The clinic's zone (None: the system's) and its unit of force.

    ``is_training``: the clinic is an invented one, and every page says so.
    """

    zone: tzinfo | None
    unit: ForceUnit
    is_training: bool = False

    def time(self, utc_ms: int) -> str:
        """Returns a time of day."""
        return f"{datetime.fromtimestamp(utc_ms / 1000, self.zone):%H:%M:%S}"

    def force(self, force_n: float | None) -> str:
        """Returns a force, or that there is none; zero is never "-0.0"."""
        if force_n is None:
            return "not known"
        said = self.unit.in_unit(force_n)
        return said.removeprefix("-") if said.startswith("-0.0 ") else said


def not_reached_text(target: StopTarget) -> str:
    """Returns what to do by hand, where a press was not answered."""
    text = f"STOP did not reach {target.called}. Use the patient's switch or the emergency stop."
    return f"{text} Manual release: {target.manual_release}" if target.manual_release else text


def press_text(called: str, answer: StopAnswer, words: StopWording) -> str:
    """Returns the outcome of a press."""
    at = words.time(answer.utc_ms)
    if answer.result is StopResult.NOTHING_OPEN:
        head = f"No treatment is open on {called}."
        seen = SeenForce(utc_ms=answer.utc_ms, force_n=answer.force_n)
        return f"{head} {present_text(seen, words)}"
    if answer.result is StopResult.ALREADY_ORDERED:
        return f"STOP was already ordered at {at}."
    force = words.force(answer.force_n)
    return f"STOP was ordered at {at}, force then {force}. Look at the patient."


def released_text(answer: StopAnswer, seen: SeenForce, words: StopWording) -> str:
    """Returns that the release was seen; without its time after a second press."""
    force = f"Released: {words.force(seen.force_n)}"
    if answer.result is StopResult.ALREADY_ORDERED:
        return f"{force}."
    return f"{force} at {words.time(seen.utc_ms)}."


def stop_lines(target: StopTarget, press: Press, words: StopWording, *, is_late: bool) -> list[str]:
    """Returns the outcome of a press, and of the release after it.

    ``is_late``: an answer should have come by now, so the press has not arrived.
    """
    answer = press.answer()
    if answer is None:
        return [not_reached_text(target) if is_late else NO_ANSWER_YET]
    lines = [press_text(target.called, answer, words)]
    seen = target.released()
    if seen is not None and answer.result is not StopResult.NOTHING_OPEN:
        lines.append(released_text(answer, seen, words))
    return lines


def present_text(seen: SeenForce, words: StopWording) -> str:
    """Returns the present state of a unit, for somebody who has not pressed anything."""
    if seen.force_n is None:
        return "Force not known: look at the patient."
    return f"Force {words.force(seen.force_n)} at {words.time(seen.utc_ms)}."
