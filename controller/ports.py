"""The Protocols between the core and the outside: a unit, a clock, a journal, an operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from controller.events import Sample, SessionEvent
from controller.order.prescription import Region
from controller.questions import Answer, Question
from controller.requests import AskedRequest, RequestSettled, Stop
from controller.snapshot import SettledCheck, Snapshot
from controller.telemetry import ForceCommand, ForceSample, Telemetry, UnitEvent

WATCHDOG_S: Final = 0.5
"""Without an accepted command for this time a unit releases by itself (times.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmingRequest:
    """The session block 0x300 of the reference map, in the core's units."""

    region: Region
    force_limit_n: float
    rate_up_n_per_s: float
    rate_down_n_per_s: float
    watchdog_s: float = WATCHDOG_S


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitIdentity:
    """The unit at the address. ``raw_block`` has the registers 0x00-0x1F as wire bytes.

    ``boot_count`` is None where the unit does not count its starts.
    """

    unit_id: str
    model: str
    serial_number: int
    vendor_id: int
    product_id: int
    firmware: str
    firmware_crc: int
    calibration_crc: int
    calibrated_on: str
    calibration_due: str
    boot_count: int | None
    map_version: str
    raw_block: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LastArming:
    """A unit when this workstation last armed it; ``armed_on`` is the clinic's day (ISO).

    ``gross_zero_n`` is channel 1 with the cord free and without the tare, None if the record has
    none.
    """

    firmware: str
    firmware_crc: int
    gross_zero_n: float | None
    armed_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """A unit's own clock when this workstation last recorded it; ``utc_ms`` is the wall clock."""

    utc_ms: int
    boot_count: int | None
    uptime_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFlag:
    """A lasting flag of the patient, shown before the start. ``number`` is permanent.

    ``words`` are for people and stay out of the evidence. ``refuses``: no unit is armed.
    """

    number: int
    words: str
    refuses: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTest:
    """Whether a recorded weight test is valid for the unit as it is now; ``text`` is for people.

    ``days_left`` is its remaining validity, None if it does not expire.
    """

    valid: bool
    text: str
    days_left: int | None = None


NO_WEIGHT_TEST: Final = WeightTest(valid=False, text="no weight test on record")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFacts:
    """Facts about a session known before its unit is read: the order's texts, and the records.

    ``order_digest`` is the order's SHA-256 (hex). ``identified_at_s`` is the monotonic second at
    which the unit was identified. ``last_record_utc_ms`` is the wall time of the newest record of
    this workstation. None: there is no such record. ``flags`` are the patient's lasting ones.
    ``told_at`` formats a wall time (UTC milliseconds) in the clinic's time, ``day_at`` its day
    there as YYYY-MM-DD.
    """

    patient_reference: str
    order_digest: str
    screening: str
    identified_at_s: float
    last_arming: LastArming | None
    last_record_utc_ms: int | None
    last_seen: LastSeen | None
    told_at: Callable[[int], str]
    day_at: Callable[[int], str]
    flags: tuple[PatientFlag, ...] = ()
    weight_test: WeightTest = NO_WEIGHT_TEST


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCapabilities:
    """A unit's capabilities. ``raw_block`` holds the registers 0x20-0x37 as wire bytes.

    ``force_shows_noise`` is stated by its profile: its forces are the converter's with their noise,
    not those of a display that may stand still.

    Bits 4, 5, 6 and 8 of 0x20 are the unit's statements on its safety: it notices an unplugged
    patient switch, compares the switch's two contacts, has the emergency stop wired into its drive,
    and releases when it loses power.
    """

    regions: frozenset[Region]
    features: int
    rated_force_n: float
    cut_off_force_n: float
    pretension_floor_n: float
    max_rate_up_n_per_s: float
    max_rate_down_n_per_s: float
    fast_release_rate_n_per_s: float
    watchdog_min_s: float
    watchdog_max_s: float
    sample_period_s: float
    maximum_answer_time_s: float
    second_channel: bool
    force_shows_noise: bool
    cell_capacity_n: float
    event_ring_size: int
    days_since_stop_test: int
    patient_switch_sensed: bool
    patient_switch_two_channel: bool
    emergency_stop_hard_wired: bool
    releases_on_power_loss: bool
    raw_block: bytes


class TractionUnit(Protocol):
    """A unit that was identified when connecting. Every wait in it has a deadline."""

    @property
    def identity(self) -> UnitIdentity:
        """Returns the identity that the unit reported."""

    @property
    def capabilities(self) -> UnitCapabilities:
        """Returns the unit's capabilities in its own numbers."""

    @property
    def profile_name(self) -> str:
        """Returns the name of the device profile in use."""

    @property
    def profile_digest(self) -> str:
        """Returns the SHA-256 of the profile's file in hex."""

    @property
    def verified(self) -> bool:
        """Returns True if the profile is declared verified on a real unit."""
        ...

    @property
    def unknown_in_motion(self) -> frozenset[str]:
        """Returns the parts of ``Telemetry`` missing in all readings while the unit follows orders.

        The hazard rows that need them are not covered on it (``controller.safety.coverage``).
        """
        ...

    @property
    def tick_s(self) -> float:
        """Returns the control tick that this unit's line allows, seconds."""
        ...

    def exchange(self, command: ForceCommand) -> Telemetry:
        """Do the one exchange of a tick; raises LinkError if no reading was accepted.

        OBSERVE reads the measurement block (FC03). Everything else is FC23 with the next sequence;
        after a lost answer of a unit that reads first, one FC03 replaces it (the command is then
        not sent), and a release is sent with FC16 before it. A refused command raises UnitRejected
        after one FC03; ``reading_after_refusal`` keeps that reading. A release is sent without its
        numbers, so that none of them can block it; other commands raise RequestRefused if a number
        does not fit its register.

        A restarted unit is read again from its second answer on: its uptime has gone back, and
        ``identity`` has its new boot counter.
        """
        ...

    @property
    def reading_after_refusal(self) -> Telemetry | None:
        """The reading taken after the last refused command; None if that failed too."""
        ...

    def arm(self, request: ArmingRequest) -> None:
        """Write the session block, take the token, compare the watchdog in force with the order.

        The exception shows whether the unit may be armed. RequestRefused: nothing was sent.
        UnitFaulted: the unit refused and is not armed. OutcomeUncertain and LinkError: the write
        was sent, so the unit has to be released, and every failure of ``find_order`` means the
        same. ``exchange`` sends a release in each of these cases, tokenless if there is no token.
        """
        ...

    def find_order(self, ceiling_n: float) -> Telemetry:
        """Send the first two keep-alives; learn whether the unit writes or reads first.

        Raises OutcomeUncertain or LinkError.
        """
        ...

    def acknowledge(self) -> None:
        """Acknowledge a latched stop (service 4)."""
        ...

    def disarm(self) -> None:
        """Switch the motor off and open the clutch (service 6); only at <= 20 N."""
        ...

    def release_without_token(self) -> None:
        """Order the tokenless fast release, which a unit accepts from any host.

        Waits for one silence of the line only, so it may be sent beside the exchange of a tick.
        Raises LinkError: the unit refused, or the port is gone, or (TCP) nothing answered twice. On
        a serial line the second order is a broadcast, which is not answered and so not confirmed.
        """
        ...

    def seconds_since_arming(self) -> int:
        """Read 0x30D-0x30F only, so that the token is not used up."""
        ...

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        """Read the ring's entries with the sequences ``first`` to ``first + count - 1``."""
        ...

    def close(self) -> None:
        """Release the port; nothing is sent."""


class ForceSource(Protocol):
    """An instrument that reports a force and takes no order: transmitter, gauge, indicator.

    Has its profile's name, SHA-256 (hex) and whether it was verified on a real instrument; the
    shortest interval between reads, and the age at which a sample is too old, seconds.
    """

    profile_name: str
    profile_digest: str
    verified: bool
    poll_period_s: float
    stale_limit_s: float

    def read(self) -> ForceSample:
        """Read once without writing. Raises LinkError (no valid answer) or InstrumentFaulted."""
        ...

    def close(self) -> None:
        """Release the port; nothing is sent."""


class Readable(Protocol):
    """A port or a socket that virtual time can account for."""

    bytes_sent: int
    bytes_received: int

    def fileno(self) -> int:
        """Returns its file descriptor."""


class Waitable(Protocol):
    """Another thread's work that can be waited for (``threading.Event`` fits)."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most ``timeout`` seconds; returns True if it happened."""


class Clock(Protocol):
    """Time as a dependency: the only way to read it and the only way to wait."""

    def now_s(self) -> float:
        """Returns monotonic seconds of the host."""
        ...

    def boot_s(self) -> float:
        """Returns seconds that also run while the host is suspended."""
        ...

    def utc_ms(self) -> int:
        """Returns the wall clock, milliseconds since 1970; only for stamps."""
        ...

    def sleep_until(self, at_s: float) -> None:
        """Return at the monotonic time ``at_s``, at once if it has passed."""

    def wait_readable(self, port: Readable, deadline_s: float) -> bool:
        """Wait until ``port`` has bytes (True) or the monotonic deadline has passed (False)."""
        ...

    def wait_event(self, event: Waitable, timeout_s: float) -> bool:
        """Wait for another thread's work; in virtual time the work costs nothing."""
        ...


class SessionJournal(Protocol):
    """The open record of one session. Appending never waits for a disk."""

    @property
    def trouble(self) -> str:
        """Returns what prevents the records from being stored; "" if nothing does."""
        ...

    @property
    def lock_fault(self) -> str:
        """Returns the fault of the lock that excludes a second writer; "" while it is valid."""
        ...

    def append_event(self, event: SessionEvent, *, at_once: bool = False) -> None:
        """Append; ``at_once`` hands the event to the writer now instead of with the next block."""
        ...

    def append_sample(self, sample: Sample) -> None:
        """Add a sample; it is durable after a later commit."""

    def sync(self) -> None:
        """Wait until everything appended is durable; raises JournalUnavailable. Never in motion."""
        ...

    def age_s(self, now_s: float) -> float:
        """Returns how long, in seconds, handed-over records have waited to be durable (0: none)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """How long ago console, page and station were heard, seconds; None for one that does not exist.

    The page is a visible one that confirmed what it shows; the station is the one that started the
    process.
    """

    console_age_s: float | None = None
    page_age_s: float | None = None
    station_age_s: float | None = None


NOBODY_WATCHES: Final = Attendance()
"""A session at a terminal, where the person who types is present."""


class Operator(Protocol):
    """The person who answers: at a terminal, by ``--yes`` or a console. Polled, never awaited."""

    @property
    def begun_by(self) -> str:
        """Returns who begins the session and is responsible until somebody takes over."""
        ...

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        """Ask a question; with ``person_only`` no script may answer it."""
        ...

    def answer(self, question: Question) -> Answer | None:
        """Returns the answer, or None while there is none.

        END_ACKNOWLEDGED has no "no": a refused answer to it means that nobody is left to say yes.
        """

    def withdraw(self, question: Question) -> None:
        """Withdraw a question whose time has expired or whose reason is gone."""
        ...

    def stop_requested(self) -> Stop | None:
        """Returns the strongest stop requested so far, or None; it is never withdrawn.

        It ends the treatment; the end is then acknowledged as after any other treatment.
        """
        ...

    def leave_requested(self) -> str | None:
        """Returns who or what wants the program to end, or None; it is never withdrawn.

        It releases as a stop does, and nothing is asked after it.
        """
        ...

    def requests(self) -> Sequence[AskedRequest]:
        """Returns the requests since the last call, in order."""
        ...

    def settle(self, request_id: str, outcome: RequestSettled) -> None:
        """Report the outcome of a request; once for each time that it was made."""
        ...

    def attendance(self) -> Attendance:
        """Returns how long ago console, page and station were heard; called once a tick."""
        ...

    def tell(self, text: str) -> None:
        """Print a text that stays readable: a check, a refusal, an alarm."""
        ...

    def tell_check(self, check: SettledCheck) -> None:
        """Print how an item of the self-check was settled."""
        ...

    def show(self, snapshot: Snapshot) -> None:
        """Show the snapshot; called once a tick."""
        ...
