"""One whole session on an identified unit: preparation, arming, the loop, the end of the record."""

from __future__ import annotations

from typing import Final

from controller.errors import (
    LinkError,
    OutcomeUncertain,
    ProgramFailed,
    RequestRefused,
    TractionError,
    UnitFaulted,
)
from controller.event_details.ending import ReleaseOrdered, SessionEnded
from controller.event_details.findings_and_alarms import UncertaintyRecorded
from controller.event_details.seen_of_unit import ReleaseNotObserved, ReleaseObserved, UnitArmed
from controller.event_details.treatment import RefusalRecorded
from controller.events import Outcome
from controller.order.planner import TreatmentPlan
from controller.ports import ArmingRequest, StartFacts
from controller.questions import Answer, Question
from controller.requests import AcknowledgeAlarms, TakeOver
from controller.runtime.asides import hear_aside
from controller.runtime.end_watch import EndWatch
from controller.runtime.last_resort import LastResort
from controller.runtime.lateness import Lateness
from controller.runtime.loop import ForceLoop
from controller.runtime.preparation import Preparation
from controller.runtime.session_ports import SessionPorts
from controller.runtime.supervision import session_limits
from controller.runtime.ticker import Ticker
from controller.runtime.unit_events import ENTRIES_AT_REST
from controller.safety.supervisor import Supervisor
from controller.session.inputs_and_effects import Ending, decinewtons
from controller.session.machine import SessionMachine
from controller.session.recorded_events import answer_recorded
from controller.start.before_start import needs_person
from controller.telemetry import CommandKind, ForceCommand, PatientSwitch, Telemetry

NO_TREATMENT: Final = "no treatment is running"
_REFUSALS = (RequestRefused, UnitFaulted, LinkError)


class _DriveFailed(Exception):
    """Raised if the program failed after the arming; contains the ending and words for people."""

    def __init__(self, ending: Ending, message: str) -> None:
        super().__init__(message)
        self.ending = ending
        self.message = message


def _described(failure: BaseException) -> str:
    """Returns kind and text of a failure on one line."""
    text = " ".join(str(failure).split())
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__


