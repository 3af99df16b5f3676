"""One fact of the workstation, as a frozen value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FactState(StrEnum):
    """Silence is not a pass: what was not checked is neither in order nor not."""

    WELL = "well"
    NOT_WELL = "not well"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstationFact:
    """``todo`` is empty for what is in order, and names the next step for everything else."""

    name: str
    state: FactState
    text: str
    todo: str = ""

    def __post_init__(self) -> None:
        """Refuse a finding without a next step, and a next step for what is in order."""
        if (self.state is FactState.WELL) is bool(self.todo):
            raise ValueError(f"fact {self.name}: {self.state} with todo={self.todo!r}")

    @property
    def line(self) -> str:
        """Returns the fact for people."""
        todo = f" -> {self.todo}" if self.todo else ""
        return f"{self.state.upper():<12}{self.name}: {self.text}{todo}"


def well(name: str, text: str) -> WorkstationFact:
    """Returns what was checked and found in order."""
    return WorkstationFact(name=name, state=FactState.WELL, text=text)


def not_well(name: str, text: str, todo: str) -> WorkstationFact:
    """Returns what was checked and has to be corrected."""
    return WorkstationFact(name=name, state=FactState.NOT_WELL, text=text, todo=todo)


def not_checked(name: str, why: str, todo: str) -> WorkstationFact:
    """Returns what could not be checked, and how a person does it."""
    return WorkstationFact(name=name, state=FactState.NOT_CHECKED, text=why, todo=todo)


def all_well(facts: Sequence[WorkstationFact]) -> bool:
    """Returns True when nothing was found.

    What was not checked is not a finding, and stays visible.
    """
    return all(fact.state is not FactState.NOT_WELL for fact in facts)


def counted(facts: Sequence[WorkstationFact]) -> str:
    """Returns how many there are of each state, for people."""
    counts = ((state, sum(fact.state is state for fact in facts)) for state in FactState)
    return ", ".join(f"{count} {state}" for state, count in counts)
