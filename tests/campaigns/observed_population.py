"""Draws what a load cell beside a closed table has to recognise: a body, a panel and an instrument.

Bodies are those of the acceptance population (``population``), with or without a cough. The panel
has what manuals of clinic tables offer: static, intermittent, stepped and cyclic treatments of both
regions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import pairwise

from controller.errors import PrescriptionInvalid
from controller.order.planner import TreatmentPlan, plan
from controller.order.prescription import Mode, Prescription, Region, Table
from simulator.table.bodies import BODIES, BodyParameters
from tests.campaigns.population import draw_patient

CLASSES = ("static", "intermittent", "static stepped", "intermittent stepped", "cyclic")
BODY_NAMES = ("cervical_sliding", "cervical_flat", "lumbar_split", "lumbar_one_piece")
HOLD_N = {"cervical": (44.0, 150.0), "lumbar": (100.0, 400.0)}
RATES_UP = {"cervical": (2.0, 10.0), "lumbar": (5.0, 30.0)}
RATES_HZ = (10.0, 20.0)
DIVISIONS_N = (0.1, 0.2, 0.5, 1.0)
"""What one step of a display is worth; a transmitter for a cell of 1 or 2 kN has 0.1 to 1 N."""
LEAST_CHANGE_N = 10.0
"""A smaller one is what a breath does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A load cell with its reader: noise is that of ``load_cell`` (0.3 N), drift in N a minute."""

    rate_hz: float
    division_n: float
    drift_n_per_min: float
    zero_n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCase:
    """One session of the campaign; ``coughs_at_s`` counts from the first ramp."""

    seed: int
    kind: str
    body: BodyParameters
    panel: TreatmentPlan
    instrument: Instrument
    coughs_at_s: tuple[float, ...]
    cough_mm: float


def draw_case(seed: int, *, minutes: int | None = None) -> ObservedCase:
    """The session of a seed; kinds and bodies take turns, so that each occurs equally often.

    ``minutes`` replaces the drawn treatment time.
    """
    source = random.Random(f"observed/{seed}")
    kind = CLASSES[seed % len(CLASSES)]
    name = BODY_NAMES[seed // len(CLASSES) % len(BODY_NAMES)]
    body = draw_patient(BODIES[name], source).body
    panel = _panel(kind, name, source, minutes)
    coughs = source.choice((0, 0, 1, 3))
    return ObservedCase(
        seed=seed,
        kind=kind,
        body=replace(body, slack_mm=source.uniform(1.0, 16.0)),
        panel=panel,
        instrument=_instrument(source),
        coughs_at_s=tuple(
            sorted(source.uniform(1.0, panel.profile.end_s - 1.0) for _ in range(coughs))
        ),
        cough_mm=source.uniform(3.0, 8.0),
    )


def _panel(kind: str, body: str, source: random.Random, minutes: int | None) -> TreatmentPlan:
    """A panel on which every ordered change of force is at least ``LEAST_CHANGE_N``.

    What no panel accepts, a step shorter than its ramp, is drawn again.
    """
    while True:
        order = _order(kind, body, source)
        try:
            panel = plan(order if minutes is None else replace(order, treatment_s=60.0 * minutes))
        except PrescriptionInvalid:
            continue
        levels = [
            level_n
            for _, level_n in sorted(
                {s.part: s.end_force_n for s in panel.profile.segments}.items()
            )
        ]
        whole = levels[:-1] if kind in ("intermittent", "cyclic") else levels
        if all(abs(a - b) >= LEAST_CHANGE_N for a, b in pairwise(whole)):
            return panel


def _instrument(source: random.Random) -> Instrument:
    return Instrument(
        rate_hz=source.choice(RATES_HZ),
        division_n=source.choice(DIVISIONS_N),
        drift_n_per_min=source.uniform(-0.2, 0.2),
        zero_n=source.uniform(-1.0, 1.0),
    )


def _order(kind: str, body: str, source: random.Random) -> Prescription:
    region = Region.CERVICAL if body.startswith("cervical") else Region.LUMBAR
    hold_n = round(source.uniform(*HOLD_N[region.value]), 1)
    up = round(source.uniform(*RATES_UP[region.value]), 1)
    down = round(up * source.uniform(1.0, 2.0), 1)
    steps = _steps(hold_n, source) if "stepped" in kind else (0, 0)
    static = kind.startswith("static")
    rest_n = 0.0 if static else round(min(hold_n - 15.0, hold_n * source.uniform(0.1, 0.8)), 1)
    ramp_s = hold_n / min(up, down)
    hold_s = 0.0 if static else round(ramp_s + source.uniform(5.0, 60.0))
    rest_s = 0.0 if static else round(ramp_s + source.uniform(5.0, 20.0))
    return Prescription(
        region=region,
        mode={"static": Mode.STATIC, "cyclic": Mode.CYCLIC}.get(
            kind.partition(" ")[0], Mode.INTERMITTENT
        ),
        table=Table.SPLIT if region is Region.LUMBAR else Table.SLIDING,
        hold_force_n=hold_n,
        rest_force_n=rest_n,
        hold_s=min(99.0, hold_s),
        rest_s=min(99.0, rest_s),
        treatment_s=60.0 * source.randint(4, 10),
        ramp_up_n_per_s=up,
        ramp_down_n_per_s=down,
        pretension_s=round(source.uniform(5.0, 20.0)),
        progressive_steps=steps[0],
        regressive_steps=steps[1],
        step_s=round(source.uniform(20.0, 60.0)) if static and any(steps) else 0.0,
    )


def _steps(hold_n: float, source: random.Random) -> tuple[int, int]:
    """Numbers of steps up and down."""
    most = max(1, min(6, int((hold_n - 15.0) / LEAST_CHANGE_N) - 1))
    return source.randint(1, most), source.randint(0, most)
