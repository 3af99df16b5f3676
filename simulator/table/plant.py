"""The mechanics: winch, cord, harness, body and table friction, quasi-static, in 2 ms steps.

Equations: plant.md#equations; parameters: ``bodies``. Newtons, millimetres, seconds; positive force
is tension, positive position is cord wound in. What is *true* here is not what a cell reads.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Final

from simulator.table.bodies import BodyParameters

STEP_S: Final = 0.002
MAX_SPEED_MM_PER_S: Final = 60.0
MAX_ACCELERATION_MM_PER_S2: Final = 400.0
MOTOR_S: Final = 0.05
CELL_S: Final = 0.06
BREATH_HZ: Final = 0.25
FREE_CORD_S: Final = 0.05
JUMP_S: Final = 0.3
SPASM_S: Final = 0.5

_MOTOR_SHARE: Final = 1.0 - math.exp(-STEP_S / MOTOR_S)
_CELL_SHARE: Final = 1.0 - math.exp(-STEP_S / CELL_S)
_FREE_SHARE: Final = 1.0 - math.exp(-STEP_S / FREE_CORD_S)
_MAX_CHANGE: Final = MAX_ACCELERATION_MM_PER_S2 * STEP_S


class TractionPlant:
    """The state of one table with one patient on it.

    ``cord_force_n`` and ``spine_force_n`` are the truth; ``cell_force_n`` is the cord force after
    the 60 ms of a load cell, before noise and rounding. ``hung_n`` is an additional force on the
    cell itself, such as a test weight. ``random`` sets where a breath starts.
    """

    __slots__ = (
        "_breath",
        "_breath_at",
        "_contact_mm",
        "_fast_creep_mm",
        "_slow_creep_mm",
        "_steps",
        "body",
        "brake_on",
        "cell_force_n",
        "clutch_closed",
        "clutch_jammed",
        "cord",
        "cord_force_n",
        "cord_n_per_mm",
        "disturbance_mm",
        "hung_n",
        "jammed",
        "offset_mm",
        "parameters",
        "position_mm",
        "slack_mm",
        "slip_mm_per_step",
        "slip_steps",
        "speed_mm_per_s",
        "spine_force_n",
        "stroke",
        "winch",
    )

    def __init__(self, body: BodyParameters, random: random.Random) -> None:
        self.parameters = body
        self.position_mm = self.speed_mm_per_s = 0.0
        self.cord_force_n = self.spine_force_n = self.cell_force_n = 0.0
        self.hung_n = 0.0
        self.clutch_closed = self.brake_on = False
        self.cord, self.body, self.winch = Cord(self), Body(self), Winch(self)
        self.stroke = Stroke(self)
        self.cord_n_per_mm = body.cord_n_per_mm
        self.slack_mm = body.slack_mm
        self._contact_mm = self._fast_creep_mm = self._slow_creep_mm = self.offset_mm = 0.0
        self.disturbance_mm: list[float] = []
        self.slip_steps, self.slip_mm_per_step = 0, 0.0
        self.jammed = self.clutch_jammed = False
        self._steps = 0
        period = round(1.0 / (BREATH_HZ * STEP_S))
        turn = 2.0 * math.pi / period
        self._breath = tuple(body.breath_mm * math.sin(turn * index) for index in range(period))
        self._breath_at = random.randrange(period)

    @property
    def elapsed_s(self) -> float:
        """Simulated seconds since the start."""
        return self._steps * STEP_S

    def advance(self, steps: int, speed_command_mm_per_s: float) -> None:
        """Run ``steps`` of 2 ms at one speed command.

        An open clutch lets the cord run out freely, unless it is jammed too or a brake holds it.

        One long function on purpose: a session has 450 000 steps, and everything a step touches
        lives in locals.
        """
        if self.slip_steps > 0:
            self.slack_mm += min(steps, self.slip_steps) * self.slip_mm_per_step
            self.slip_steps -= steps
        body = self.parameters
        command = speed_command_mm_per_s
        if command > MAX_SPEED_MM_PER_S:
            command = MAX_SPEED_MM_PER_S
        elif command < -MAX_SPEED_MM_PER_S:
            command = -MAX_SPEED_MM_PER_S
        driven, jammed = self.clutch_closed, self.jammed
        runs_out = not (self.clutch_jammed or self.brake_on)
        x, v, y = self.position_mm, self.speed_mm_per_s, self._contact_mm
        fast, slow, cell = self._fast_creep_mm, self._slow_creep_mm, self.cell_force_n
        low, high, slack = body.stroke_min_mm, body.stroke_mm, self.slack_mm
        k_cord, k_body, friction = self.cord_n_per_mm, body.body_n_per_mm, body.friction_n
        fast_share, slow_share = body.fast_creep_share, body.slow_creep_share
        fast_rate, slow_rate = STEP_S / body.fast_creep_s, STEP_S / body.slow_creep_s
        breath, breath_at, period = self._breath, self._breath_at, len(self._breath)
        disturbance, offset = self.disturbance_mm, self.offset_mm
        pull = stretch = 0.0
        for _ in range(steps):
            before = x
            if driven:
                change = (command - v) * _MOTOR_SHARE
                if change > _MAX_CHANGE:
                    change = _MAX_CHANGE
                elif change < -_MAX_CHANGE:
                    change = -_MAX_CHANGE
                v = 0.0 if jammed else v + change
                x += v * STEP_S
            elif runs_out and x - slack > y:
                x -= (x - slack - y) * _FREE_SHARE
            if x > high:
                x = high
            elif x < low:
                x = low
            if not driven:
                v = (x - before) / STEP_S
            if disturbance:
                offset = disturbance.pop()
            rest = fast + slow - breath[breath_at] - offset
            breath_at = breath_at + 1 if breath_at + 1 < period else 0
            end = x - slack
            pull = k_cord * (end - y) if end > y else 0.0
            excess = pull - k_body * (y - rest)
            if excess > friction or excess < -friction:
                carried = friction if excess > 0.0 else -friction
                y = (k_cord * end + k_body * rest - carried) / (k_cord + k_body)
                if y > end:
                    y = rest - carried / k_body
                pull = k_cord * (end - y) if end > y else 0.0
            stretch = y - rest if y > rest else 0.0
            fast += (fast_share * stretch - fast) * fast_rate
            slow += (slow_share * stretch - slow) * slow_rate
            cell += (pull - cell) * _CELL_SHARE
        self.position_mm, self.speed_mm_per_s, self._contact_mm = x, v, y
        self._fast_creep_mm, self._slow_creep_mm, self.cell_force_n = fast, slow, cell
        self._breath_at, self.offset_mm = breath_at, offset
        self._steps += steps
        if steps:
            self.cord_force_n, self.spine_force_n = pull, k_body * stretch


class Cord:
    """Faults of the cord (fault-script.md)."""

    __slots__ = ("_plant",)

    def __init__(self, plant: TractionPlant) -> None:
        self._plant = plant

    def snap(self) -> None:
        """Break the cord; it never carries force again."""
        self._plant.cord_n_per_mm = 0.0

    def slack(self, mm: float) -> None:
        """Add ``mm`` of loose cord between winch and harness."""
        self._plant.slack_mm += mm


class Stroke:
    """Faults of the winch's remaining travel."""

    __slots__ = ("_plant",)

    def __init__(self, plant: TractionPlant) -> None:
        self._plant = plant

    def limit(self, mm: float) -> None:
        """Leave the winch only ``mm`` inwards: its end switch closes there."""
        plant = self._plant
        plant.parameters = replace(plant.parameters, stroke_mm=plant.position_mm + mm)


