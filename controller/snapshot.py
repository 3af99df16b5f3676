"""The present state of a process that may drive a unit, sent to every screen in each tick.

It holds the present and nothing that a screen must remember: it contains open questions and alarms,
so that a new viewer sees as much as one who has been there all along. Messages that are given once
travel beside it (``Said``).

Forces in newtons, positions in millimetres, times in seconds. What a unit does not report, or
nobody orders, is None and never 0. A future time is given as the time left at ``utc_ms``, so that
setting a clock does not move it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from controller.alarms import RaisedAlarm
from controller.questions import OpenQuestion
from controller.requests import AlarmOnScreen
from controller.telemetry import PatientSwitch, Telemetry, UnitState, UnitStatus


class Doing(Enum):
    """What a process is doing: watching a unit, slow work on the records, or a session."""

    IDLE = "idle"
    BUSY = "busy"
    SESSION = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledCheck:
    """An item of the self-check as people read it; ``by`` is who confirmed it.

    ``state`` is that of a ``CheckState``, ``todo`` the next step for an item that is not passed. An
    item that ``refuses`` has ended the start.
    """

    name: str
    state: str
    value: str
    by: str = ""
    todo: str = ""
    refuses: bool = False

    @property
    def text(self) -> str:
        """Returns the item on one line."""
        by = f" by {self.by}" if self.by else ""
        todo = f"; {self.todo}" if self.todo else ""
        return f"{self.words(self.name)}: {self.words(self.state)}{by} ({self.value}){todo}"

    @property
    def told(self) -> str:
        """Returns the same line for use among other messages."""
        return f"self-check {self.text}"

    @staticmethod
    def words(name: str) -> str:
        """Returns a name in readable form."""
        return name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message that was given once: a check, a refusal, an alarm. ``utc_ms`` is the wall clock.

    ``session_id`` is the session that it was given in; "" outside of one. ``check`` is set if the
    text is that of an item of the self-check.
    """

    number: int
    utc_ms: int
    text: str
    session_id: str = ""
    check: SettledCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment. ``number`` grows by one with each of a session, ``utc_ms`` is the wall clock.

    ``busy_with`` says in words what keeps a busy process. ``elapsed_s`` is the treatment clock,
    which ends with the treatment; ``since_start_s`` runs on in pauses (None before the first ramp).
    ``hold_number`` of ``hold_count`` is the hold that was reached last; 0 before it and if holds
    are not known beforehand. ``phase_left_s`` is set if the phase ends at a known time: in a pause
    as long as its force is held. ``pause_left_s`` ends in a release.

    ``target_n`` is the ordered force. ``ceiling_n`` is the highest force ordered now, ``limit_n``
    the highest that may be ordered, ``increase_n`` the largest increase of the hold force that is
    accepted now (0: none). ``pull_mm`` is the cord wound in since the slack was taken up and
    ``pull_share`` its share of the pull length that ends in a release.

    ``responsible`` is who is responsible for the patient, since ``responsible_since_ms`` (wall
    clock); "" and None without a session.

    ``missed`` and ``mismatched`` count the session's exchanges without a reading, and answers to
    other requests. ``record_age_s`` is how long records wait to become durable. ``page_age_s`` is
    how long ago a visible page last showed the present, ``console_age_s`` and ``station_age_s`` how
    long ago those processes were heard; None if a session has none. ``sounds`` says whether the
    station has a loudspeaker that answers. ``tone`` asks for one tone.
    """

    number: int
    utc_ms: int
    doing: Doing = Doing.SESSION
    busy_with: str = ""
    session_id: str = ""

    phase: str
    stage: str = ""
    hold_number: int = 0
    hold_count: int = 0
    elapsed_s: float = 0.0
    planned_s: float = 0.0
    since_start_s: float | None = None
    phase_left_s: float | None = None
    pause_left_s: float | None = None
    check_in_s: float | None = None

    target_n: float | None = None
    force_n: float | None = None
    second_force_n: float | None = None
    ceiling_n: float | None = None
    limit_n: float | None = None
    increase_n: float = 0.0

    unit_state: UnitState | None = None
    patient_switch: PatientSwitch | None = None
    emergency_stop_open: bool | None = None
    local_takeover: bool | None = None
    pull_mm: float | None = None
    pull_share: float | None = None
    speed_mm_per_s: float | None = None
    reading_age_s: float | None = None

    alarms: tuple[RaisedAlarm, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    tone: bool = False
    sound_paused_s: float = 0.0
    message: str = ""
    responsible: str = ""
    responsible_since_ms: int | None = None

    lateness_s: float = 0.0
    round_trip_s: float | None = None
    missed: int = 0
    mismatched: int = 0
    record_age_s: float = 0.0
    record_trouble: str = ""
    console_age_s: float | None = None
    page_age_s: float | None = None
    station_age_s: float | None = None
    sounds: bool | None = None

    @property
    def alarms_on_screen(self) -> tuple[AlarmOnScreen, ...]:
        """Returns what somebody who acknowledges the alarms of this snapshot has seen."""
        return tuple(AlarmOnScreen(code=one.code, number=one.number) for one in self.alarms)

    @property
    def treatment_left_s(self) -> float:
        """Returns what is left of the planned treatment, in seconds of its own clock."""
        return max(0.0, self.planned_s - self.elapsed_s)


def of_reading(reading: Telemetry | None) -> dict[str, Any]:
    """Returns the fields of a snapshot from the present reading; None: there was none."""
    if reading is None:
        return {}
    return {
        "force_n": known_number(reading.force_n),
        "second_force_n": known_number(reading.second_force_n),
        "unit_state": reading.unit_state,
        "patient_switch": reading.patient_switch,
        "emergency_stop_open": reading.emergency_stop_open,
        "local_takeover": reading.status.has(UnitStatus.LOCAL_TAKEOVER),
        "speed_mm_per_s": known_number(reading.speed_mm_per_s),
    }


def known_number(value: float | None) -> float | None:
    """Returns the value; None for NaN or infinity."""
    return value if value is not None and math.isfinite(value) else None
