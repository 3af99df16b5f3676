"""Draws patients around the columns of plant.md#parameters, with what their bodies do unasked.

Spread (plant.md#parameters): body stiffness x 0.5-2, creep x 0.5-2, friction x 0.3-3, breath 0-1
mm; a cough of 3-8 mm, a spasm of 5-15 mm, a harness that slips by 2-20 mm; a line to the host with
60-200 ms of delay and up to 40 ms of jitter, a cell with 10-80 values a second.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from simulator.table.bodies import BODIES, BodyParameters
from simulator.table.plant import Body

MOVEMENTS = {"cough": (3.0, 8.0), "spasm": (5.0, 15.0), "slip": (2.0, 20.0)}
STILL_SHARE = 0.5
"""Half of the drawn patients lie still; the others do one of the movements once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """The connection between a host and a table without its own loop, both ways together.

    Each way takes half of ``delay_s`` and up to half of ``jitter_s`` more; the load cell's
    transmitter has a new value every ``cell_s``.
    """

    delay_s: float = 0.100
    jitter_s: float = 0.0
    cell_s: float = 0.010


NOMINAL_LINE = HostLine()
"""That of plant.md#reference-results, with a fast cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPatient:
    """A body and its one movement (``still``: none), ``moves_at_s`` into the treatment.

    ``line`` matters if the force loop is the host's.
    """

    number: int
    body: BodyParameters
    movement: str
    movement_mm: float
    moves_at_s: float
    line: HostLine = NOMINAL_LINE

    def move(self, body: Body) -> None:
        """Make the movement; the spasm is given as the force that it would need on a fixed body."""
        if self.movement == "cough":
            body.jump(self.movement_mm)
        elif self.movement == "slip":
            body.slip(self.movement_mm)
        elif self.movement == "spasm":
            body.spasm(self.movement_mm * self.body.body_n_per_mm)


def nominal_patient(body_name: str) -> DrawnPatient:
    """The patient of the column of plant.md#parameters, lying still."""
    return DrawnPatient(
        number=0, body=BODIES[body_name], movement="still", movement_mm=0.0, moves_at_s=0.0
    )


def draw_patients(body_name: str, count: int, seed: int) -> list[DrawnPatient]:
    """``count`` patients on the table ``body_name``; the same seed draws the same ones."""
    source = random.Random(f"{body_name}/{seed}")
    lines = random.Random(f"{body_name}/line/{seed}")
    return [
        replace(draw_patient(BODIES[body_name], source, number), line=_drawn_line(lines))
        for number in range(1, count + 1)
    ]


def _drawn_line(source: random.Random) -> HostLine:
    return HostLine(
        delay_s=source.uniform(0.060, 0.200),
        jitter_s=source.uniform(0.0, 0.040),
        cell_s=1.0 / source.uniform(10.0, 80.0),
    )


def draw_patient(body: BodyParameters, source: random.Random, number: int = 1) -> DrawnPatient:
    """One patient around the column ``body``, with a movement between 90 s and 130 s."""
    creep = _spread(source, 0.5, 2.0)
    drawn = replace(
        body,
        body_n_per_mm=body.body_n_per_mm * _spread(source, 0.5, 2.0),
        fast_creep_share=body.fast_creep_share * creep,
        slow_creep_share=body.slow_creep_share * creep,
        friction_n=body.friction_n * _spread(source, 0.3, 3.0),
        breath_mm=source.uniform(0.0, 1.0),
    )
    movement = "still" if source.random() < STILL_SHARE else source.choice(sorted(MOVEMENTS))
    low_mm, high_mm = MOVEMENTS.get(movement, (0.0, 0.0))
    return DrawnPatient(
        number=number,
        body=drawn,
        movement=movement,
        movement_mm=source.uniform(low_mm, high_mm),
        moves_at_s=source.uniform(90.0, 130.0),
    )


def _spread(source: random.Random, low: float, high: float) -> float:
    """A factor that is as often below 1 as above, uniform on either side."""
    return source.uniform(low, 1.0) if source.random() < 0.5 else source.uniform(1.0, high)
