"""Bodies and tables: the parameters of the mechanics (plant.md#parameters)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyParameters:
    """One column of the table; ``stroke_min_mm`` is ours: a parked winch is off its end switch."""

    name: str
    cord_n_per_mm: float = 20.0
    body_n_per_mm: float
    friction_n: float
    breath_mm: float
    fast_creep_share: float = 0.25
    fast_creep_s: float = 26.0
    slow_creep_share: float = 0.35
    slow_creep_s: float = 450.0
    slack_mm: float = 8.0
    stroke_min_mm: float = -20.0
    stroke_mm: float = 300.0

    @property
    def series_n_per_mm(self) -> float:
        """Stiffness of cord and body in series, newtons per millimetre."""
        return 1.0 / (1.0 / self.cord_n_per_mm + 1.0 / self.body_n_per_mm)


CERVICAL_SLIDING = BodyParameters(
    name="cervical_sliding", body_n_per_mm=6.0, friction_n=5.0, breath_mm=0.25
)
CERVICAL_FLAT = BodyParameters(
    name="cervical_flat", body_n_per_mm=6.0, friction_n=31.0, breath_mm=0.25
)
LUMBAR_SPLIT = BodyParameters(
    name="lumbar_split", body_n_per_mm=12.0, friction_n=15.0, breath_mm=0.5
)
LUMBAR_ONE_PIECE = BodyParameters(
    name="lumbar_one_piece", body_n_per_mm=12.0, friction_n=154.0, breath_mm=0.5
)
TEST_FIXTURE = BodyParameters(
    name="test_fixture",
    body_n_per_mm=1e6,
    friction_n=0.0,
    breath_mm=0.0,
    fast_creep_share=0.0,
    slow_creep_share=0.0,
    slack_mm=2.0,
)
BODIES = {
    body.name: body
    for body in (CERVICAL_SLIDING, CERVICAL_FLAT, LUMBAR_SPLIT, LUMBAR_ONE_PIECE, TEST_FIXTURE)
}
