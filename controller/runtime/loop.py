"""The timed loop: one exchange per tick, then supervisor, session logic and the next command.

A release never waits for the next tick and never for the journal: it is sent in the tick that
decides it, as a second exchange, and recorded after. What the supervisor orders goes out before
the session logic is asked for anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from controller.errors import (
    LinkError,
    LinkLost,
    OutcomeUncertain,
    SessionLogicStuck,
    StaleAnswer,
    UnitRejected,
)
from controller.event_details.before_treatment import QuestionAsked
from controller.event_details.ending import ReleaseOrdered
from controller.event_details.findings_and_alarms import LinkTroubled, UncertaintyRecorded
from controller.questions import Question
from controller.requests import (
    AcknowledgeAlarms,
    PauseSound,
    RequestSettled,
    SessionRequest,
    TakeOver,
)
from controller.runtime.asides import hear_aside
from controller.runtime.finding_record import FindingRecord
from controller.runtime.host_watch import HostWatch
from controller.runtime.last_resort import LastResort, release_until_seen
from controller.runtime.lateness import Lateness
from controller.runtime.page_watch import PageWatch
from controller.runtime.session_ports import SessionPorts
from controller.runtime.ticker import Ticker
from controller.runtime.tokenless import TokenlessRelease
from controller.runtime.unit_events import ENTRIES_IN_MOTION, UnitEventReader
from controller.safety.situation import ENDED_STATES, SupervisedStage
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import RELEASE_COMMANDS, RELEASE_STRENGTH, Action, Verdict
from controller.session.inputs_and_effects import (
    ArmingFailed,
    Ask,
    Disarm,
    Effect,
    LinkGone,
    MachineInput,
    QuestionAnswered,
    ReadingTaken,
    Requested,
    StopRequested,
    Tell,
    VerdictGiven,
)
from controller.session.machine import SessionMachine
from controller.session.recorded_events import answer_recorded
from controller.session.release import GIVE_UP_S, RELEASE_LIMIT_S
from controller.session.request_effects import outcome_of
from controller.start.before_start import needs_person
from controller.telemetry import CommandKind, ForceCommand, Telemetry

EVENT_READ_SHARE: Final = 0.4
"""Share of a tick that must be left to read the unit's events in it."""
FREE_LIMIT_S: Final = 10.0
"""Time within which the session logic must end once the patient was seen free."""
_ASKED_IN_A_RELEASE: Final = frozenset({Question.RELEASE_NOT_SEEN})


