"""Draws sound sessions: a patient, an order, requests, a unit and a line without a fault.

Patients are those of the acceptance population (``population``), with their movement in any phase.
A unit may do what the reference map leaves open: how often and in which steps it renews the
register of the set-point in effect, whether it reads or writes first, and whether it enters state 5
again at each release order. A line may drop or corrupt at most two exchanges in any 10 s, which a
session must tolerate (hazards.md, row 2).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from simulator.table.bodies import BODIES
from tests.campaigns.population import MOVEMENTS, STILL_SHARE, DrawnPatient, draw_patient

TABLES = ("cervical_sliding", "cervical_flat", "lumbar_split", "lumbar_one_piece")
MODES = ("intermittent", "static", "cyclic", "progressive", "static_progressive")
HOLD_N = {"cervical": (40.0, 178.0), "lumbar": (80.0, 450.0)}
RATES_UP = {"cervical": (5.0, 10.0), "lumbar": (10.0, 30.0)}
"""Up to those of plant.md#parameters; down at most twice as fast."""
MOST_N = {"cervical": 190.0, "lumbar": 500.0}
LEAST_RATE_DOWN = {"cervical": 5.0, "lumbar": 10.0}
SLACK_MM = (1.0, 16.0)
"""Cord that lies loose before the take-up; below the 20 mm at which row 15 ends a session."""
LOST_WINDOW_S = 10.0
LOST_IN_WINDOW = 2
LOST_KINDS = ("answer", "request", "garbled", "late")
LATEST_S = 700.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitVariant:
    """Permitted behaviour of a unit.

    Seconds, newtons; a period of 0 renews with every device cycle.
    """

    set_point_period_s: float
    set_point_step_n: float
    set_point_phase_s: float
    reads_first: bool
    reenters_release: bool
    baudrate: int

    @property
    def words(self) -> str:
        """One line for a list."""
        order = "reads first" if self.reads_first else "writes first"
        again = ", enters 5 again" if self.reenters_release else ""
        period_ms = 1000 * self.set_point_period_s or 10
        return (
            f"0x108 each {period_ms:.0f} ms in {self.set_point_step_n:g} N, {order}{again}, "
            f"{self.baudrate} Bd"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundLine:
    """A line: (seconds since its opening, kind) of its faults; answers come late by jitter."""

    spoiled: tuple[tuple[float, str], ...]
    jitter_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSession:
    """All parts of a session; the movement comes ``moves_after_s`` into its first such phase."""

    seed: int
    table: str
    mode: str
    patient: DrawnPatient
    order: str
    script: str
    moves_in: str
    moves_after_s: float
    unit: UnitVariant
    line: SoundLine

    @property
    def region(self) -> str:
        """The region of the table."""
        return self.table.partition("_")[0]


def draw_session(seed: int, *, ends_at_s: float | None = None) -> SoundSession:
    """The session of a seed; with ``ends_at_s`` its operator ends the treatment early."""
    source = random.Random(f"sound/{seed}")
    table, mode = source.choice(TABLES), source.choice(MODES)
    order = _Order(table.partition("_")[0], mode, source)
    pauses = source.random() < 0.4
    patient, moves_in = _moving(table, mode, pauses, source)
    return SoundSession(
        seed=seed,
        table=table,
        mode=mode,
        patient=patient,
        order=order.text,
        script=_script(order, source, pauses=pauses, ends_at_s=ends_at_s),
        moves_in=moves_in,
        moves_after_s=source.uniform(0.0, 4.0),
        unit=_unit(source),
        line=_line(source),
    )


def _moving(table: str, mode: str, pauses: bool, source: random.Random) -> tuple[DrawnPatient, str]:
    patient = draw_patient(BODIES[table], source)
    still = source.random() < STILL_SHARE
    movement = "still" if still else source.choice(sorted(MOVEMENTS))
    low_mm, high_mm = MOVEMENTS.get(movement, (0.0, 0.0))
    phases = ["pretensioning", "ramping_up"]
    phases += ["holding"] if mode != "cyclic" else []
    phases += ["resting"] if mode in ("intermittent", "progressive") else []
    phases += ["ramping_down"] if mode != "static" else []
    phases += ["paused"] * 3 if pauses else []
    return replace(
        patient,
        body=replace(patient.body, slack_mm=source.uniform(*SLACK_MM)),
        movement=movement,
        movement_mm=source.uniform(low_mm, high_mm),
    ), source.choice(phases)


class _Order:
    """A drawn order file, and the values that the requests need."""

    def __init__(self, region: str, mode: str, source: random.Random) -> None:
        self.region, self.mode = region, mode
        self.hold_n = round(source.uniform(*HOLD_N[region]), 1)
        self.rest_n = round(self.hold_n * source.uniform(0.1, 0.8), 1)
        self.rest_n = min(self.rest_n, round(self.hold_n - 10.5, 1))
        self.up = round(source.uniform(*RATES_UP[region]), 1)
        self.down = round(source.uniform(LEAST_RATE_DOWN[region], 2.0 * self.up), 1)
        self.pretension_n = round(source.uniform(10.0, min(40.0, self.hold_n)), 1)
        self.pretension_s = round(source.uniform(1.0, 6.0), 1)
        self.text = "\n".join([*self._common(), *self._of_mode(source)]) + "\n"

    def _common(self) -> list[str]:
        static = self.mode.startswith("static")
        mode = "static" if static else "cyclic" if self.mode == "cyclic" else "intermittent"
        return [
            'patient_reference = "CAMPAIGN"',
            f'region = "{self.region}"',
            f'mode = "{mode}"',
            f'hold_force = "{self.hold_n} N"',
            f'maximum_force = "{min(self.hold_n + 10.0, MOST_N[self.region]):.1f} N"',
            'treatment_time = "1 min"',
            f'ramp_up = "{self.up} N/s"',
            f'ramp_down = "{self.down} N/s"',
            f'pretension_force = "{self.pretension_n} N"',
            f'pretension_time = "{self.pretension_s} s"',
            'screening = "examiner"',
        ]

    def _of_mode(self, source: random.Random) -> list[str]:
        if self.mode == "static":
            return []
        if self.mode == "static_progressive":
            steps_s = round(max(5.0, self.hold_n / min(self.up, self.down) + 2.0), 1)
            steps = source.randint(1, 2)
            return [
                f"progressive_steps = {steps}",
                "regressive_steps = 1",
                f'step_time = "{steps_s} s"',
            ]
        lines = self._cycle(source)
        if self.mode == "progressive":
            lines.append("progressive_steps = 1")
        return lines

    def _cycle(self, source: random.Random) -> list[str]:
        up_s, down_s = self.hold_n / self.up, self.hold_n / self.down
        dwell_s = 0.5 if self.mode == "cyclic" else source.uniform(3.0, 10.0)
        return [
            f'rest_force = "{self.rest_n} N"',
            f'hold_time = "{up_s + dwell_s:.1f} s"',
            f'rest_time = "{down_s + dwell_s:.1f} s"',
        ]


def _script(order: _Order, source: random.Random, *, pauses: bool, ends_at_s: float | None) -> str:
    steps: list[tuple[float, str, str]] = []
    if pauses:
        at_s = source.uniform(2.0, 20.0)
        steps += [
            (at_s, "pause", "turns the head"),
            (at_s + source.uniform(3.0, 15.0), "resume", ""),
        ]
    if source.random() < 0.4:
        steps.append((source.uniform(4.0, 40.0), f"-{source.randint(2, 15)} N", "asked for less"))
    if source.random() < 0.3:
        more_n = max(1, int(min(9.0, 0.07 * order.hold_n)))
        steps.append((source.uniform(4.0, 40.0), f"+{more_n} N", "bears more"))
    if ends_at_s is not None:
        steps.append((ends_at_s, "end", "short form"))
    return "".join(
        f'[[step]]\nat = "{at_s:.2f} s"\ndo = "{do}"\nby = "examiner"\nreason = "{reason}"\n'
        for at_s, do, reason in sorted(steps)
    )


def _unit(source: random.Random) -> UnitVariant:
    period_s = source.choice((0.0, 0.02, 0.05, 0.07, 0.1, 0.125, 0.15, 0.2, 0.25))
    return UnitVariant(
        set_point_period_s=period_s,
        set_point_step_n=source.choice((0.1, 0.1, 0.2, 0.5, 1.0)),
        set_point_phase_s=source.uniform(0.0, period_s),
        reads_first=source.random() < 0.5,
        reenters_release=source.random() < 0.25,
        baudrate=source.choice((38400, 38400, 19200)),
    )


def _line(source: random.Random) -> SoundLine:
    """Half of the lines are perfect; others disturb at most two exchanges in any 10 s."""
    spoiled: list[tuple[float, str]] = []
    mean_s = 0.0 if source.random() < 0.5 else source.choice((8.0, 15.0, 40.0))
    at_s = 0.0
    while mean_s and at_s < LATEST_S:
        at_s += source.expovariate(1.0 / mean_s)
        if len(spoiled) >= LOST_IN_WINDOW:
            earliest_s = spoiled[-LOST_IN_WINDOW][0] + LOST_WINDOW_S + 0.5
            at_s = max(at_s, earliest_s)
        spoiled.append((at_s, source.choice(LOST_KINDS)))
    jitter_s = source.choice((0.0, 0.001, 0.004))
    return SoundLine(spoiled=tuple(spoiled), jitter_s=jitter_s)