class Winch:
    """Faults of the winch. ``free`` ends all of them."""

    __slots__ = ("_only_releasing", "_plant", "_run_in_mm_per_s")

    def __init__(self, plant: TractionPlant) -> None:
        self._plant = plant
        self._run_in_mm_per_s = 0.0
        self._only_releasing = False

    def jam(self, *, clutch: bool = False) -> None:
        """Jam the motor: it cannot turn the drum any more, whatever is ordered.

        The clutch still opens and lets the cord run out, unless ``clutch`` is jammed as well: then
        neither an order nor a loss of power removes the force.
        """
        self._plant.jammed = True
        self._plant.clutch_jammed = clutch

    def run_in(self, speed_mm_per_s: float, *, only_releasing: bool = False) -> None:
        """Wind in at this speed whatever is ordered, while the clutch is closed.

        ``only_releasing``: only in state 5, as with a drive whose direction is wrong there.
        """
        self._run_in_mm_per_s, self._only_releasing = speed_mm_per_s, only_releasing

    def free(self) -> None:
        """Repair the drive: it turns freely, and a brake that holds the cord is opened by hand.

        If the clutch is open the cord runs out.
        """
        self._plant.jammed = self._plant.clutch_jammed = self._plant.brake_on = False
        self._run_in_mm_per_s = 0.0

    def speed_mm_per_s(self, ordered_mm_per_s: float, *, releasing: bool) -> float:
        """Returns the drive's actual speed; positive winds in."""
        if self._run_in_mm_per_s == 0.0 or (self._only_releasing and not releasing):
            return ordered_mm_per_s
        return self._run_in_mm_per_s


class Body:
    """Involuntary movements of the patient's body."""

    __slots__ = ("_plant",)

    def __init__(self, plant: TractionPlant) -> None:
        self._plant = plant

    def slip(self, mm: float, over_s: float = 0.0) -> None:
        """Let the harness slide over the body: ``mm`` more cord is needed for the same force."""
        plant = self._plant
        if over_s > 0.0:
            plant.slip_steps = round(over_s / STEP_S)
            plant.slip_mm_per_step = mm / plant.slip_steps
        else:
            plant.slack_mm += mm

    def stiffness(self, n_per_mm: float) -> None:
        """Change the body's stiffness, as muscles or another position do."""
        plant = self._plant
        plant.parameters = replace(plant.parameters, body_n_per_mm=n_per_mm)

    def jump(self, mm: float) -> None:
        """Cough: the body moves ``mm`` away from the winch and back within 0.3 s."""
        count = round(JUMP_S / STEP_S)
        self._move([mm * math.sin(math.pi * (i + 1) / count) for i in range(count)])

    def spasm(self, n: float) -> None:
        """Pull with ``n`` newtons on a fixed body; reached in 0.5 s, and permanent."""
        mm = n / self._plant.parameters.body_n_per_mm
        count = round(SPASM_S / STEP_S)
        self._move([mm * (i + 1) / count for i in range(count)])

    def _move(self, path_mm: list[float]) -> None:
        plant = self._plant
        start_mm = plant.offset_mm
        plant.disturbance_mm = [start_mm + mm for mm in reversed(path_mm)]
