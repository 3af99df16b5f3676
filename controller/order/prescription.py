"""Prescription: what the clinician ordered, validated once, when it is made.

Source of the numbers: session-rules.md#ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from controller.errors import PrescriptionInvalid

NEWTONS_PER_LBF: Final = 4.4482216152605
NEWTONS_PER_KGF: Final = 9.80665


class Region(Enum):
    """The body region; the number that 0x301 of the reference map expects stands in the bridge."""

    CERVICAL = "cervical"
    LUMBAR = "lumbar"


class Mode(Enum):
    """How the force moves during the treatment."""

    STATIC = "static"
    INTERMITTENT = "intermittent"
    CYCLIC = "cyclic"


class Table(Enum):
    """What the pulled part of the body lies on, as the order declares it."""

    SLIDING = "sliding"
    FLAT = "flat"
    SPLIT = "split"
    ONE_PIECE = "one_piece"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionLimits:
    """Limits that no profile and no order can widen (session-rules.md#ranges).

    ``friction_soft_force_n`` takes the place of ``soft_force_n`` on a friction table, and
    ``soft_force_n`` that of ``hard_force_n`` (decision 0133).
    """

    hard_force_n: float
    soft_force_n: float
    friction_soft_force_n: float
    ramp_up_n_per_s: tuple[float, float]
    tables: tuple[Table, ...]


REGION_LIMITS: dict[Region, RegionLimits] = {
    Region.CERVICAL: RegionLimits(
        hard_force_n=200.0,
        soft_force_n=176.5,
        friction_soft_force_n=102.3,  # session-rules.md#presets: the typical dose, 23 lbf
        ramp_up_n_per_s=(2.0, 20.0),
        tables=(Table.SLIDING, Table.FLAT),
    ),
    Region.LUMBAR: RegionLimits(
        hard_force_n=981.0,
        soft_force_n=294.0,
        friction_soft_force_n=200.0,  # session-rules.md#presets: the template's dose
        ramp_up_n_per_s=(5.0, 50.0),
        tables=(Table.SPLIT, Table.ONE_PIECE),
    ),
}
FREE_TABLES = frozenset({Table.SLIDING, Table.SPLIT})
"""Tables that move with the body: 5 N and 15 N of friction instead of 31 N and 154 N (plant.md)."""
SOFT_LIMIT_BODY_WEIGHT_SHARE: Final = 0.60
LONG_TREATMENT_S: Final = 30 * 60.0
LONGEST_TRACTION_S: Final = 99 * 60.0
"""Steps and treatment together (session-rules.md#ranges)."""
STEPS = (0, 9)
STEP_S = (1.0, 600.0)
LEAST_HOLD_N: Final = 10.0
HOLD_S = (1.0, 99.0)
REST_S = (0.0, 99.0)
TREATMENT_S = (60.0, 99 * 60.0)
PRETENSION_S = (0.0, 60.0)
PRETENSION_MAX_N: Final = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription:
    """Forces in newtons, times in seconds, rates in newtons per second, mass in kilograms.

    A static treatment has ``rest_force_n`` and ``rest_s`` 0 and holds for the whole treatment.
    ``hold_s`` and ``rest_s`` include the ramp that leads into them; in a cyclic treatment they are
    nothing but ramp. ``step_s`` is the time of a step of a static treatment; steps of the other
    modes take hold and rest time. ``treatment_s`` is the time between the progressive and the
    regressive steps. ``table`` None: the order does not say. Raises PrescriptionInvalid.
    """

    region: Region
    mode: Mode
    hold_force_n: float
    treatment_s: float
    ramp_up_n_per_s: float
    ramp_down_n_per_s: float
    rest_force_n: float = 0.0
    hold_s: float = 0.0
    rest_s: float = 0.0
    pretension_force_n: float = 15.0
    pretension_s: float = 10.0
    maximum_force_n: float | None = None
    body_mass_kg: float | None = None
    progressive_steps: int = 0
    regressive_steps: int = 0
    step_s: float = 0.0
    table: Table | None = None

    def __post_init__(self) -> None:
        self._check_table()
        self._check_forces()
        self._check_rates()
        self._check_times()
        self._check_steps()

    @property
    def steps_s(self) -> float:
        """Time of all progressive and regressive steps together, seconds."""
        each_s = self.step_s if self.mode is Mode.STATIC else self.hold_s + self.rest_s
        return (self.progressive_steps + self.regressive_steps) * each_s

    @property
    def traction_s(self) -> float:
        """Progressive steps, treatment and regressive steps together, seconds."""
        return self.treatment_s + self.steps_s

    @property
    def force_limit_n(self) -> float:
        """The largest force that may be ordered in this session, newtons."""
        return self.hold_force_n if self.maximum_force_n is None else self.maximum_force_n

    @property
    def friction_table(self) -> bool:
        """True unless the order declares a table that moves with the body (hazard row 44)."""
        return self.table not in FREE_TABLES

    @property
    def soft_limit_n(self) -> float:
        """The force above which a person must confirm at a terminal, newtons."""
        limits = REGION_LIMITS[self.region]
        free_n = limits.soft_force_n
        if self.region is Region.LUMBAR and self.body_mass_kg is not None:
            free_n = SOFT_LIMIT_BODY_WEIGHT_SHARE * self.body_mass_kg * NEWTONS_PER_KGF
        return min(free_n, limits.friction_soft_force_n) if self.friction_table else free_n

    @property
    def table_text(self) -> str:
        """The table in words; one that may hold the body back is called a friction table."""
        if self.table is None:
            return "friction table (the order does not say which)"
        name = self.table.value.replace("_", "-")
        return f"friction table ({name})" if self.friction_table else f"{name} table"

    @property
    def friction_limit_n(self) -> float:
        """The most that may be ordered on a friction table, newtons.

        Of a force F, at most F / 2 stays in a still body behind the release, whatever the friction
        is: min(friction, F - friction) is largest where the friction is F / 2 (plant.md#equations).
        """
        return REGION_LIMITS[self.region].soft_force_n

    @property
    def hard_limit_n(self) -> float:
        """The most that this order may order, newtons; an undeclared table is asked about."""
        region_n = REGION_LIMITS[self.region].hard_force_n
        declared = self.friction_table and self.table is not None
        return min(region_n, self.friction_limit_n) if declared else region_n

    @property
    def table_is_asked(self) -> bool:
        """True when somebody must see that the table moves with the body.

        The order says so, or it says nothing and orders more than a friction table may get.
        """
        if self.table is None:
            return self.force_limit_n > self.friction_limit_n + 1e-9
        return not self.friction_table

    def _check_table(self) -> None:
        tables = REGION_LIMITS[self.region].tables
        if self.table is not None and self.table not in tables:
            known = ", ".join(f'"{table.value}"' for table in tables)
            raise PrescriptionInvalid(
                f'table="{self.table.value}" does not belong to the {self.region.value} region '
                f"({known}); correct the order"
            )

    def _check_forces(self) -> None:
        hard_n = self.hard_limit_n
        region = f"{self.region.value} region"
        if hard_n < REGION_LIMITS[self.region].hard_force_n:
            region += ", friction table"
        _in_range(
            "hold_force",
            self.hold_force_n,
            LEAST_HOLD_N,
            hard_n,
            "N",
            region,
        )
        _in_range(
            "maximum_force",
            self.force_limit_n,
            self.hold_force_n,
            hard_n,
            "N",
            f"hold force to {region}",
        )
        ceiling_n = min(PRETENSION_MAX_N, self.hold_force_n)
        _in_range("pretension_force", self.pretension_force_n, 0.0, ceiling_n, "N", "pretension")
        if self.body_mass_kg is not None:
            _in_range("body_mass", self.body_mass_kg, 2.0, 350.0, "kg", "body mass")
        if self.mode is Mode.STATIC:
            if self.rest_force_n or self.rest_s or self.hold_s:
                raise PrescriptionInvalid(
                    "rest_force, hold_time and rest_time belong to intermittent and cyclic "
                    'treatments; remove them or order mode = "intermittent"'
                )
            return
        most_n = most_rest_n(self.hold_force_n)
        _in_range(
            "rest_force",
            self.rest_force_n,
            0.0,
            most_n,
            "N",
            "the smaller of 90 % of the hold force and hold force - 10 N",
        )

    def _check_rates(self) -> None:
        low, high = REGION_LIMITS[self.region].ramp_up_n_per_s
        _in_range("ramp_up", self.ramp_up_n_per_s, low, high, "N/s", f"{self.region.value} region")
        _in_range(
            "ramp_down",
            self.ramp_down_n_per_s,
            low,
            2 * self.ramp_up_n_per_s,
            "N/s",
            "at most twice ramp_up",
        )

    def _check_times(self) -> None:
        _in_range("treatment_time", self.treatment_s, *TREATMENT_S, "s", "treatment")
        _in_range("pretension_time", self.pretension_s, *PRETENSION_S, "s", "pretension")
        if self.mode is Mode.STATIC:
            return
        _in_range("hold_time", self.hold_s, *HOLD_S, "s", "hold")
        _in_range("rest_time", self.rest_s, *REST_S, "s", "rest")
        change_n = self.hold_force_n - self.rest_force_n
        _ramp_fits("hold_time", self.hold_s, change_n / self.ramp_up_n_per_s)
        _ramp_fits("rest_time", self.rest_s, change_n / self.ramp_down_n_per_s)

    def _check_steps(self) -> None:
        _in_range("progressive_steps", self.progressive_steps, *STEPS, "steps", "progressive")
        _in_range("regressive_steps", self.regressive_steps, *STEPS, "steps", "regressive")
        steps = self.progressive_steps + self.regressive_steps
        if self.mode is Mode.STATIC and steps:
            _in_range("step_time", self.step_s, *STEP_S, "s", "time of one step")
        elif self.step_s:
            raise PrescriptionInvalid(
                f"step_time={self.step_s:g} s belongs to the steps of a static treatment; other "
                "steps take hold_time and rest_time: remove it or order progressive_steps or "
                'regressive_steps with mode = "static"'
            )
        if self.traction_s > LONGEST_TRACTION_S + 1e-9:
            raise PrescriptionInvalid(
                f"steps ({self.steps_s / 60:g} min) and treatment_time ({self.treatment_s / 60:g} "
                f"min) together exceed {LONGEST_TRACTION_S / 60:g} min; order fewer steps or less "
                "time"
            )


def most_rest_n(hold_n: float) -> float:
    """The largest rest force beside a hold force: at most 90 % of it and 10 N below, newtons."""
    return min(0.9 * hold_n, hold_n - 10.0)


def _in_range(name: str, value: float, low: float, high: float, unit: str, what: str) -> None:
    if not low - 1e-9 <= value <= high + 1e-9:
        raise PrescriptionInvalid(
            f"{name}={value:g} {unit} is outside {low:g} to {high:g} {unit} ({what}); "
            "correct the order"
        )


def _ramp_fits(name: str, part_s: float, ramp_s: float) -> None:
    if ramp_s > part_s + 1e-9:
        raise PrescriptionInvalid(
            f"{name}={part_s:g} s is shorter than its ramp of {ramp_s:.1f} s; "
            "lengthen it, raise the ramp rate or bring the forces closer together"
        )
