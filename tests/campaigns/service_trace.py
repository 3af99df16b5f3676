"""A view from outside of a unit that a service drives: force, state, and the driving process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from controller.errors import LinkError
from controller.ports import TractionUnit
from controller.runtime.clock import SystemClock
from controller.session.free_cord import FREE_FORCE_N
from controller.telemetry import CommandKind, ForceCommand, UnitState
from firmware_bridge.connect import connect_unit
from tests.support.real_time import PATIENCE_S

TABLE: Final = "Table 1"
REFERENCE: Final = "TRIAL-77"
ORDER: Final = f"""
patient_reference = "{REFERENCE}"
region = "lumbar"
mode = "static"
hold_force = "100 N"
treatment_time = "20 min"
ramp_up = "10 N/s"
ramp_down = "20 N/s"
pretension_force = "0 N"
pretension_time = "0 s"
"""
INSTALLED: Final = "/opt/traction/"
HELD_N: Final = 90.0
LOOK_EVERY_S: Final = 0.05
CLOCK: Final = SystemClock()
OBSERVE: Final = ForceCommand(kind=CommandKind.OBSERVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """``driven`` was checked after the reading."""

    at_s: float
    force_n: float
    state: UnitState
    driven: bool


class Trace:
    """A second connection to the unit; its readings are kept."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._unit: TractionUnit | None = None
        self._moments: list[Moment] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._unit is not None:
            self._unit.close()

    @property
    def unit_id(self) -> str:
        """The id of the unit at the address."""
        return self._connected().identity.unit_id

    @property
    def force_n(self) -> float:
        """The force of the newest reading; 0 before the first."""
        return self._moments[-1].force_n if self._moments else 0.0

    @property
    def now_s(self) -> float:
        """The present time on the axis of the moments."""
        return CLOCK.now_s()

    def follow(self, fact: Callable[[], bool], what: str) -> None:
        """Read until ``fact`` holds; after the deadline raises AssertionError with ``what``."""
        deadline_s = self.now_s + PATIENCE_S
        while not fact():
            assert self.now_s < deadline_s, f"{what} did not come; {self._moments[-1:]}"
            self._look()

    def follow_for(self, seconds: float) -> None:
        """Read for a while."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self._look()

    def least_n(self, *, since_s: float) -> float:
        """The lowest force read since then."""
        return min(moment.force_n for moment in self._moments if moment.at_s >= since_s)

    def release(self, since_s: float) -> str:
        """How it released; raises AssertionError if the program ended first or the unit had to."""
        behind = [moment for moment in self._moments if moment.at_s >= since_s]
        free = next((one for one in behind if one.force_n <= FREE_FORCE_N), None)
        assert free is not None, f"no reading under {FREE_FORCE_N:g} N; the last {behind[-1:]}"
        assert free.driven, "the program had ended before the cord was free"
        assert free.state is UnitState.RELEASING, f"the unit was {free.state.name}"
        return f"under {FREE_FORCE_N:g} N after {free.at_s - since_s:.1f} s, its program alive"

    def _look(self) -> None:
        with suppress(LinkError):
            reading = self._connected().exchange(OBSERVE)
            if reading.force_n is not None:
                self._moments.append(
                    Moment(
                        at_s=self.now_s,
                        force_n=reading.force_n,
                        state=reading.unit_state,
                        driven=bool(control_programs()),
                    )
                )
        CLOCK.sleep_until(self.now_s + LOOK_EVERY_S)

    def _connected(self) -> TractionUnit:
        if self._unit is None:
            self._unit = connect_unit(self._address, CLOCK)
        return self._unit


def control_programs(table: str = TABLE) -> set[int]:
    """The processes that drive a table, by this system's numbers, inside a machine or not."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().decode("utf-8", "replace").split("\0")[:-1]
            if "control" in words and words[-1] == table and words[0].startswith(INSTALLED):
                found.add(int(place.parent.name))
    return found
