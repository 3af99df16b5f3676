"""A unit, a journal and an operator in memory, for what meets time in the controller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from controller.errors import LinkError
from controller.events import EventKind, Sample, SessionEvent
from controller.ports import NOBODY_WATCHES, ArmingRequest, Attendance, UnitIdentity
from controller.questions import Answer, Question
from controller.requests import AskedRequest, RequestSettled, Stop
from controller.runtime.clock import VirtualClock
from controller.snapshot import SettledCheck, Snapshot
from controller.telemetry import ForceCommand, Telemetry, UnitEvent, UnitState, UnitStatus
from tests.unit.controller import builders
from tests.unit.controller.builders import TRACKING

IDENTITY = UnitIdentity(
    unit_id="00000000000000aa",
    model="Test unit",
    serial_number=1,
    vendor_id=1,
    product_id=1,
    firmware="1.00.0",
    firmware_crc=1,
    calibration_crc=1,
    calibrated_on="2026-01-01",
    calibration_due="2027-01-01",
    boot_count=3,
    map_version="1.0",
    raw_block=b"",
)
CAPABILITIES = replace(builders.CAPABILITIES, fast_release_rate_n_per_s=130.0)
IDLE = replace(
    TRACKING,
    unit_state=UnitState.IDLE,
    status=UnitStatus.PATIENT_SWITCH_PRESENT,
    force_n=0.2,
    second_force_n=0.1,
    gross_force_n=0.2,
    setpoint_in_effect_n=0.0,
    newest_event=1,
)
PRESSED = replace(IDLE, status=IDLE.status | UnitStatus.PATIENT_SWITCH_PRESSED)

Story = Callable[[float], Telemetry]


def press_test(elapsed_s: float) -> Telemetry:
    """Pressed from 1 s to 2.5 s, as the unit shows it."""
    return PRESSED if 1.0 <= elapsed_s < 2.5 else IDLE


class ListJournal:
    """Keeps what is appended."""

    def __init__(self) -> None:
        self.events: list[SessionEvent] = []
        self.samples: list[Sample] = []
        self.at_once: list[EventKind] = []

    def append_event(self, event: SessionEvent, *, at_once: bool = False) -> None:
        self.events.append(event)
        if at_once:
            self.at_once.append(event.kind)

    def append_sample(self, sample: Sample) -> None:
        self.samples.append(sample)

    def sync(self) -> None:
        """Everything is durable at once."""

    trouble = lock_fault = ""

    def age_s(self, now_s: float) -> float:
        return 0.0

    @property
    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.events]


class StoryUnit:
    """Shows what its story says at each moment; a story may raise a LinkError."""

    def __init__(self, clock: VirtualClock, story: Story, *, verified: bool = False) -> None:
        self.identity, self.capabilities = IDENTITY, CAPABILITIES
        self.profile_name, self.profile_digest = "test", "00"
        self.verified, self.tick_s = verified, 0.05
        self.unknown_in_motion: frozenset[str] = frozenset()
        self.story = story
        self.commands: list[ForceCommand] = []
        self.acknowledged = self.released = self.closed = False
        self.armed_s = 0
        self.ring: list[UnitEvent] = []
        self.reading_after_refusal: Telemetry | None = None
        self._clock, self._started_s = clock, clock.now_s()

    def exchange(self, command: ForceCommand) -> Telemetry:
        self.commands.append(command)
        reading = self.story(self._clock.now_s() - self._started_s)
        # A living unit is never still: force, samples and uptime go on.
        now_s, count = self._clock.now_s(), len(self.commands)
        alive = replace(
            reading,
            taken_at_s=now_s - reading.sample_age_s,
            sample_number=count & 0xFFFF,
            uptime_s=None
            if reading.uptime_s is None
            else reading.uptime_s + now_s - self._started_s,
        )
        if reading.force_n is None:
            return alive
        return replace(alive, force_n=reading.force_n + 0.1 * (count % 2))

    def arm(self, request: ArmingRequest) -> None:
        """Not part of these tests."""

    def find_order(self, ceiling_n: float) -> Telemetry:
        return IDLE

    def acknowledge(self) -> None:
        self.acknowledged = True

    def disarm(self) -> None:
        """Not part of these tests."""

    def release_without_token(self) -> None:
        self.released = True

    def seconds_since_arming(self) -> int:
        return self.armed_s

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        found = [entry for entry in self.ring if first <= entry.sequence < first + count]
        if len(found) != count:
            raise LinkError("the entries are not in the ring")
        return found

    def close(self) -> None:
        self.closed = True


class Answers:
    """An operator that gives prepared answers; what is not prepared stays open."""

    begun_by = "A. Person"

    def __init__(self, **answers: bool) -> None:
        self.answers = answers
        self.asked: list[Question] = []
        self.texts: list[str] = []
        self.person_only: dict[Question, bool] = {}
        self.shown: list[Snapshot] = []
        self.told: list[str] = []
        self.stopped_by: str | None = None
        self.queue: list[AskedRequest] = []
        self.settled: list[tuple[str, RequestSettled]] = []
        self.watchers = NOBODY_WATCHES
        self.withdrawn: list[Question] = []
        self.leaving: str | None = None

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        self.asked.append(question)
        self.texts.append(text)
        self.person_only[question] = person_only

    def answer(self, question: Question) -> Answer | None:
        accepted = self.answers.get(question.value)
        return None if accepted is None else Answer(accepted=accepted, answered_by="A. Person")

    def stop_requested(self) -> Stop | None:
        return None if self.stopped_by is None else Stop(by=self.stopped_by)

    def withdraw(self, question: Question) -> None:
        self.withdrawn.append(question)

    def attendance(self) -> Attendance:
        return self.watchers

    def leave_requested(self) -> str | None:
        return self.leaving

    def requests(self) -> Sequence[AskedRequest]:
        queued, self.queue = self.queue, []
        return queued

    def settle(self, request_id: str, outcome: RequestSettled) -> None:
        self.settled.append((request_id, outcome))

    def tell(self, text: str) -> None:
        self.told.append(text)

    def tell_check(self, check: SettledCheck) -> None:
        self.told.append(check.told)

    def show(self, snapshot: Snapshot) -> None:
        self.shown.append(snapshot)


def unit_event(sequence: int, code: int = 2, uptime_ms: int = 0) -> UnitEvent:
    """One entry of the ring."""
    return UnitEvent(
        boot_count=3, sequence=sequence, code=code, uptime_ms=uptime_ms, value_1=1, value_2=2
    )
