"""The live data that pages show: a frame, with a part for each unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workstation.terminal.watch_page import UNSEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmWords:
    """An alarm as pages list it; ``key`` names this raising of it for an acknowledgement."""

    key: str
    priority: str
    text: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFrame:
    """A unit at one moment, in words. ``state`` is one of live, silent, gone, connecting.

    Forces and times that are not known are "--". ``headline`` says what the unit does, ``warning``
    what must not be misread, ``standing`` what applies until somebody changes it, ``responsible``
    who is responsible since when; each is "" where there is nothing to say. ``initials`` and
    ``patient`` are of the open session, once they were read. ``first_alarm`` is the most urgent one
    in one line: what happened; the unit's page says what to do. ``shape`` changes when the unit's
    own page has other parts to show than figures; it is "" while no snapshot is received.
    """

    name: str
    state: str
    doing: str = ""
    headline: str = ""
    warning: str = ""
    standing: str = ""
    responsible: str = ""
    session_id: str = ""
    initials: str = ""
    patient: str = ""
    phase: str = ""
    force: str = UNSEEN
    force_other: str = UNSEEN
    target: str = UNSEEN
    target_other: str = UNSEEN
    second_force: str = UNSEEN
    limit: str = UNSEEN
    force_n: float | None = None
    target_n: float | None = None
    ceiling_n: float | None = None
    limit_n: float | None = None
    left: str = UNSEEN
    phase_left: str = UNSEEN
    check_in: str = UNSEEN
    cycle: str = ""
    pull: str = UNSEEN
    switch: str = UNSEEN
    link: str = UNSEEN
    record: str = UNSEEN
    lateness: str = UNSEEN
    sound: str = ""
    sound_paused: str = ""
    first_alarm: str = ""
    alarms: tuple[AlarmWords, ...] = ()
    stop: tuple[str, ...] = ()
    stop_answered: bool = False
    marks: int = 0
    shape: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleUnit:
    """A unit of force as a chart's scale needs it; ``newtons`` are the newtons of one unit."""

    symbol: str
    newtons: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All units at one moment; ``clock`` is the time of day with the clinic's zone.

    ``program`` is the version that serves the pages: a page of another one is older. ``force_unit``
    is the unit of the charts' scales and of all forces.
    """

    utc_ms: int
    clock: str
    program: str
    force_unit: ScaleUnit
    units: tuple[UnitFrame, ...]

    def of(self, name: str) -> UnitFrame:
        """Returns the unit of this name."""
        return next(each for each in self.units if each.name == name)

    def without_patients(self) -> Frame:
        """Returns the same for a page that names nobody."""
        units = tuple(replace(each, initials="", patient="") for each in self.units)
        return replace(self, units=units)
