"""Puts events on the session's own time axis and into its journal."""

from __future__ import annotations

from typing import Final, TypeAlias

from controller.event_details.table import EventDetail, session_event
from controller.events import EventKind, Sample, SampleFlag
from controller.order.phases import Phase
from controller.ports import Clock, SessionJournal
from controller.session.inputs_and_effects import Effect, Emit, decinewtons, session_ms
from controller.telemetry import ForceSample, Telemetry

URGENT_KINDS = frozenset(
    {
        EventKind.PATIENT_STOP_PRESSED,
        EventKind.SAFETY_ACTED,
        EventKind.RELEASE_ORDERED,
        EventKind.RELEASE_OBSERVED,
        EventKind.RELEASE_NOT_OBSERVED,
        EventKind.UNIT_ARMED,
        EventKind.ALARM_RAISED,
        EventKind.OUTCOME_UNCERTAIN,
        EventKind.RESPONSIBILITY_TAKEN,
    }
)
"""Events that go to the writer at once instead of with the next block."""
Forces: TypeAlias = "tuple[float | None, float | None]"
"""Forces of the two channels, newtons; None for one without a value."""
NO_FORCES: Final[Forces] = (None, None)


class Recorder:
    """One per session; ``origin_s`` is the monotonic second at which the session was opened."""

    def __init__(self, journal: SessionJournal, clock: Clock, origin_s: float) -> None:
        self._journal = journal
        self.clock = clock
        self.origin_s = origin_s
        self._last_sample_number: int | None = None

    def event(self, said: EventDetail, *, now_s: float) -> None:
        """Append one event at ``now_s``."""
        event = session_event(said, at_ms=session_ms(now_s, self.origin_s))
        self._journal.append_event(event, at_once=event.kind in URGENT_KINDS)

    def effects(self, effects: list[Effect], now_s: float) -> None:
        """Append those effects that are events."""
        for effect in effects:
            if isinstance(effect, Emit):
                self.event(effect.said, now_s=now_s)

    def sample(
        self, reading: Telemetry | None, *, target_n: float, phase: Phase, tick_at_s: float
    ) -> None:
        """Append the tick's sample; without a reading it has the tick's time and no force."""
        at_s, forces_n, flags = tick_at_s, NO_FORCES, SampleFlag.NO_READING
        if reading is not None:
            at_s, forces_n = reading.taken_at_s, (reading.force_n, reading.second_force_n)
            flags = self._flags(reading.sample_number)
        self._append(at_s, target_n, forces_n, phase, flags)

    def observed(self, sample: ForceSample | None, *, tick_at_s: float) -> None:
        """Append an instrument's sample of this tick; there is no order, so there is no target."""
        at_s, forces_n, flags = tick_at_s, NO_FORCES, SampleFlag.NO_READING
        if sample is not None:
            at_s, forces_n = sample.taken_at_s, (sample.net_n, None)
            flags = self._flags(sample.sample_number)
        self._append(at_s, 0.0, forces_n, Phase.OBSERVING, flags)

    @property
    def trouble(self) -> str:
        """Returns what prevents the records from being stored; "" for nothing."""
        return self._journal.trouble

    @property
    def lock_fault(self) -> str:
        """Returns the fault of the lock that excludes a second writer; "" while it is valid."""
        return self._journal.lock_fault

    def utc_ms(self) -> int:
        """Returns the wall clock now, milliseconds since 1970."""
        return self.clock.utc_ms()

    def age_s(self) -> float:
        """Returns how long records have been waiting to become durable, seconds."""
        return self._journal.age_s(self.clock.now_s())

    def sync(self) -> None:
        """Wait until everything is durable; never called while force is on."""
        self._journal.sync()

    def _flags(self, number: int | None) -> SampleFlag:
        """Returns whether a reading repeats the one before it, if readings have numbers."""
        same = number is not None and number == self._last_sample_number
        self._last_sample_number = number
        return SampleFlag.SAME_SAMPLE_NUMBER if same else SampleFlag.NONE

    def _append(
        self,
        at_s: float,
        target_n: float,
        forces_n: Forces,
        phase: Phase,
        flags: SampleFlag,
    ) -> None:
        force_1_n, force_2_n = forces_n
        self._journal.append_sample(
            Sample(
                taken_at_ms=max(0, session_ms(at_s, self.origin_s)),
                target_dn=round(target_n * 10),
                force_1_dn=decinewtons(force_1_n),
                force_2_dn=decinewtons(force_2_n),
                phase=int(phase),
                flags=flags,
            )
        )