class Session:
    """Runs a session whose journal is open.

    ``facts`` are known before the unit is read. ``lateness`` collects how late ticks come.
    """

    def __init__(
        self,
        *,
        ports: SessionPorts,
        plan: TreatmentPlan,
        facts: StartFacts,
        lateness: Lateness,
    ) -> None:
        self._ports = ports
        self._unit = ports.unit
        self._clock = ports.clock
        self._operator = ports.operator
        self._recorder = ports.recorder
        self._alarms = ports.alarms
        self._questions = ports.questions
        self._plan = plan
        self._facts = facts
        self._lateness = lateness
        self._arming_sent = False

    def run(self) -> Ending:
        """Run to the end; the ending is in the journal and durable on return.

        Refusals before arming are recorded as such and raised again: RequestRefused, UnitFaulted,
        LinkError. From the arming write on nothing counts as a refusal: what was sent and seen
        decides. A failure of the program is then recorded with the outcome of the release and
        raised as ProgramFailed.
        """
        ending = Ending(outcome=Outcome.REFUSED, reason="")
        try:
            preparation = self._prepare()
            ending = self._drive(preparation)
        except _REFUSALS as refusal:
            ending = Ending(outcome=Outcome.REFUSED, reason=refusal.message)
            raise
        except _DriveFailed as failed:
            ending = failed.ending
            raise ProgramFailed(failed.message) from failed.__cause__
        except BaseException as failure:
            outcome = Outcome.STOPPED if self._arming_sent else Outcome.REFUSED
            ending = Ending(outcome=outcome, reason=f"the program failed: {_described(failure)}")
            raise
        finally:
            self._questions.withdraw()
            self._record_end(ending)
        return ending

    def _prepare(self) -> Preparation:
        preparation = Preparation(
            ports=self._ports,
            order=self._plan.order,
            facts=self._facts,
            hear=lambda: self._hear("before the treatment", is_over=False),
        )
        preparation.prepare()
        preparation.read_events()
        self._recorder.sync()
        preparation.last_look()
        return preparation

    def _drive(self, preparation: Preparation) -> Ending:
        """Arm and tick to the end; refusals are raised only while nothing was armed."""
        request = preparation.arming_request()
        first, arming_failed = self._arm(preparation, request)
        machine = SessionMachine(self._plan, origin_s=self._recorder.origin_s)
        supervisor = Supervisor(
            session_limits(
                self._plan,
                self._unit.capabilities,
                console_lost_s=self._ports.console_lost_s,
            ),
            first,
            self._clock.now_s(),
            release_rate_n_per_s=request.rate_down_n_per_s,
            second_channel=self._unit.capabilities.second_channel,
            force_shows_noise=self._unit.capabilities.force_shows_noise,
        )
        loop = ForceLoop(
            ports=self._ports,
            machine=machine,
            supervisor=supervisor,
            events=preparation.events,
            lateness=self._lateness,
        )
        self._run_loop(loop, machine, arming_failed)
        if machine.ending.outcome != Outcome.LINK_LOST:
            self._read_remaining_events(preparation)
        watch = EndWatch(
            ports=self._ports,
            findings=loop.findings,
            supervisor=supervisor,
            host=loop.host,
            phase=machine.phase,
            gone=loop.gone,
        )
        self._await_acknowledgement(machine, watch)
        return machine.ending

    def _run_loop(self, loop: ForceLoop, machine: SessionMachine, arming_failed: str) -> None:
        """Run the loop; any failure becomes an ending that states the outcome for the unit."""
        try:
            loop.run(arming_failed=arming_failed)
        except BaseException as failure:
            raise _DriveFailed(*self._after_failure(loop, machine, failure)) from failure
        if loop.last_resort is not None:
            raise _DriveFailed(*self._after_failure(loop, machine, None))

    def _after_failure(
        self, loop: ForceLoop, machine: SessionMachine, failure: BaseException | None
    ) -> tuple[Ending, str]:
        """Returns ending and message; records the last resort's result as far as possible."""
        last = loop.last_resort or LastResort(seen=False, force_n=None)
        name = "the session logic ended too early" if failure is None else _described(failure)
        reason = f"the program failed: {name}"
        self._record_last_resort(last, reason)
        if not last.seen:
            self._alarms.raise_alarm("release_not_seen", self._clock.now_s())
        seen = "seen" if last.seen else "not seen: look at the patient, open the clutch"
        ending = Ending(
            outcome=Outcome.STOPPED,
            reason=reason,
            reached_holding=machine.ending.reached_holding,
            release_seen=last.seen,
        )
        return ending, f"{reason}; the release was ordered and {seen}; report this defect"

    def _record_last_resort(self, last: LastResort, reason: str) -> None:
        now_s = self._clock.now_s()
        force_dn = decinewtons(last.force_n)
        self._recorder.event(ReleaseOrdered(kind="release_fast", reason=reason), now_s=now_s)
        self._recorder.event(
            ReleaseObserved(force_dn=force_dn)
            if last.seen
            else ReleaseNotObserved(force_dn=force_dn),
            now_s=now_s,
        )

    def _arm(self, preparation: Preparation, request: ArmingRequest) -> tuple[Telemetry, str]:
        """Arm; returns the first reading and, if only a release may follow, why.

        Raises RequestRefused or UnitFaulted if the unit was not armed.
        """
        self._arming_sent = True
        try:
            self._unit.arm(request)
        except UnitFaulted:
            self._name_refusal()
            raise
        except (LinkError, OutcomeUncertain) as error:
            return preparation.reading, self._arming_uncertain(error)
        self._recorder.event(
            UnitArmed(
                force_limit_dn=round(request.force_limit_n * 10),
                rate_up_dn_per_s=round(request.rate_up_n_per_s * 10),
                rate_down_dn_per_s=round(request.rate_down_n_per_s * 10),
                watchdog_ms=round(request.watchdog_s * 1000),
                gross_zero_dn=decinewtons(preparation.gross_zero_n),
            ),
            now_s=self._clock.now_s(),
        )
        try:
            return self._unit.find_order(self._plan.order.hold_force_n), ""
        except (LinkError, OutcomeUncertain) as error:
            return preparation.reading, self._arming_uncertain(error)

    def _arming_uncertain(self, error: TractionError) -> str:
        """Record the uncertainty; returns the reason of the release that follows."""
        self._recorder.event(
            UncertaintyRecorded(what="arming", code=error.code, message=error.message),
            now_s=self._clock.now_s(),
        )
        return f"arming uncertain: {error.message}"

    def _name_refusal(self) -> None:
        """Raise the alarm of a press or an emergency stop at the moment of the arming."""
        try:
            reading = self._unit.exchange(ForceCommand(kind=CommandKind.OBSERVE))
        except LinkError:
            return  # the record has the unit's own words on the refusal
        for there, code in (
            (reading.emergency_stop_open, "emergency_stop_open"),
            (reading.patient_switch is PatientSwitch.PRESSED, "patient_switch_pressed"),
            (reading.patient_switch is PatientSwitch.ABSENT, "patient_switch_absent"),
        ):
            if there:
                self._alarms.raise_alarm(code, self._clock.now_s())

    def _read_remaining_events(self, preparation: Preparation) -> None:
        """Read the rest of the free unit's ring, in as many ticks as it takes."""
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

    def _await_acknowledgement(self, machine: SessionMachine, watch: EndWatch) -> None:
        """Sound a tone every 30 s until somebody acknowledges or the program is left.

        Nothing is asked after a leave: nobody would read the answer.
        """
        question = Question.END_ACKNOWLEDGED
        self._alarms.raise_alarm("treatment_done", self._clock.now_s())
        if self._operator.leave_requested() is not None:
            return
        person_only = needs_person(
            question,
            verified=self._unit.verified,
            release_doubtful=not machine.ending.release_seen,
        )
        text = "The session has ended. Free the patient and confirm."
        self._questions.ask(question, text, person_only=person_only)
        ticker = Ticker(self._clock, self._unit.tick_s)
        self._show_end(machine, None, 0.0)
        while (answer := self._questions.answer(question)) is None:
            lateness_s = ticker.wait()
            reading = watch.look(lateness_s)
            self._hear("after the end", is_over=True)
            self._hear_late_stop()
            if self._operator.leave_requested() is not None:
                return
            self._show_end(machine, reading, lateness_s)
        self._acknowledge_end(answer)

    def _show_end(
        self, machine: SessionMachine, reading: Telemetry | None, lateness_s: float
    ) -> None:
        course = machine.course(self._clock.now_s())
        reason = machine.ending.reason
        self._ports.present.show(course, reading, lateness_s=lateness_s, message=reason)

    def _hear(self, when: str, *, is_over: bool) -> None:
        """Handle requests while no loop runs; after the end nobody can take over any more."""
        for asked in self._ports.requests.take():
            now_s = self._clock.now_s()
            if isinstance(asked.request, TakeOver) and not is_over:
                outcome = self._ports.responsibility.take_over(asked.request, now_s)
            else:
                outcome = hear_aside(
                    asked.request,
                    self._recorder,
                    self._operator,
                    self._alarms,
                    when=when,
                    now_s=now_s,
                )
            self._ports.requests.settle(asked, outcome)

    def _hear_late_stop(self) -> None:
        """Acknowledge a stop after the end: there is nothing left to release."""
        if (stop := self._ports.stops.take()) is None:
            return
        refused = RefusalRecorded(request="stop", by=stop.by, reason=NO_TREATMENT)
        self._recorder.event(refused, now_s=self._clock.now_s())
        self._operator.tell(f"stop by {stop.by} heard: {NO_TREATMENT}")

    def _acknowledge_end(self, answer: Answer) -> None:
        now_s = self._clock.now_s()
        self._recorder.event(answer_recorded(Question.END_ACKNOWLEDGED, answer), now_s=now_s)
        if answer.accepted:
            shown = self._ports.present.alarms_shown
            self._alarms.request(AcknowledgeAlarms(by=answer.answered_by, alarms=shown), now_s)

    def _record_end(self, ending: Ending) -> None:
        self._recorder.event(
            SessionEnded(
                outcome=ending.outcome,
                reason=ending.reason,
                reached_holding=ending.reached_holding,
            ),
            now_s=self._clock.now_s(),
        )
        self._recorder.sync()
