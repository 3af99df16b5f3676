"""What every event behind the opening says: one frozen class for each kind.

``docs/reference/events.md`` describes the same. Times are milliseconds, forces tenths of a newton
(``_dn``). Words of a phase, a question or a request are those of their own modules; a text that
older programs may have written otherwise stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from controller.event_details.codec import Stored, StoredAs
from controller.events import Outcome, StopCause

# --- before the treatment -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """A question was put; its words are not kept, they may name the patient."""

    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRecorded:
    """Somebody answered."""

    question: str
    accepted: bool
    by: str

    @property
    def by_script(self) -> bool:
        """Whether no person gave the answer; a script says so at the beginning of ``by``."""
        return self.by.startswith("script")


@dataclass(frozen=True, slots=True, kw_only=True)
class PressTestSeen:
    """The patient's switch was seen pressed and open again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PressTestNotSeen:
    """It was not seen in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheckRecorded:
    """An item of the self-check; ``numbers`` are integers with the unit in their names."""

    item: str
    state: str
    value: str
    by: str
    todo: str
    numbers: Annotated[Mapping[str, int] | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockNumbers:
    """The workstation's and the unit's clock at one moment: numbers of the item ``clock``."""

    utc_ms: int
    boot_count: Annotated[int | None, Stored.UNLESS_NONE] = None
    uptime_ms: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAcknowledged:
    """A latched stop was acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitArmed:
    """The unit accepted the arming.

    ``gross_zero_dn``: channel 1 with the cord free and without the tare; None where it was not
    measured, and in older records.
    """

    force_limit_dn: int
    rate_up_dn_per_s: int
    rate_down_dn_per_s: int
    watchdog_ms: int
    gross_zero_dn: int | None = None


# --- the treatment ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged:
    """The session entered another phase, which leads to ``target_dn``."""

    from_phase: Annotated[str, StoredAs("from")]
    to_phase: Annotated[str, StoredAs("to")]
    target_dn: int | None
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEventSeen:
    """An entry of the unit's event ring; ``unit_at_ms`` is on the session's axis."""

    sequence: int
    code: int
    uptime_ms: int
    unit_at_ms: int
    value_1: int
    value_2: int
    boot: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEventsLost:
    """The unit's ring turned over before it was read."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceAdjusted:
    """An ordered force was changed: ``hold`` or ``rest``."""

    by: str
    reason: str
    force: str
    old_force_dn: int | None
    new_force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The treatment was paused; ``treatment_ms`` is where its clock stands."""

    by: str
    reason: str
    target_dn: int | None
    treatment_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRegressed:
    """A pause of 60 s: the force goes back to the pretension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The way back from a pause began; ``confirmed_by`` is empty where the force does not rise."""

    by: str
    confirmed_by: str
    from_dn: int | None
    to_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInRecorded:
    """Somebody looked after the patient."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkRecorded:
    """Words for the record."""

    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityTaken:
    """Another person is responsible for the patient from now on; ``from_by`` was until then."""

    from_by: Annotated[str, StoredAs("from")]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRecorded:
    """A request was heard and not followed."""

    request: str
    by: str
    reason: str


# --- findings and alarms ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyActed:
    """The supervisor found a hazard; measured value and limit are in the ``unit`` beside them."""

    hazard: int
    code: str
    action: str
    measured: int | None
    limit: int | None
    unit: str
    clears: str
    force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCleared:
    """A finding was not there any more."""

    hazard: int
    code: str
    first_seen_ms: int
    last_seen_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientStopPressed:
    """The switch was seen pressed while armed; hold 0 is outside the treatment."""

    force_dn: int | None
    hold_number: int
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed:
    """Somebody at the workstation ended the session: ``stop``, ``stop_fast``, ``end_early``."""

    action: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTroubled:
    """The first of a run of failed exchanges; ``raw`` is what came, in hex."""

    code: int
    message: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyRecorded:
    """An arming or a disarming whose answer was lost."""

    what: str
    code: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    """An alarm began; priority ``low``, ``medium`` or ``high``."""

    code: str
    priority: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmAcknowledged:
    """Alarms ended: somebody took note."""

    codes: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSoundPaused:
    """Tones were silenced."""

    by: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapBegan:
    """An observed force is not read any more; ``force_dn`` is the last one, None before any."""

    force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEnded:
    """It is read again: ``gap_ms`` from the reading before to the one that ended the gap."""

    gap_ms: int
    force_dn: int | None


# --- the end ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrdered:
    """A release was begun or made stronger; the reason is a known cause or words of the moment."""

    kind: str
    reason: StopCause | str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseObserved:
    """The unit was seen free; ``unit_state`` is not stored where the program's last resort saw it.

    It reads no state.
    """

    force_dn: int | None
    unit_state: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNotObserved:
    """It was not seen; the force is the last one read."""

    force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDisarmed:
    """The unit was seen idle: motor off, clutch open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSeen:
    """What a recovery saw of the unit, and whether it had to be released."""

    unit_state: int
    force_dn: int | None
    released: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitObserved:
    """Recovery looked at the unit after an interruption; ``seen`` is None where none answered."""

    observed: bool
    seen: Annotated[UnitSeen | None, Stored.IN_PARTS] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedRows:
    """What somebody added to an interrupted session, and the recovery did not keep."""

    dropped_links: int
    dropped_events: int
    dropped_samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """The end; ``reached_holding`` is None only in older records.

    An outcome or a cause that this program does not know stays the text that it is.
    """

    outcome: Outcome | str
    reason: StopCause | str
    reached_holding: Annotated[bool | None, Stored.UNLESS_NONE] = None
    dropped: Annotated[DroppedRows | None, Stored.IN_PARTS] = None
