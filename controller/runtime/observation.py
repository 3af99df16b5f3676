"""An observed session: an instrument beside a table that no host drives is only read.

Each tick reads once and records the result. A reading that failed, or is stale, is not a sample and
never 0 N; the screen says so at once, and after 300 ms the record has a gap. Nothing is ever sent
to the table, so nothing here can release a patient: the person at the table does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from controller.errors import (
    InstrumentFaulted,
    LinkError,
    LinkLost,
    ReplyTimeout,
    TractionError,
)
from controller.event_details.ending import SessionEnded
from controller.event_details.findings_and_alarms import (
    GapBegan,
    GapEnded,
    LinkTroubled,
    OperatorActed,
)
from controller.event_details.treatment import CheckInRecorded, RefusalRecorded, RemarkRecorded
from controller.events import Outcome
from controller.order.phases import Phase
from controller.ports import Clock, ForceSource, Operator
from controller.requests import (
    CheckIn,
    EndEarly,
    Remark,
    RequestSettled,
    SessionRequest,
    TakeOver,
    request_name,
)
from controller.runtime.asked_requests import AskedRequests
from controller.runtime.recorder import Recorder
from controller.runtime.responsibility import Responsibility
from controller.runtime.stops import Stops
from controller.session.inputs_and_effects import Ending, decinewtons, session_ms
from controller.session.request_effects import followed
from controller.snapshot import Snapshot
from controller.telemetry import ForceSample

GAP_S: Final = 0.300
"""Readings further apart have a gap between them (session-rules.md#numbers-of-the-record)."""
LOST_S: Final = 60.0
"""Time to look for a loose plug; then the instrument counts as lost."""
LONGEST_S: Final = 4 * 3600.0
"""No treatment takes as long: the end was forgotten."""
PULLS_N: Final = 20.0
"""A free cord has less force (session-rules.md#lost-link)."""
NO_READING: Final = "NO READING: look at the patient"
END_OBSERVATION: Final = "end_observation"
NOTHING_ORDERED: Final = (
    "this table is only observed, nothing can be ordered from here: use the table's own panel"
)

ForcesSeen = Callable[[Sequence[int], Sequence[int]], bool]
"""Whether times (ms) and forces (0.1 N) show a hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationPorts:
    """The parts of an observed session; ``shows_hold`` judges the force at the end."""

    source: ForceSource
    clock: Clock
    recorder: Recorder
    operator: Operator
    session_id: str
    shows_hold: ForcesSeen


class Observation:
    """One observed session; ``tick_s`` is the interval at which the instrument is read."""

    def __init__(self, ports: ObservationPorts, *, tick_s: float, planned_s: float) -> None:
        self._ports = ports
        self._tick_s = tick_s
        self._planned_s = planned_s
        self._began_s = ports.clock.now_s()
        self._pulled_from_s: float | None = None
        self._last: ForceSample | None = None
        self._seen_at_s = self._began_s
        self._troubles: set[str] = set()
        self._in_gap = False
        self._number = 0
        self._stops = Stops(ports.operator)
        self._requests = AskedRequests(ports.operator)
        self._responsibility = Responsibility(ports.recorder, ports.operator)
        self._times_ms: list[int] = []
        self._forces_dn: list[int] = []

    def run(self) -> Ending:
        """Observe until somebody ends it or the instrument is lost; the end is recorded."""
        ending, at_tick_s = None, self._began_s
        while ending is None:
            self._ports.clock.sleep_until(at_tick_s)
            ending = self._tick()
            missed = int((self._ports.clock.now_s() - at_tick_s) / self._tick_s)
            at_tick_s += self._tick_s * max(1, missed)
        self._record_end(ending)
        return ending

    def _tick(self) -> Ending | None:
        tick_at_s = self._ports.clock.now_s()
        try:
            sample = self._read(tick_at_s)
        except LinkLost as error:
            self._no_reading(error, tick_at_s)
            return self._lost(error.message)
        self._ports.recorder.observed(sample, tick_at_s=tick_at_s)
        now_s = self._ports.clock.now_s()
        if sample is not None:
            self._take(sample, now_s)
        elif now_s - self._seen_at_s > GAP_S and not self._in_gap:
            self._begin_gap(now_s)
        self._show(sample, now_s)
        return self._asked_to_end(now_s) or self._ends_by_itself(now_s)

    # --- readings -----------------------------------------------------------------------------

    def _read(self, tick_at_s: float) -> ForceSample | None:
        """Returns the sample of this tick; None if it failed or is stale."""
        source = self._ports.source
        try:
            sample = source.read()
        except LinkLost:
            raise
        except (LinkError, InstrumentFaulted) as error:
            self._no_reading(error, tick_at_s)
            return None
        now_s = self._ports.clock.now_s()
        if decinewtons(sample.net_n) is None or sample.age_s(now_s) > source.stale_limit_s:
            self._no_reading(
                ReplyTimeout(
                    f"the reading is {sample.age_s(now_s):.1f} s old or no number; it may be at "
                    f"most {source.stale_limit_s:g} s old: it is no reading"
                ),
                now_s,
            )
            return None
        return sample

    def _no_reading(self, error: TractionError, now_s: float) -> None:
        """Record and print each kind of failure once in a run; a missing reading is always shown.

        After a loose plug the answer may come from an instrument set to another unit.
        """
        kind = error.fault if isinstance(error, InstrumentFaulted) else type(error).__name__
        if kind in self._troubles:
            return
        self._troubles.add(kind)
        raw = error.raw if isinstance(error, LinkError | InstrumentFaulted) else b""
        self._ports.recorder.event(
            LinkTroubled(code=error.code, message=error.message, raw=raw.hex()), now_s=now_s
        )
        self._ports.operator.tell(f"{NO_READING} ({error.message})")

    def _take(self, sample: ForceSample, now_s: float) -> None:
        if self._in_gap:
            self._end_gap(sample, now_s)
        elif self._troubles:
            self._ports.operator.tell("the force is read again")
        self._troubles.clear()
        self._in_gap = False
        self._last, self._seen_at_s = sample, sample.taken_at_s
        at_ms = session_ms(sample.taken_at_s, self._ports.recorder.origin_s)
        if not self._times_ms or at_ms > self._times_ms[-1]:
            self._times_ms.append(at_ms)
            self._forces_dn.append(decinewtons(sample.net_n) or 0)
        if self._pulled_from_s is None and sample.net_n >= PULLS_N:
            self._pulled_from_s = sample.taken_at_s

    def _begin_gap(self, now_s: float) -> None:
        self._in_gap = True
        last_dn = None if self._last is None else decinewtons(self._last.net_n)
        self._ports.recorder.event(GapBegan(force_dn=last_dn), now_s=now_s)

    def _end_gap(self, sample: ForceSample, now_s: float) -> None:
        gap_ms = round((sample.taken_at_s - self._seen_at_s) * 1000)
        ended = GapEnded(gap_ms=gap_ms, force_dn=decinewtons(sample.net_n))
        self._ports.recorder.event(ended, now_s=now_s)
        self._ports.operator.tell(f"the force is read again after {gap_ms / 1000:.1f} s")

    def _show(self, sample: ForceSample | None, now_s: float) -> None:
        since_s = None if self._pulled_from_s is None else now_s - self._pulled_from_s
        self._number += 1
        self._ports.operator.show(
            Snapshot(
                number=self._number,
                utc_ms=self._ports.clock.utc_ms(),
                session_id=self._ports.session_id,
                phase=Phase.OBSERVING.label,
                elapsed_s=since_s or 0.0,
                planned_s=self._planned_s,
                target_n=None,
                force_n=None if sample is None else sample.net_n,
                reading_age_s=None if self._last is None else self._last.age_s(now_s),
                record_age_s=self._ports.recorder.age_s(),
                record_trouble=self._ports.recorder.trouble,
                since_start_s=since_s,
                message="" if sample is not None else NO_READING,
                responsible=self._responsibility.by,
                responsible_since_ms=self._responsibility.since_utc_ms,
            )
        )

    # --- people -------------------------------------------------------------------------------

    def _asked_to_end(self, now_s: float) -> Ending | None:
        leaving = self._ports.operator.leave_requested()
        if leaving is not None:
            return self._ended(Outcome.STOPPED, f"ended by {leaving}, not by a named person")
        if (stop := self._stops.take()) is not None:
            self._refuse("stop", stop.by, now_s)
        for asked in self._requests.take():
            if isinstance(asked.request, EndEarly):
                ending = self._ended_by(asked.request, now_s)
                self._requests.settle(asked, RequestSettled(followed=True, text=ending.reason))
                return ending
            self._requests.settle(asked, self._answer(asked.request, now_s))
        return None

    def _answer(self, request: SessionRequest, now_s: float) -> RequestSettled:
        recorder = self._ports.recorder
        if isinstance(request, TakeOver):
            return self._responsibility.take_over(request, now_s)
        if isinstance(request, Remark):
            recorder.event(RemarkRecorded(by=request.by, text=request.text), now_s=now_s)
        elif isinstance(request, CheckIn):
            recorder.event(CheckInRecorded(by=request.by), now_s=now_s)
        else:
            self._refuse(request_name(request), request.by, now_s)
            return RequestSettled(followed=False, text=NOTHING_ORDERED)
        return RequestSettled(followed=True, text=followed(request).text)

    def _refuse(self, name: str, by: str, now_s: float) -> None:
        refused = RefusalRecorded(request=name, by=by, reason=NOTHING_ORDERED)
        self._ports.recorder.event(refused, now_s=now_s)
        self._ports.operator.tell(NOTHING_ORDERED)

    def _ended_by(self, request: EndEarly, now_s: float) -> Ending:
        """End by a named person: completed if a hold was seen."""
        acted = OperatorActed(action=END_OBSERVATION, by=request.by, reason=request.reason)
        self._ports.recorder.event(acted, now_s=now_s)
        ended_by = f"ended by {request.by}"
        what = "nothing pulled" if self._pulled_from_s is None else "no hold was seen"
        ending = self._ended(Outcome.STOPPED, f"{what}; {ended_by}")
        if ending.reached_holding:
            return replace(ending, outcome=Outcome.COMPLETED, reason=ended_by)
        return ending

    # --- the end ------------------------------------------------------------------------------

    def _ends_by_itself(self, now_s: float) -> Ending | None:
        if now_s - self._seen_at_s > LOST_S:
            return self._lost(f"no reading for {LOST_S:g} s")
        if now_s - self._began_s > LONGEST_S:
            return self._ended(Outcome.STOPPED, f"nobody ended it within {LONGEST_S / 3600:g} h")
        return None

    def _lost(self, why: str) -> Ending:
        self._ports.operator.tell(f"{NO_READING}. The instrument is lost: {why}")
        return self._ended(Outcome.LINK_LOST, f"instrument lost: {why}")

    def _ended(self, outcome: Outcome, reason: str) -> Ending:
        free = self._last is not None and not self._troubles and self._last.net_n < PULLS_N
        return Ending(
            outcome=outcome,
            reason=reason,
            reached_holding=self._shows_hold(),
            release_seen=free,
        )

    def _shows_hold(self) -> bool:
        return self._ports.shows_hold(self._times_ms, self._forces_dn)

    def _record_end(self, ending: Ending) -> None:
        now_s = self._ports.clock.now_s()
        self._ports.recorder.event(
            SessionEnded(
                outcome=ending.outcome,
                reason=ending.reason,
                reached_holding=ending.reached_holding,
            ),
            now_s=now_s,
        )
