"""Prescription: what the clinician ordered, validated once, when it is made.

Source of the numbers: session-rules.md#ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from controller.errors import Bounds, OrderFault, PrescriptionInvalid

NEWTONS_PER_LBF: Final = 4.4482216152605
NEWTONS_PER_KGF: Final = 9.80665


class Region(Enum):
    """The body region; its number for 0x301 of the reference map is in the bridge."""

    CERVICAL = "cervical"
    LUMBAR = "lumbar"


class Mode(Enum):
    """How the force moves during the treatment."""

    STATIC = "static"
    INTERMITTENT = "intermittent"
    CYCLIC = "cyclic"


class Table(Enum):
    """What the treated part of the body lies on, as the order declares it."""

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
STEPS: Final = Bounds(low=0, high=9, unit="steps", whose="before or after the treatment")
STEP_S: Final = Bounds(low=1.0, high=600.0, unit="s", whose="time of one step")
LEAST_HOLD_N: Final = 10.0
HOLD_S: Final = Bounds(low=1.0, high=99.0, unit="s", whose="hold")
REST_S: Final = Bounds(low=0.0, high=99.0, unit="s", whose="rest")
TREATMENT_S: Final = Bounds(low=60.0, high=99 * 60.0, unit="s", whose="treatment")
PRETENSION_S: Final = Bounds(low=0.0, high=60.0, unit="s", whose="pretension")
PRETENSION_MAX_N: Final = 50.0
BODY_MASS: Final = Bounds(low=2.0, high=350.0, unit="kg", whose="body mass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription:
    """Forces in newtons, times in seconds, rates in newtons per second, mass in kilograms.

    A static treatment has ``rest_force_n`` and ``rest_s`` 0 and holds for the whole treatment.
    ``hold_s`` and ``rest_s`` include the ramp that leads into them; in a cyclic treatment they are
    only ramp. ``step_s`` is the time of a step of a static treatment; steps of the other modes take
    hold and rest time. ``treatment_s`` is the time between the progressive and the regressive
    steps. ``table`` None: the order does not say. Raises PrescriptionInvalid.
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
        if faults := tuple(self._faults()):
            raise PrescriptionInvalid.of_faults(faults)

    @property
    def steps_s(self) -> float:
        """Returns the time of all progressive and regressive steps together, seconds."""
        each_s = self.step_s if self.mode is Mode.STATIC else self.hold_s + self.rest_s
        return (self.progressive_steps + self.regressive_steps) * each_s

    @property
    def traction_s(self) -> float:
        """Returns progressive steps, treatment and regressive steps together, seconds."""
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
        """Returns the table as text; one that may hold the body back is called a friction table."""
        if self.table is None:
            return "friction table (the order does not say which)"
        name = self.table.value.replace("_", "-")
        return f"friction table ({name})" if self.friction_table else f"{name} table"

    @property
    def friction_limit_n(self) -> float:
        """The largest force that may be ordered on a friction table, newtons.

        Of a force F, at most F / 2 stays in a still body after the release, whatever the friction
        is: min(friction, F - friction) is largest if the friction is F / 2 (plant.md#equations).
        """
        return REGION_LIMITS[self.region].soft_force_n

    @property
    def hard_limit_n(self) -> float:
        """The largest force of this order, newtons; for an undeclared table a person is asked."""
        region_n = REGION_LIMITS[self.region].hard_force_n
        declared = self.friction_table and self.table is not None
        return min(region_n, self.friction_limit_n) if declared else region_n

    @property
    def table_is_asked(self) -> bool:
        """True if somebody must check that the table moves with the body.

        The order says so, or it says nothing and orders more than a friction table allows.
        """
        if self.table is None:
            return self.force_limit_n > self.friction_limit_n + 1e-9
        return not self.friction_table

    def _faults(self) -> Iterator[OrderFault]:
        """Yields every rule that is broken; rules over several keys only if each key is right."""
        each = [
            *self._table_faults(),
            *self._force_faults(),
            *self._rate_faults(),
            *self._time_faults(),
            *self._step_faults(),
        ]
        yield from each
        wrong = {fault.key for fault in each}
        for fault in (*self._ramp_faults(), *self._total_faults()):
            if not fault.rests_on & wrong:
                yield fault

    def _table_faults(self) -> Iterator[OrderFault]:
        tables = REGION_LIMITS[self.region].tables
        if self.table is not None and self.table not in tables:
            known = ", ".join(f'"{table.value}"' for table in tables)
            yield OrderFault(
                key="table",
                value=f'"{self.table.value}"',
                what=f"does not belong to the {self.region.value} region ({known}); "
                "correct the order",
                rests_on=frozenset({"table", "region"}),
            )

    def _force_faults(self) -> Iterator[OrderFault]:
        hard_n = self.hard_limit_n
        region = f"{self.region.value} region"
        if hard_n < REGION_LIMITS[self.region].hard_force_n:
            region += ", friction table"
        given = Bounds(low=LEAST_HOLD_N, high=hard_n, unit="N", whose=region)
        yield from _in_range("hold_force", self.hold_force_n, given, "region", "table")
        if self.maximum_force_n is not None:
            low_n = min(self.hold_force_n, hard_n)
            most = Bounds(low=low_n, high=hard_n, unit="N", whose=f"hold force to {region}")
            keys = ("hold_force", "region", "table")
            yield from _in_range("maximum_force", self.maximum_force_n, most, *keys)
        ceiling_n = max(0.0, min(PRETENSION_MAX_N, self.hold_force_n))
        light = Bounds(low=0.0, high=ceiling_n, unit="N", whose="pretension")
        yield from _in_range("pretension_force", self.pretension_force_n, light, "hold_force")
        if self.body_mass_kg is not None:
            yield from _in_range("body_mass", self.body_mass_kg, BODY_MASS)
        if self.mode is Mode.STATIC:
            yield from self._faults_of_static()
        elif self.hold_force_n >= LEAST_HOLD_N:
            high_n = most_rest_n(self.hold_force_n)
            whose = "the smaller of 90 % of the hold force and hold force - 10 N"
            rest = Bounds(low=0.0, high=high_n, unit="N", whose=whose)
            yield from _in_range("rest_force", self.rest_force_n, rest, "hold_force", "mode")

    def _faults_of_static(self) -> Iterator[OrderFault]:
        given = {
            "rest_force": f"{self.rest_force_n:g} N" if self.rest_force_n else "",
            "hold_time": f"{self.hold_s:g} s" if self.hold_s else "",
            "rest_time": f"{self.rest_s:g} s" if self.rest_s else "",
        }
        for key, value in given.items():
            if value:
                yield OrderFault(
                    key=key,
                    value=value,
                    what="belongs to intermittent and cyclic treatments; remove it or order "
                    'mode = "intermittent"',
                    rests_on=frozenset({key, "mode"}),
                )

    def _rate_faults(self) -> Iterator[OrderFault]:
        low, high = REGION_LIMITS[self.region].ramp_up_n_per_s
        up = Bounds(low=low, high=high, unit="N/s", whose=f"{self.region.value} region")
        yield from _in_range("ramp_up", self.ramp_up_n_per_s, up, "region")
        most = max(low, 2 * self.ramp_up_n_per_s)
        down = Bounds(low=low, high=most, unit="N/s", whose="at most twice ramp_up")
        yield from _in_range("ramp_down", self.ramp_down_n_per_s, down, "ramp_up", "region")

    def _time_faults(self) -> Iterator[OrderFault]:
        yield from _in_range("treatment_time", self.treatment_s, TREATMENT_S)
        yield from _in_range("pretension_time", self.pretension_s, PRETENSION_S)
        if self.mode is not Mode.STATIC:
            yield from _in_range("hold_time", self.hold_s, HOLD_S, "mode")
            yield from _in_range("rest_time", self.rest_s, REST_S, "mode")

    def _ramp_faults(self) -> Iterator[OrderFault]:
        if self.mode is Mode.STATIC:
            return
        up, down = self.ramp_up_n_per_s, self.ramp_down_n_per_s
        change_n = self.hold_force_n - self.rest_force_n
        if up > 0.0:
            yield from _ramp_fits("hold_time", self.hold_s, change_n / up, "ramp_up")
        if down > 0.0:
            yield from _ramp_fits("rest_time", self.rest_s, change_n / down, "ramp_down")

    def _step_faults(self) -> Iterator[OrderFault]:
        yield from _in_range("progressive_steps", self.progressive_steps, STEPS)
        yield from _in_range("regressive_steps", self.regressive_steps, STEPS)
        steps = self.progressive_steps + self.regressive_steps
        keys = ("progressive_steps", "regressive_steps", "mode")
        if self.mode is Mode.STATIC and steps:
            yield from _in_range("step_time", self.step_s, STEP_S, *keys)
        elif self.step_s:
            yield OrderFault(
                key="step_time",
                value=f"{self.step_s:g} s",
                what="belongs to the steps of a static treatment; other steps take hold_time and "
                "rest_time: remove it or order progressive_steps or regressive_steps with "
                'mode = "static"',
                rests_on=frozenset({"step_time", *keys}),
            )

    def _total_faults(self) -> Iterator[OrderFault]:
        if self.traction_s > LONGEST_TRACTION_S + 1e-9:
            steps = {"progressive_steps", "regressive_steps", "step_time"}
            times = {"hold_time", "rest_time", "treatment_time", "mode"}
            yield OrderFault(
                key="treatment_time",
                value=f"{self.treatment_s:g} s",
                what=f"and the steps ({self.steps_s / 60:g} min) together exceed "
                f"{LONGEST_TRACTION_S / 60:g} min; order fewer steps or less time",
                rests_on=frozenset(steps | times),
            )


def most_rest_n(hold_n: float) -> float:
    """Returns the largest rest force: at most 90 % of the hold force and 10 N below, newtons."""
    return min(0.9 * hold_n, hold_n - 10.0)


def _in_range(key: str, value: float, bounds: Bounds, *others: str) -> Iterator[OrderFault]:
    """Yields a fault unless ``value`` is within; ``others`` are the keys behind the bounds."""
    if not bounds.low - 1e-9 <= value <= bounds.high + 1e-9:
        yield OrderFault(
            key=key,
            value=f"{value:g} {bounds.unit}",
            what=f"is outside {bounds}; correct the order",
            rests_on=frozenset({key, *others}),
            bounds=bounds,
        )


def _ramp_fits(key: str, part_s: float, ramp_s: float, rate: str) -> Iterator[OrderFault]:
    if ramp_s > part_s + 1e-9:
        yield OrderFault(
            key=key,
            value=f"{part_s:g} s",
            what=f"is shorter than its ramp of {ramp_s:.1f} s; lengthen it, raise the ramp rate "
            "or bring the forces closer together",
            rests_on=frozenset({key, "hold_force", "rest_force", rate, "region", "mode"}),
        )
