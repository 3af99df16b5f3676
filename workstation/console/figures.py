"""The figures of a snapshot for a frame: forces in two units, times left, secondary figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from controller.order.force_unit import ForceUnit
from controller.snapshot import Doing, Snapshot
from workstation.console.frames import ScaleUnit
from workstation.station.messages import FRESH_S
from workstation.terminal.progress import minutes
from workstation.terminal.watch_page import UNSEEN

IN_TROUBLE: Final = "Records go to the side file: check the disk before the next session."


def forces(shown: Snapshot, unit: ForceUnit) -> dict[str, Any]:
    """Returns forces; measured ones only from a fresh reading."""
    force_n = shown.force_n if is_fresh(shown) else None
    in_unit, in_other = _reader(unit), _reader(unit.other)
    return {
        "force": in_unit(force_n),
        "force_other": in_other(force_n),
        "target": in_unit(shown.target_n),
        "target_other": in_other(shown.target_n),
        "second_force": in_unit(shown.second_force_n if force_n is not None else None),
        "limit": in_unit(shown.limit_n),
        "force_n": force_n,
        "target_n": shown.target_n,
        "ceiling_n": shown.ceiling_n,
        "limit_n": shown.limit_n,
    }


def is_fresh(shown: Snapshot) -> bool:
    """Returns True when the snapshot's reading is of the last second."""
    return shown.reading_age_s is not None and shown.reading_age_s <= FRESH_S


def scale_unit(unit: ForceUnit) -> ScaleUnit:
    """Returns a unit as the script of a chart needs it."""
    return ScaleUnit(symbol=unit.value, newtons=unit.newtons)


def _reader(unit: ForceUnit) -> Callable[[float | None], str]:
    """Returns a function that formats a force in a unit; zero is never "-0.0"."""

    def read(force_n: float | None) -> str:
        return UNSEEN if force_n is None else unit.in_unit(round(force_n, 1) + 0.0)

    return read


def times(shown: Snapshot) -> dict[str, Any]:
    """Returns the times left of treatment, phase and check-in, and the number of the hold.

    A pause has no hold number: "0 of 11" would read as if none had begun.
    """
    in_session = shown.doing is Doing.SESSION
    cycle = f"{shown.hold_number} of {shown.hold_count}" if shown.hold_number else ""
    return {
        "left": minutes(shown.treatment_left_s) if in_session else UNSEEN,
        "phase_left": UNSEEN if shown.phase_left_s is None else minutes(shown.phase_left_s),
        "check_in": UNSEEN if shown.check_in_s is None else minutes(max(0.0, shown.check_in_s)),
        "cycle": cycle,
    }


def small_print(shown: Snapshot) -> dict[str, Any]:
    """Returns pull, switch, link, record and lateness."""
    pull = UNSEEN if shown.pull_mm is None else f"{shown.pull_mm:.0f} mm"
    if shown.pull_share is not None:
        pull += f" ({shown.pull_share:.0%} of what is allowed)"
    trip = "" if shown.round_trip_s is None else f"{shown.round_trip_s * 1000:.0f} ms, "
    return {
        "pull": pull,
        "switch": UNSEEN if shown.patient_switch is None else shown.patient_switch.name.lower(),
        "link": f"{trip}{shown.missed} missed, {shown.mismatched} mismatched",
        "record": IN_TROUBLE if shown.record_trouble else f"{shown.record_age_s:.1f} s behind",
        "lateness": f"{shown.lateness_s * 1000:.0f} ms",
    }
