"""Records of the observed unit: its switch, arming, release, state after an interruption."""

# No string annotations: the codec would compile each of them in every process.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from controller.event_details.codec import Stored
from controller.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PressTestSeen:
    """The patient's switch was seen pressed and then open again."""

    KIND: ClassVar = EventKind.PRESS_TEST_SEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PressTestNotSeen:
    """The press was not seen in time."""

    KIND: ClassVar = EventKind.PRESS_TEST_NOT_SEEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockNumbers:
    """The clocks of workstation and unit at one moment: the numbers of the item ``clock``."""

    utc_ms: int
    boot_count: Annotated[int | None, Stored.UNLESS_NONE] = None
    uptime_ms: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAcknowledged:
    """A latched stop was acknowledged."""

    KIND: ClassVar = EventKind.UNIT_ACKNOWLEDGED


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitArmed:
    """The unit accepted the arming.

    ``gross_zero_dn``: channel 1 with the cord free and without the tare; None where it was not
    measured, and in older records.
    """

    KIND: ClassVar = EventKind.UNIT_ARMED
    force_limit_dn: int
    rate_up_dn_per_s: int
    rate_down_dn_per_s: int
    watchdog_ms: int
    gross_zero_dn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseObserved:
    """The cord was seen free; ``unit_state`` is not stored if the program's last resort saw it.

    The last resort reads no state.
    """

    KIND: ClassVar = EventKind.RELEASE_OBSERVED
    force_dn: int | None
    unit_state: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNotObserved:
    """The cord was not seen free; the force is the last one read."""

    KIND: ClassVar = EventKind.RELEASE_NOT_OBSERVED
    force_dn: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDisarmed:
    """The unit was seen idle: motor off, clutch open."""

    KIND: ClassVar = EventKind.UNIT_DISARMED


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSeen:
    """The unit's state at a recovery, and whether it had to be released."""

    unit_state: int
    force_dn: int | None
    released: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitObserved:
    """Recovery read the unit after an interruption; ``seen`` is None if it did not answer."""

    KIND: ClassVar = EventKind.UNIT_OBSERVED
    observed: bool
    seen: Annotated[UnitSeen | None, Stored.IN_PARTS] = None
