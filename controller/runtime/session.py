"""One whole session on an identified unit: preparation, arming, the loop, the end of the record."""

from __future__ import annotations

from controller.errors import (
    LinkError,
    OutcomeUncertain,
    RequestRefused,
    UnitFaulted,
)
from controller.events import EventKind, Outcome
from controller.machine_io import Ending, decinewtons
from controller.planner import plan
from controller.ports import (
    Answer,
    Clock,
    CommandKind,
    ForceCommand,
    LastArming,
    Operator,
    Progress,
    Question,
    SessionJournal,
    TractionUnit,
)
from controller.prescription import Prescription
from controller.requests import AcknowledgeAlarms
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.asides import hear_aside
from controller.runtime.lateness import Lateness
from controller.runtime.loop import ForceLoop
from controller.runtime.preparation import Preparation
from controller.runtime.recorder import Recorder
from controller.runtime.supervision import session_limits
from controller.runtime.ticker import Ticker
from controller.runtime.unit_events import ENTRIES_AT_REST
from controller.safety.supervisor import Supervisor
from controller.session_machine import SessionMachine
from controller.telemetry import Telemetry

_REFUSALS = (RequestRefused, UnitFaulted, LinkError)


class Session:
    """Runs a session whose journal is open; ``origin_s`` is 0 ms of its time axis.

    ``last_arming`` is the unit as it was when it was last armed from here, None for a first time.
    How late its ticks come is counted in ``lateness``.
    """

    def __init__(
        self,
        *,
        unit: TractionUnit,
        clock: Clock,
        journal: SessionJournal,
        operator: Operator,
        order: Prescription,
        screening: str,
        last_arming: LastArming | None,
        origin_s: float,
        lateness: Lateness,
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._operator = operator
        self._order = order
        self._screening = screening
        self._last_arming = last_arming
        self._lateness = lateness
        self._recorder = Recorder(journal, clock, origin_s)
        self._alarms = AlarmKeeper(self._recorder, operator)

    def run(self) -> Ending:
        """Run to the end; the ending is in the journal and durable when this returns.

        Refusals before arming are recorded as such and raised again: RequestRefused, UnitFaulted,
        LinkError. A failure of the program after arming is recorded as stopped and raised again.
        """
        ending = Ending(outcome=Outcome.REFUSED, reason="", reached_holding=False)
        try:
            preparation = self._prepare()
            ending = self._drive(preparation)
        except _REFUSALS as refusal:
            ending = Ending(outcome=Outcome.REFUSED, reason=refusal.message, reached_holding=False)
            raise
        except BaseException as failure:
            reason = f"the program failed: {type(failure).__name__}"
            ending = Ending(outcome=Outcome.STOPPED, reason=reason, reached_holding=False)
            raise
        finally:
            self._record_end(ending)
        return ending

    def _prepare(self) -> Preparation:
        preparation = Preparation(
            unit=self._unit,
            clock=self._clock,
            recorder=self._recorder,
            operator=self._operator,
            order=self._order,
            screening=self._screening,
            last_arming=self._last_arming,
            hear=lambda: self._hear("before the treatment"),
        )
        preparation.prepare()
        preparation.read_events()
        self._recorder.sync()
        return preparation

    def _drive(self, preparation: Preparation) -> Ending:
        try:
            first = self._arm(preparation)
        except OutcomeUncertain as error:
            return self._end_uncertain(error)
        profile = plan(self._order)
        machine = SessionMachine(self._order, profile, origin_s=self._recorder.origin_s)
        loop = ForceLoop(
            unit=self._unit,
            clock=self._clock,
            recorder=self._recorder,
            operator=self._operator,
            machine=machine,
            supervisor=Supervisor(
                session_limits(self._order, self._unit.capabilities), first, self._clock.now_s()
            ),
            events=preparation.events,
            alarms=self._alarms,
            lateness=self._lateness,
            planned_s=profile.end_s,
        )
        loop.run()
        if machine.ending.outcome != Outcome.LINK_LOST:
            self._read_remaining_events(preparation)
        self._await_acknowledgement(machine)
        return machine.ending

    def _arm(self, preparation: Preparation) -> Telemetry:
        request = preparation.arming_request()
        self._unit.arm(request)
        self._recorder.event(
            EventKind.UNIT_ARMED,
            {
                "force_limit_dn": round(request.force_limit_n * 10),
                "rate_up_dn_per_s": round(request.rate_up_n_per_s * 10),
                "rate_down_dn_per_s": round(request.rate_down_n_per_s * 10),
                "watchdog_ms": round(request.watchdog_s * 1000),
                "gross_zero_dn": decinewtons(preparation.gross_zero_n),
            },
            now_s=self._clock.now_s(),
        )
        return self._unit.find_order(self._order.hold_force_n)

    def _end_uncertain(self, error: OutcomeUncertain) -> Ending:
        self._recorder.event(
            EventKind.OUTCOME_UNCERTAIN,
            {"what": "arming", "code": error.code, "message": error.message},
            now_s=self._clock.now_s(),
        )
        return Ending(outcome=Outcome.STOPPED, reason=error.message, reached_holding=False)

    def _read_remaining_events(self, preparation: Preparation) -> None:
        """The unit is free: the rest of its ring is read in as many ticks as it takes."""
        ticker = Ticker(self._clock, self._unit.tick_s)
        for _ in range(self._unit.capabilities.event_ring_size):
            ticker.wait()
            try:
                reading = self._unit.exchange(ForceCommand(kind=CommandKind.OBSERVE))
            except LinkError:
                return
            if not preparation.events.behind(reading):
                return
            preparation.events.read(reading, self._clock.now_s(), limit=ENTRIES_AT_REST)

    def _await_acknowledgement(self, machine: SessionMachine) -> None:
        """A tone every 30 s until somebody acknowledges; only a stop signal ends it otherwise."""
        question = Question.END_ACKNOWLEDGED
        self._alarms.raise_alarm("treatment_done", self._clock.now_s())
        self._operator.ask(question, "The session has ended. Free the patient and confirm.")
        ticker = Ticker(self._clock, self._unit.tick_s)
        self._show_end(machine)
        while (answer := self._operator.answer(question)) is None:
            ticker.wait()
            self._hear("after the end")
            if self._operator.stop_requested() is not None:
                return
            self._show_end(machine)
        self._acknowledge_end(answer)

    def _show_end(self, machine: SessionMachine) -> None:
        now_s = self._clock.now_s()
        self._operator.show(
            Progress(
                phase=machine.phase.label,
                elapsed_s=machine.treatment_elapsed_s(now_s),
                planned_s=self._order.traction_s,
                target_n=0.0,
                force_n=None,
                alarms=self._alarms.active,
                tone=self._alarms.tone_due(now_s),
                sound_paused_s=self._alarms.sound_paused_s(now_s),
            )
        )

    def _hear(self, when: str) -> None:
        """Requests that come while no loop runs."""
        for request in self._operator.requests():
            hear_aside(
                request, self._recorder, self._operator, self._alarms,
                when=when, now_s=self._clock.now_s(),
            )  # fmt: skip

    def _acknowledge_end(self, answer: Answer) -> None:
        now_s = self._clock.now_s()
        self._recorder.event(
            EventKind.QUESTION_ANSWERED,
            {
                "question": Question.END_ACKNOWLEDGED.value,
                "accepted": answer.accepted,
                "by": answer.answered_by,
            },
            now_s=now_s,
        )
        self._alarms.request(AcknowledgeAlarms(by=answer.answered_by), now_s)

    def _record_end(self, ending: Ending) -> None:
        self._recorder.event(
            EventKind.SESSION_ENDED,
            {
                "outcome": ending.outcome,
                "reason": ending.reason,
                "reached_holding": ending.reached_holding,
            },
            now_s=self._clock.now_s(),
        )
        self._recorder.sync()
