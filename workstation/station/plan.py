"""The parameters of a station's parent, small enough for one command-line argument."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from controller.errors import RequestRefused
from controller.order.force_unit import ForceUnit
from controller.plain_values import from_plain, to_plain

MOST_UNITS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUnit:
    """A unit by the clinic's name. Two units with one ``port`` or one ``unit_id`` are one unit.

    ``port`` is the address as the system resolves it; ``unit_id`` and ``manual_release``, the
    clinic's instructions, are "" where none is on file. ``is_lost``: its program was lost in a
    session that is still open.
    """

    called: str
    port: str
    unit_id: str
    manual_release: str = ""
    is_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StationPlan:
    """``data`` is the folder of the records.

    ``control`` starts the program of a unit, ``console`` that of the pages.

    ``console_addresses`` are addresses besides loopback that console and door listen on,
    ``stop_addresses`` those of the door only, all with TLS by ``certificate`` (a PEM file with its
    key). ``time_zone`` is an IANA name, "" the system's. ``is_training``: the records belong to an
    invented clinic.
    """

    data: str
    units: tuple[PlannedUnit, ...]
    control: tuple[str, ...]
    console: tuple[str, ...]
    stop_port: int
    console_port: int
    console_addresses: tuple[str, ...] = ()
    stop_addresses: tuple[str, ...] = ()
    certificate: str = ""
    time_zone: str = ""
    force_unit: ForceUnit = ForceUnit.NEWTON
    is_training: bool = False

    @property
    def door_hosts(self) -> tuple[str, ...]:
        """Returns every address besides loopback that the door listens on, with the console's."""
        return tuple(dict.fromkeys((*self.console_addresses, *self.stop_addresses)))

    def as_text(self) -> str:
        """Returns it as one argument."""
        return json.dumps(to_plain(self))

    @classmethod
    def of_text(cls, text: str) -> StationPlan:
        """Read it back; raises ValueError."""
        return from_plain(cls, json.loads(text), "plan")


def check_units(units: Iterable[PlannedUnit]) -> tuple[PlannedUnit, ...]:
    """Return the units; raises RequestRefused for none, too many, and one under two names."""
    all_units = tuple(units)
    if not all_units:
        raise RequestRefused(
            "no unit is on file; add one with `traction units add`, then start the station"
        )
    if len(all_units) > MOST_UNITS:
        raise RequestRefused(f"{len(all_units)} units are on file; a station drives {MOST_UNITS}")
    for place, unit in enumerate(all_units):
        for other in all_units[:place]:
            same = _sameness(unit, other)
            if same:
                raise RequestRefused(
                    f"{other.called} and {unit.called} are one unit under two names ({same}); "
                    "change one of them with `traction units change`, or set in_use = false"
                )
    return all_units


def _sameness(one: PlannedUnit, other: PlannedUnit) -> str:
    if one.port == other.port:
        return f"both at {one.port}"
    if one.unit_id and one.unit_id == other.unit_id:
        return f"both with the unit id {one.unit_id}"
    return ""