class ForceLoop:
    """Drives an armed unit until the session machine has finished. One per session."""

    def __init__(
        self,
        *,
        ports: SessionPorts,
        machine: SessionMachine,
        supervisor: Supervisor,
        events: UnitEventReader,
        lateness: Lateness,
    ) -> None:
        self._unit = ports.unit
        self._clock = ports.clock
        self._recorder = ports.recorder
        self._operator = ports.operator
        self._alarms = ports.alarms
        self._questions = ports.questions
        self._stops, self._requests = ports.stops, ports.requests
        self._responsibility = ports.responsibility
        self._present = ports.present
        self._pages = PageWatch(ports.alarms)
        self._present.limits = supervisor.limits
        self._machine = machine
        self._supervisor = supervisor
        self._events = events
        self._lateness = lateness
        self._ticker = Ticker(ports.clock, ports.unit.tick_s)
        self._tokenless = TokenlessRelease(ports.unit)
        self.findings = FindingRecord(ports.recorder, ports.alarms, None)
        self.host = HostWatch(ports.clock, ports.recorder, ports.operator, ports.unit.tick_s)
        self.gone = False
        self.last_resort: LastResort | None = None
        self._command = supervisor.narrowed(machine.command(self._ticker.due_s))
        self._released_at_s: float | None = None
        self._strongest = Action.ALLOW
        self._free_since_s: float | None = None
        self._link_troubled = self._record_troubled = self._refused = False
        self._taken_over = self._lock_lost = False

    def run(self, *, arming_failed: str = "") -> None:
        """Tick until the machine has finished. Whatever fails, the unit is released.

        ``arming_failed`` says why only a release may be sent from the first tick on. Raises what
        broke the loop, after the unit was released as far as possible.
        """
        try:
            if arming_failed:
                self._apply(ArmingFailed(arming_failed), self._clock.now_s())
            while not self._machine.finished:
                self._tick()
        except BaseException:
            self.last_resort = release_until_seen(self._unit, self._clock)
            raise
        if not self._let_go_is_certain():
            self.last_resort = release_until_seen(self._unit, self._clock)

    def _let_go_is_certain(self) -> bool:
        """True if the patient was seen free, or every release was tried.

        A lost port transmits no order, and the unit's watchdog has ended the traction. A person who
        was asked may have said that the patient is free.
        """
        if self._supervisor.stage is SupervisedStage.FREE or self.gone or self._taken_over:
            return True
        since_s = self._released_at_s
        return since_s is not None and self._clock.now_s() - since_s >= RELEASE_LIMIT_S

    def _tick(self) -> None:
        lateness_s = self._ticker.wait()
        self._lateness.add(lateness_s)
        tick_at_s = self._clock.now_s()
        phase, sent = self._machine.phase, self._command
        reading = self._exchange(sent, tick_at_s)
        if self._machine.finished:
            return
        self._judge(reading, sent, lateness_s, tick_at_s)
        self._recorder.sample(
            reading, target_n=_pulling_force_n(self._command), phase=phase, tick_at_s=tick_at_s
        )
        if not self._machine.finished:
            self._look_around(reading, tick_at_s, lateness_s)

    def _judge(
        self, reading: Telemetry | None, sent: ForceCommand, lateness_s: float, tick_at_s: float
    ) -> None:
        """Judge by the supervisor first, so that its release is sent before anything else."""
        verdict = self._supervisor.judge(
            reading,
            sent=sent,
            health=self.host.health(lateness_s=lateness_s, tick_at_s=tick_at_s),
            now_s=self._clock.now_s(),
        )
        self._obey(verdict)
        self.findings.read(reading)
        self.findings.tell(
            verdict, self._machine.phase, tick_at_s, hold_number=self._machine.hold_number
        )
        if verdict.findings or verdict.action is not Action.ALLOW:
            self._apply(VerdictGiven(verdict), tick_at_s)
        if not self._machine.finished:
            self._apply(ReadingTaken(reading), tick_at_s)
        self._check_core_ends(tick_at_s)

    def _obey(self, verdict: Verdict) -> None:
        """Send a release that the supervisor orders before the core learns of it."""
        kind = RELEASE_COMMANDS.get(verdict.action)
        if kind is not None and self._supervisor.stage is not SupervisedStage.FREE:
            self._release_now(ForceCommand(kind=kind))

    def _release_now(self, command: ForceCommand) -> None:
        """Send a second exchange of this tick, unless a release as strong was sent before."""
        strength = RELEASE_STRENGTH.get(command.kind, Action.ALLOW)
        if strength <= self._strongest:
            return
        now_s = self._clock.now_s()
        self._strongest = strength
        self._released_at_s = now_s if self._released_at_s is None else self._released_at_s
        self._ticker.excuse()
        self._supervisor.sent(command, now_s)
        with suppress(LinkError):
            self._unit.exchange(command)

    def _check_core_ends(self, tick_at_s: float) -> None:
        """Raise SessionLogicStuck for session logic that does not end."""
        free = self._supervisor.stage is SupervisedStage.FREE
        if not free or self._supervisor.force_is_on:
            self._free_since_s = None
        elif self._free_since_s is None:
            self._free_since_s = tick_at_s
        since_s, released_s = self._free_since_s, self._released_at_s
        stuck = since_s is not None and tick_at_s - since_s > FREE_LIMIT_S
        limit_s = GIVE_UP_S + RELEASE_LIMIT_S
        endless = released_s is not None and tick_at_s - released_s > limit_s + FREE_LIMIT_S
        if (stuck or endless) and not self._machine.finished:
            raise SessionLogicStuck(
                "the session logic did not end after the release; report this defect"
            )

    def _look_around(self, reading: Telemetry | None, tick_at_s: float, lateness_s: float) -> None:
        """Handle operator, events and display, which may use the rest of the tick."""
        self._look_at_record(tick_at_s)
        self._pages.look(self.host.attendance, tick_at_s)
        self._hear_operator(tick_at_s)
        if self._machine.finished:
            return
        self._command = self._supervisor.narrowed(self._machine.command(self._ticker.due_s))
        self._insist(reading, tick_at_s)
        if reading is not None and not self._machine.releasing and self._time_left():
            self._events.read(reading, tick_at_s, limit=ENTRIES_IN_MOTION)
        self._show(reading, tick_at_s, lateness_s)

    def _insist(self, reading: Telemetry | None, tick_at_s: float) -> None:
        """Send the tokenless release to a unit that shows force and takes no order with a token.

        Also if the patient was seen free before: the force may be back on.
        """
        if not self._supervisor.force_is_on:
            return
        ended = reading is not None and (
            reading.unit_state in ENDED_STATES or reading.emergency_stop_open
        )
        if not ended and not self._refused:
            return
        self._ticker.excuse()
        if self._tokenless.order(tick_at_s) and self._tokenless.ordered == 1:
            reason = "the unit takes no other order and the force is on"
            ordered = ReleaseOrdered(kind="release_without_token", reason=reason)
            self._recorder.event(ordered, now_s=tick_at_s)

    def _apply(self, happened: MachineInput, tick_at_s: float) -> Sequence[Effect]:
        """Pass the input to the machine; a release that it begins is sent before it is recorded."""
        effects = self._machine.handle(happened, tick_at_s)
        if self._machine.releasing and not self._machine.finished:
            self._command = self._supervisor.narrowed(self._machine.command(tick_at_s))
            self._release_now(self._command)
        self._recorder.effects(effects, tick_at_s)
        for effect in effects:
            self._act(effect, tick_at_s)
        self._withdraw_questions()
        return effects

    def _withdraw_questions(self) -> None:
        """Withdraw questions: a release asks only whether it was seen; its end asks nothing."""
        if self._machine.finished:
            self._questions.withdraw()
        elif self._machine.releasing:
            self._questions.withdraw(but=_ASKED_IN_A_RELEASE)

    def _act(self, effect: Effect, tick_at_s: float) -> None:
        match effect:
            case Ask(question, text):
                self._recorder.event(QuestionAsked(question=question.value), now_s=tick_at_s)
                person_only = needs_person(question, verified=self._unit.verified)
                self._questions.ask(question, text, person_only=person_only)
            case Tell(text):
                self._operator.tell(text)
            case Disarm():
                self._disarm(tick_at_s)
            case _:
                self._alarms.effect(effect, tick_at_s)

    def _disarm(self, tick_at_s: float) -> None:
        """Send service 6. The readings that follow settle a lost or refused answer."""
        self._ticker.excuse()
        try:
            self._unit.disarm()
        except (LinkError, OutcomeUncertain) as error:
            self._recorder.event(
                UncertaintyRecorded(what="disarm", code=error.code, message=error.message),
                now_s=tick_at_s,
            )

    def _exchange(self, command: ForceCommand, tick_at_s: float) -> Telemetry | None:
        self._refused = False
        try:
            reading = self._unit.exchange(command)
        except LinkLost as lost:
            self.gone = True
            self._present.unanswered(lost)
            self._apply(LinkGone(lost.message), tick_at_s)
            return None
        except UnitRejected as rejection:
            self._refused = command.kind in RELEASE_STRENGTH
            self._note_trouble(rejection, tick_at_s)
            return self._unit.reading_after_refusal
        except LinkError as error:
            self.host.mismatches += isinstance(error, StaleAnswer)
            self._present.unanswered(error)
            self._note_trouble(error, tick_at_s)
            return None
        self._link_troubled = False
        self._present.answered(self._clock.now_s() - tick_at_s)
        return reading

    def _note_trouble(self, error: LinkError, tick_at_s: float) -> None:
        """Record one event for a run of failures, with the received bytes."""
        if self._link_troubled:
            return
        self._link_troubled = True
        self._recorder.event(
            LinkTroubled(code=error.code, message=error.message, raw=error.raw.hex()),
            now_s=tick_at_s,
        )

    def _look_at_record(self, tick_at_s: float) -> None:
        """Raise one alarm for a run of failed writes; the supervisor handles complete loss."""
        troubled = bool(self._recorder.trouble)
        if troubled and not self._record_troubled:
            self._alarms.raise_alarm("record_put_aside", tick_at_s)
        self._record_troubled = troubled
        if self._recorder.lock_fault and not self._lock_lost:
            self._lock_lost = True
            self._alarms.raise_alarm("lock_lost", tick_at_s)

    def _hear_operator(self, tick_at_s: float) -> None:
        stop = None if self._machine.finished else self._stops.take()
        if stop is not None:
            kind = CommandKind.RELEASE_FAST if stop.fast else CommandKind.RELEASE
            self._release_now(ForceCommand(kind=kind))
            self._apply(StopRequested(stop), tick_at_s)
        for asked in self._requests.take():
            self._requests.settle(asked, self._follow(asked.request, tick_at_s))
        self._hear_answers(tick_at_s)

    def _follow(self, request: SessionRequest, tick_at_s: float) -> RequestSettled:
        if isinstance(request, AcknowledgeAlarms | PauseSound) or self._machine.finished:
            return hear_aside(
                request,
                self._recorder,
                self._operator,
                self._alarms,
                when="after the end",
                now_s=tick_at_s,
            )
        if isinstance(request, TakeOver):
            return self._responsibility.take_over(request, tick_at_s)
        return outcome_of(self._apply(Requested(request), tick_at_s))

    def _hear_answers(self, tick_at_s: float) -> None:
        waiting = [asked.question for asked in self._questions.waiting]
        for question in sorted(waiting, key=lambda q: q.value):
            if self._machine.finished:
                return
            answer = self._questions.answer(question)
            if answer is not None:
                self._taken_over |= question is Question.RELEASE_NOT_SEEN and answer.accepted
                self._recorder.event(answer_recorded(question, answer), now_s=tick_at_s)
                self._apply(QuestionAnswered(question, answer), tick_at_s)

    def _time_left(self) -> bool:
        left_s = self._ticker.due_s - self._clock.now_s()
        return left_s > EVENT_READ_SHARE * self._ticker.tick_s

    def _show(self, reading: Telemetry | None, tick_at_s: float, lateness_s: float) -> None:
        self._present.show(
            self._machine.course(tick_at_s),
            reading,
            target_n=_pulling_force_n(self._command),
            pull_mm=self._supervisor.pull_mm,
            lateness_s=lateness_s,
        )


def _pulling_force_n(command: ForceCommand) -> float:
    """Returns the set-point of a command, newtons; 0 for one that does not pull."""
    pulls = command.kind in (CommandKind.FOLLOW, CommandKind.HOLD)
    return command.force_n if pulls else 0.0
