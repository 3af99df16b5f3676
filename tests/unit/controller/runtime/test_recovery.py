"""Letting go of a unit that an interrupted session left behind: when it may and when it may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from controller.errors import UnitBusy, UnitFaulted
from controller.ports import TractionUnit
from controller.runtime.clock import VirtualClock
from controller.runtime.recovery import UnitFound, let_go_of_unit
from controller.telemetry import ForceCommand, Telemetry, UnitFault, UnitState
from tests.unit.controller.builders import IDENTITY, reading


@dataclass
class Unit:
    """``look`` makes the reading of each second; releases are counted."""

    clock: VirtualClock
    look: Callable[[float, int], dict[str, Any]]
    armed_s: int = 100
    releases: int = 0
    samples: int = 0
    identity = IDENTITY
    tick_s = 0.05
    unknown_in_motion: frozenset[str] = frozenset()
    _started_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._started_s = self.clock.now_s()

    def exchange(self, command: ForceCommand) -> Telemetry:
        self.samples += 1
        changes = self.look(self.clock.now_s() - self._started_s, self.releases)
        return reading(**{"sample_number": self.samples, **changes})

    def release_without_token(self) -> None:
        self.releases += 1

    def seconds_since_arming(self) -> int:
        return self.armed_s


def let_go(unit: Unit, armed_seconds_ago: float | None) -> UnitFound:
    return let_go_of_unit(cast(TractionUnit, unit), unit.clock, armed_seconds_ago=armed_seconds_ago)


def driven(second: float, releases: int) -> dict[str, Any]:
    if releases and second > 1.0:
        return {"unit_state": UnitState.SAFE_LATCHED, "force_n": 8.0}
    state = UnitState.RELEASING if releases else UnitState.HOLDING
    return {"unit_state": state, "force_n": 100.0 - 90.0 * min(1.0, second) * bool(releases)}


@pytest.mark.parametrize("armed_seconds_ago", [95.0, 100.0, 105.0])
def test_a_unit_that_fits_our_session_is_released_once_and_awaited(
    armed_seconds_ago: float,
) -> None:
    unit = Unit(VirtualClock(), driven)
    found = let_go(unit, armed_seconds_ago)
    assert found == UnitFound(state=UnitState.HOLDING, force_n=100.0, released=True)
    assert unit.releases == 1


@pytest.mark.parametrize("armed_seconds_ago", [None, 94.0, 106.0])
def test_a_unit_that_does_not_fit_is_left_to_its_host(armed_seconds_ago: float | None) -> None:
    unit = Unit(VirtualClock(), driven)
    with pytest.raises(UnitBusy, match="driven by another host"):
        let_go(unit, armed_seconds_ago)
    assert unit.releases == 0


@pytest.mark.parametrize("state", [UnitState.IDLE, UnitState.SAFE_LATCHED, UnitState.FAULT])
def test_in_any_other_state_it_is_only_read(state: UnitState) -> None:
    unit = Unit(VirtualClock(), lambda second, releases: {"unit_state": state, "force_n": 20.0})
    assert let_go(unit, 100.0) == UnitFound(state=state, force_n=20.0, released=False)
    assert unit.releases == 0


@pytest.mark.parametrize("force_n", [20.1, -20.1, None])
def test_a_unit_that_keeps_its_force_refuses_the_start(force_n: float | None) -> None:
    unit = Unit(
        VirtualClock(),
        lambda second, releases: {"unit_state": UnitState.SAFE_LATCHED, "force_n": force_n},
    )
    with pytest.raises(UnitFaulted, match="look at the patient, open the clutch"):
        let_go(unit, None)
    assert 8 <= unit.releases <= 9, "the tokenless release, once a second"


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_number": 7},
        {"sample_age_s": 0.3},
        {"second_force_n": 40.0},
        {"faults": UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_1_STUCK},
    ],
)
def test_a_force_that_cannot_be_believed_is_not_free(changes: dict[str, Any]) -> None:
    look = {"unit_state": UnitState.IDLE, "force_n": 1.0, **changes}
    unit = Unit(VirtualClock(), lambda second, releases: look)
    with pytest.raises(UnitFaulted, match="after 8 s"):
        let_go(unit, None)


@pytest.mark.parametrize("state", [UnitState.SAFE_LATCHED, UnitState.FAULT])
def test_a_unit_that_let_go_only_when_it_was_told_to_counts_as_released(state: UnitState) -> None:
    unit = Unit(
        VirtualClock(),
        lambda second, releases: {"unit_state": state, "force_n": 8.0 if releases else 60.0},
    )
    assert let_go(unit, None) == UnitFound(state=state, force_n=60.0, released=True)
    assert unit.releases == 1
