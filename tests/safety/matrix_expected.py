"""What a cell of the matrix owes, and what a fault is.

``seen`` are findings, alarms or words of the reason of which at least one must be on record;
``seen_s`` is the time from the injection to the release order on the wire (to the hold, where that
comes first). Sources: hazards.md (row), times.md, the limits of controller/safety.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from tests.safety.matrix_phases import PHASES, RELEASING, Phase
from tests.safety.matrix_stage import CellStage, Inject

STIFFER = 1.7
"""A lumbar body on its cord is so much stiffer than a neck (plant.md); a fault adds as much
more."""


class Owed(Enum):
    """The response that a fault calls for."""

    FAST = "fast release (R1, R0)"
    RAMP = "release (R2)"
    HOLD = "hold, then release (R3)"
    GOES_ON = "the session goes on"
    NOTHING = "nothing: the release under way goes on"
    REFUSED = "refused before anything moves"


class Freed(Enum):
    """Who brings the force down, and how fast."""

    ORDER = "as the host orders"
    WATCHDOG = "by the unit's watchdog, at the rate of its safe action"
    AT_ONCE = "the clutch is open already"
    NEVER = "nothing moves: a person must free the patient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a cell owes."""

    owed: Owed
    seen: frozenset[str] = frozenset()
    seen_s: float = 0.0
    freed: Freed = Freed.ORDER
    rises_n: float = 0.0
    """What the fault itself may add to the force during a release, newtons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    ``elsewhere`` says where another response is required, or why a cell makes no sense.
    """

    name: str
    row: int
    inject: Inject
    expected: Expected
    elsewhere: Mapping[Phase, Expected | str] = field(default_factory=dict)
    lumbar_s: float | None = None
    lumbar: Mapping[Phase, Expected] = field(default_factory=dict)
    """What else is owed with a lumbar body and 280 N."""
    regions: tuple[str, ...] = ("cervical", "lumbar")
    took_effect: Callable[[CellStage], bool] = lambda h: True
    winds_in: bool = False
    reads_force: bool = False
    """What is read behind the end is above 20 N, or nothing: the one alarm that is due then."""
    phases: tuple[Phase, ...] = PHASES

    def in_cell(self, phase: Phase, region: str) -> Expected | str:
        """The response required in a phase, or why there is no such cell."""
        if phase not in self.phases or region not in self.regions:
            return "only where it can happen"
        found = self.elsewhere.get(phase, self.expected)
        found = self.lumbar.get(phase, found) if region == "lumbar" else found
        if isinstance(found, str) or region == "cervical":
            return found
        seen_s = found.seen_s
        if self.lumbar_s is not None and found is self.expected:
            seen_s = self.lumbar_s
        return replace(found, seen_s=seen_s, rises_n=STIFFER * found.rises_n)


def fast(seen_s: float, *seen: str, freed: Freed = Freed.ORDER, rises_n: float = 0.0) -> Expected:
    """A fast release within ``seen_s`` seconds."""
    return Expected(
        owed=Owed.FAST, seen=frozenset(seen), seen_s=seen_s, freed=freed, rises_n=rises_n
    )


def ramp(seen_s: float, *seen: str, freed: Freed = Freed.ORDER, rises_n: float = 0.0) -> Expected:
    """A release at the ordered rate within ``seen_s`` seconds."""
    return Expected(
        owed=Owed.RAMP, seen=frozenset(seen), seen_s=seen_s, freed=freed, rises_n=rises_n
    )


def hold(seen_s: float, *seen: str, freed: Freed = Freed.ORDER) -> Expected:
    """A hold within ``seen_s`` seconds, and a release 2 s later."""
    return Expected(owed=Owed.HOLD, seen=frozenset(seen), seen_s=seen_s, freed=freed)


GOES_ON = Expected(owed=Owed.GOES_ON)
RELEASE_GOES_ON = Expected(owed=Owed.NOTHING)
IN_RELEASE: Mapping[Phase, Expected | str] = MappingProxyType({RELEASING: RELEASE_GOES_ON})
"""What calls for a release at most as strong as the one under way changes nothing of it."""
