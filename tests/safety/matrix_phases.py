"""The phases of the matrix: what is ordered, when a fault is injected, and the force then."""

from __future__ import annotations

from dataclasses import dataclass

CYCLE = {
    "cervical": {"hold": 100.0, "rest": 50.0, "up": 20.0, "down": 20.0, "rest_s": 10.0},
    "lumbar": {"hold": 280.0, "rest": 140.0, "up": 50.0, "down": 60.0, "rest_s": 10.0},
}
SLOW_DOWN_N_PER_S = 5.0
SLOW_REST_S = {"cervical": 12.0, "lumbar": 30.0}
PRETENSION_N = 15.0
PRETENSION_S = 4.0
HOLD_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """``shown`` is what a display shows then; the fault is injected ``after_s`` into the phase.

    ``pulls``: the force is above 15 N, so that a release can be observed.
    """

    name: str
    shown: tuple[str, ...]
    after_s: float
    pulls: bool = True
    does: tuple[tuple[float, str], ...] = ()
    slow: bool = False
    at_the_end: bool = False


SLACK = Phase(name="slack take-up", shown=("taking_up_slack",), after_s=0.5, pulls=False)
PRETENSION = Phase(name="pretension", shown=("pretensioning",), after_s=2.5, pulls=False)
RAMP_UP = Phase(name="ramping up", shown=("ramping_up",), after_s=1.5)
HOLD = Phase(name="hold", shown=("holding",), after_s=3.0)
RAMP_DOWN = Phase(name="ramping down", shown=("ramping_down",), after_s=0.5)
REST = Phase(name="rest", shown=("resting",), after_s=2.0)
PAUSE = Phase(name="pause", shown=("paused",), after_s=2.0, does=((9.0, "pause"), (39.0, "resume")))
RELEASING = Phase(
    name="releasing", shown=("releasing",), after_s=2.0, does=((12.0, "end"),), slow=True
)
AWAITING_END = Phase(
    name="awaiting the end", shown=("completed",), after_s=3.0, pulls=False, at_the_end=True
)
ARMING = Phase(name="arming", shown=("behind the arming",), after_s=0.0, pulls=False)
BEFORE_ARMING = Phase(name="arming", shown=("before the arming",), after_s=0.0, pulls=False)
PHASES = (
    SLACK,
    PRETENSION,
    RAMP_UP,
    HOLD,
    RAMP_DOWN,
    REST,
    PAUSE,
    RELEASING,
    AWAITING_END,
    ARMING,
)
FORCED = (RAMP_UP, HOLD, RAMP_DOWN, REST, PAUSE)
"""Phases in which a treatment pulls."""


def down_n_per_s(phase: Phase, region: str) -> float:
    """The ordered rate of a release, newtons per second."""
    return SLOW_DOWN_N_PER_S if phase.slow else CYCLE[region]["down"]


def ceiling_n(region: str) -> float:
    """The highest ordered force (0x206), newtons."""
    return CYCLE[region]["hold"]


def order_of(phase: Phase, region: str) -> str:
    """The order file of a cell."""
    cycle = CYCLE[region]
    rest_s = SLOW_REST_S[region] if phase.slow else cycle["rest_s"]
    return f"""
patient_reference = "MATRIX"
region = "{region}"
mode = "intermittent"
hold_force = "{cycle["hold"]} N"
rest_force = "{cycle["rest"]} N"
hold_time = "{HOLD_S} s"
rest_time = "{rest_s} s"
treatment_time = "1 min"
ramp_up = "{cycle["up"]} N/s"
ramp_down = "{down_n_per_s(phase, region)} N/s"
pretension_force = "{PRETENSION_N} N"
pretension_time = "{PRETENSION_S} s"
screening = "examiner"
"""


def script_of(phase: Phase, region: str) -> str:
    """The operator's requests; seconds since the first ramp."""
    return "".join(
        f'[[step]]\nat = "{at_s} s"\ndo = "{do}"\nby = "examiner"\n' for at_s, do in phase.does
    )
