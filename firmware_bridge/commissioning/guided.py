"""The weight test and the step test, guided step by step for the person who hangs the weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from controller.errors import InstrumentFaulted, LinkError, LinkLost, UnitFaulted
from controller.ports import Clock
from controller.start.self_check import CheckItem, CheckState, judged
from firmware_bridge.commissioning.items import fault_item
from firmware_bridge.commissioning.readings import ForceReader, Reading, Watched, fall_time_s, watch
from firmware_bridge.commissioning.weight import (
    TOLERANCE_N,
    expected_force_n,
    judge_weight,
    tolerance_n,
)

LOADED_S: Final = 2.0
"""How long the hanging weight is read; a value constant for longer is stuck (hazards.md, row 6)."""
SETTLE_S: Final = 1.0
"""Added to the profile's settling time until hand and weight are still; our choice."""
LIFT_WAIT_S: Final = 60.0
"""As long as a person may look for a loose plug in an observed session."""
STEP_LIMIT_S: Final = 1.0
"""A fall within a second is a sudden release, which a slower instrument would hide."""


SHOWN_BY_WEIGHT: Final = frozenset({"unit", "word_order", "noise"})
"""Items that the wire may leave open and that a weight read correctly and lifted off settles."""


class Guide(Protocol):
    """Instructs a person and waits until the step is done."""

    def ask(self, text: str) -> None:
        """Wait until the person confirms; raises RequestRefused if they give up."""

    def tell(self, text: str) -> None:
        """Show the text without waiting; the force shows what the person does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLoad:
    """The hanging weight (kg) and the capacity of the cell (N).

    ``settling_s``: how long the instrument takes to show a step, according to its profile.
    """

    weight_kg: float
    capacity_n: float
    settling_s: float

    @property
    def expected_n(self) -> float:
        """Returns the force of the weight."""
        return expected_force_n(self.weight_kg)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTested:
    """The result. ``added_n``: by channel, empty if the instrument gave no reading."""

    items: tuple[CheckItem, ...]
    added_n: tuple[float, ...] = ()
    step_s: float | None = None

    @property
    def passed(self) -> bool:
        """True if both tests were done and nothing failed."""
        return self.step_s is not None and not any(item.refuses for item in self.items)

    def behind(self, probed: Sequence[CheckItem]) -> tuple[CheckItem, ...]:
        """Returns the items of ``probed`` followed by those of the tests.

        Once both tests are passed, the items that only a weight can settle count as passed.
        """
        return (*(self._shown(item) for item in probed), *self.items)

    def _shown(self, item: CheckItem) -> CheckItem:
        if not self.passed or item.name not in SHOWN_BY_WEIGHT:
            return item
        if item.state is not CheckState.NOT_COVERED:
            return item
        return judged(item.name, True, f"{item.value}; shown by the weight", "")


def hang_and_lift(
    reader: ForceReader, clock: Clock, guide: Guide, zero_n: Sequence[float], load: KnownLoad
) -> LoadTested:
    """Guide a person through both tests; raises LinkError, RequestRefused if they give up."""
    guide.ask(
        f"Hang {load.weight_kg:.3f} kg on the cell, from where the harness hangs, so that nothing "
        "else carries any of it. When it hangs still, press Enter"
    )
    clock.sleep_until(clock.now_s() + load.settling_s + SETTLE_S)
    try:
        loaded = watch(reader, clock, LOADED_S)
    except (InstrumentFaulted, UnitFaulted) as error:
        return LoadTested(items=(_no_reading("weight", error),))
    added_n = tuple(
        channel.mean_n - zero for channel, zero in zip(loaded.channels, zero_n, strict=True)
    )
    weight = _weight_item(added_n, load)
    if weight.refuses:
        return LoadTested(items=(weight,), added_n=added_n)
    guide.tell("Lift the weight off in one go, now")
    return _lifted(reader, clock, load, loaded, weight, added_n)


def _lifted(
    reader: ForceReader,
    clock: Clock,
    load: KnownLoad,
    loaded: Watched,
    weight: CheckItem,
    added_n: tuple[float, ...],
) -> LoadTested:
    top_n = loaded.channels[0].mean_n
    end_n = top_n - added_n[0]
    try:
        hanging = loaded.readings[-1]
        readings = _until_lifted(reader, clock, hanging, end_n + 0.1 * added_n[0])
        if readings is None:
            value = f"the weight still hangs after {LIFT_WAIT_S:.0f} s"
            step = judged("step", False, value, "begin again, and lift it off when told")
            return LoadTested(items=(weight, step), added_n=added_n)
        clock.sleep_until(clock.now_s() + load.settling_s + SETTLE_S)
        free = watch(reader, clock, LOADED_S)
    except (InstrumentFaulted, UnitFaulted) as error:
        return LoadTested(items=(weight, _no_reading("step", error)), added_n=added_n)
    step_s = fall_time_s(readings, top_n, end_n)
    items = (weight, _step_item(step_s, reader.period_s), _zero_again_item(free, end_n))
    return LoadTested(items=items, added_n=added_n, step_s=step_s)


def _until_lifted(
    reader: ForceReader, clock: Clock, hanging: Reading, below_n: float
) -> tuple[Reading, ...] | None:
    """Returns ``hanging`` and every reading until the force is below; None if it never was.

    Lost readings are left out.
    """
    readings = [hanging]
    at_s = clock.now_s()
    until_s = at_s + LIFT_WAIT_S
    while clock.now_s() < until_s:
        try:
            readings.append(reader.read())
        except LinkLost:
            raise
        except LinkError:
            pass  # then the interval is longer, so the step cannot look faster
        if readings[-1].forces_n[0] <= below_n:
            return tuple(readings)
        at_s = max(at_s + reader.period_s, clock.now_s())
        clock.sleep_until(at_s)
    return None


def _weight_item(added_n: tuple[float, ...], load: KnownLoad) -> CheckItem:
    expected_n = load.expected_n
    verdicts = [judge_weight(expected_n, one, load.capacity_n) for one in added_n]
    names = [f" on channel {n}" for n in range(1, len(added_n) + 1)] if added_n[1:] else [""]
    value = (
        f"{load.weight_kg:.3f} kg is {expected_n:z.1f} N, within {tolerance_n(expected_n):z.1f} N; "
        + ", ".join(f"{one:z.1f} N{name}" for one, name in zip(added_n, names, strict=True))
    )
    todo = "; ".join(
        f"{verdict.diagnosis}{name}"
        for verdict, name in zip(verdicts, names, strict=True)
        if not verdict.passed
    )
    return judged("weight", all(verdict.passed for verdict in verdicts), value, todo)


def _step_item(step_s: float | None, period_s: float) -> CheckItem:
    if step_s is None:
        value = "the force fell and rose again"
        return judged("step", False, value, "begin again, and lift the weight off in one go")
    value = f"{step_s * 1000:.0f} ms from 90 to 10 %, known to {period_s * 1000:.0f} ms"
    todo = (
        f"at most {STEP_LIMIT_S:g} s, or a sudden release would look slow: lift it off in one go, "
        "and set the instrument's filter faster"
    )
    return judged("step", step_s <= STEP_LIMIT_S, value, todo)


def _zero_again_item(free: Watched, end_n: float) -> CheckItem:
    """Checks that the cell returns to its zero; otherwise something holds it."""
    off_n = free.channels[0].mean_n - end_n
    todo = f"at most {TOLERANCE_N:g} N: something holds the cell, or it was overloaded"
    return judged("zero_again", abs(off_n) <= TOLERANCE_N, f"{off_n:+z.2f} N", todo)


def _no_reading(item: str, error: InstrumentFaulted | UnitFaulted) -> CheckItem:
    """Returns the failed item for a fault that the instrument reports instead of a value."""
    if isinstance(error, InstrumentFaulted):
        what = fault_item(error)
        return judged(item, False, what.value, OF_WORDS if what.name == "word_order" else what.todo)
    return judged(item, False, error.message, "correct it, then begin again")


OF_WORDS: Final = (
    "a plain weight is far out of range: the words are swapped; set the word order on the "
    "instrument or correct the profile"
)
