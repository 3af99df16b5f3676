"""The timed loop: one exchange per tick, then machine, supervisor and the next command.

A release never waits for the next tick and never for the journal: it is sent in the tick that
decides it, as a second exchange, and recorded after.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Final

from controller.errors import (
    LinkError,
    LinkLost,
    OutcomeUncertain,
    StaleAnswer,
    TractionError,
    UnitRejected,
)
from controller.events import EventKind
from controller.machine_io import (
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
from controller.phases import Phase
from controller.ports import (
    Clock,
    CommandKind,
    ForceCommand,
    Operator,
    Progress,
    Question,
    TractionUnit,
)
from controller.requests import AcknowledgeAlarms, PauseSound, Stop
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.asides import hear_aside
from controller.runtime.lateness import Lateness
from controller.runtime.recorder import Recorder
from controller.runtime.ticker import Ticker
from controller.runtime.unit_events import ENTRIES_IN_MOTION, UnitEventReader
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import Action
from controller.session_machine import SessionMachine
from controller.telemetry import HostHealth, Telemetry

EVENT_READ_SHARE: Final = 0.4
"""Share of a tick that must be left before the unit's events are read in it."""


class ForceLoop:
    """Drives an armed unit until the session machine has finished. One per session."""

    def __init__(
        self,
        *,
        unit: TractionUnit,
        clock: Clock,
        recorder: Recorder,
        operator: Operator,
        machine: SessionMachine,
        supervisor: Supervisor,
        events: UnitEventReader,
        alarms: AlarmKeeper,
        lateness: Lateness,
        planned_s: float,
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._recorder = recorder
        self._operator = operator
        self._machine = machine
        self._supervisor = supervisor
        self._events = events
        self._alarms = alarms
        self._lateness = lateness
        self._planned_s = planned_s
        self._ticker = Ticker(clock, unit.tick_s)
        self._command = self._granted(machine.command(self._ticker.due_s))
        self._questions: set[Question] = set()
        self._stop_taken: Stop | None = None
        self._link_troubled = self._record_troubled = False
        self._mismatches = 0
        self._boot_gap_s = clock.boot_s() - clock.now_s()
        self._wall_gap_s = clock.utc_ms() / 1000 - clock.now_s()

    def run(self) -> None:
        """Tick until the machine has finished. Whatever goes wrong, the unit is let go."""
        try:
            while not self._machine.finished:
                self._tick()
        except BaseException:
            self._let_go()
            raise

    def _tick(self) -> None:
        lateness_s = self._ticker.wait()
        self._lateness.add(lateness_s)
        tick_at_s = self._clock.now_s()
        releasing_before, phase = self._machine.releasing, self._machine.phase
        reading = self._exchange(self._command, tick_at_s)
        if self._machine.finished:
            return
        self._judge(reading, lateness_s, tick_at_s)
        self._recorder.sample(
            reading, target_n=self._sent_force_n(), phase=phase, tick_at_s=tick_at_s
        )
        if not self._machine.finished:
            self._look_around(reading, tick_at_s, releasing_before)

    def _judge(self, reading: Telemetry | None, lateness_s: float, tick_at_s: float) -> None:
        """Supervisor first, so that its release goes out before anything else is thought about."""
        if not self._machine.releasing:
            verdict = self._supervisor.judge(
                reading,
                wanted_force_n=self._wanted_force_n,
                ceiling_n=self._machine.ceiling_n,
                following=self._command.kind is CommandKind.FOLLOW,
                taking_up_slack=self._machine.phase in (Phase.ARMED, Phase.TAKING_UP_SLACK),
                health=self._health(lateness_s, tick_at_s),
                now_s=self._clock.now_s(),
            )
            if verdict.findings or verdict.action is not Action.ALLOW:
                self._apply(VerdictGiven(verdict), tick_at_s)
        if not self._machine.finished:
            self._apply(ReadingTaken(reading), tick_at_s)

    def _look_around(
        self, reading: Telemetry | None, tick_at_s: float, releasing_before: bool
    ) -> None:
        """Operator, events and display: what may use the rest of the tick."""
        self._look_at_record(tick_at_s)
        self._hear_operator(tick_at_s)
        if self._machine.finished:
            return
        self._command = self._granted(self._machine.command(self._ticker.due_s))
        if reading is not None and not self._machine.releasing and self._time_left():
            self._events.read(reading, tick_at_s, limit=ENTRIES_IN_MOTION)
        self._show(reading, tick_at_s)

    def _apply(self, happened: MachineInput, tick_at_s: float) -> None:
        """Let the machine handle it; a release that it begins is on the wire before the record."""
        was_releasing = self._machine.releasing
        effects = self._machine.handle(happened, tick_at_s)
        if self._machine.releasing and not was_releasing and not self._machine.finished:
            self._release_now(tick_at_s)
        self._recorder.effects(effects, tick_at_s)
        for effect in effects:
            self._act(effect, tick_at_s)

    def _release_now(self, tick_at_s: float) -> None:
        self._ticker.excuse()
        self._command = self._machine.command(tick_at_s)
        with suppress(LinkError):
            self._unit.exchange(self._command)

    def _act(self, effect: Effect, tick_at_s: float) -> None:
        match effect:
            case Ask(question, text):
                self._questions.add(question)
                self._recorder.event(
                    EventKind.QUESTION_ASKED, {"question": question.value}, now_s=tick_at_s
                )
                self._operator.ask(question, text)
            case Tell(text):
                self._operator.tell(text)
            case Disarm():
                self._disarm(tick_at_s)
            case _:
                self._alarms.effect(effect, tick_at_s)

    def _disarm(self, tick_at_s: float) -> None:
        """Service 6. A lost or refused answer is settled by the readings that follow."""
        self._ticker.excuse()
        try:
            self._unit.disarm()
        except (LinkError, OutcomeUncertain) as error:
            self._recorder.event(
                EventKind.OUTCOME_UNCERTAIN,
                {"what": "disarm", "code": error.code, "message": error.message},
                now_s=tick_at_s,
            )

    def _exchange(self, command: ForceCommand, tick_at_s: float) -> Telemetry | None:
        try:
            reading = self._unit.exchange(command)
        except LinkLost as lost:
            self._apply(LinkGone(lost.message), tick_at_s)
            return None
        except UnitRejected as rejection:
            self._note_trouble(rejection, tick_at_s)
            return self._unit.reading_after_refusal
        except LinkError as error:
            self._mismatches += isinstance(error, StaleAnswer)
            self._note_trouble(error, tick_at_s)
            return None
        self._link_troubled = False
        return reading

    def _note_trouble(self, error: LinkError, tick_at_s: float) -> None:
        """One event for a run of failures, with what came."""
        if self._link_troubled:
            return
        self._link_troubled = True
        self._recorder.event(
            EventKind.LINK_TROUBLED,
            {"code": error.code, "message": error.message, "raw": error.raw.hex()},
            now_s=tick_at_s,
        )

    def _look_at_record(self, tick_at_s: float) -> None:
        """One alarm for a run of failed writes; what no place takes is the supervisor's matter."""
        troubled = bool(self._recorder.trouble)
        if troubled and not self._record_troubled:
            self._alarms.raise_alarm("record_put_aside", tick_at_s)
        self._record_troubled = troubled

    def _hear_operator(self, tick_at_s: float) -> None:
        stop = self._operator.stop_requested()
        if stop is not None and stop != self._stop_taken and not self._machine.finished:
            self._stop_taken = stop
            self._apply(StopRequested(stop), tick_at_s)
        for request in self._operator.requests():
            if isinstance(request, AcknowledgeAlarms | PauseSound) or self._machine.finished:
                hear_aside(
                    request, self._recorder, self._operator, self._alarms,
                    when="after the end", now_s=tick_at_s,
                )  # fmt: skip
            else:
                self._apply(Requested(request), tick_at_s)
        self._hear_answers(tick_at_s)

    def _hear_answers(self, tick_at_s: float) -> None:
        for question in sorted(self._questions, key=lambda q: q.value):
            if self._machine.finished:
                return
            answer = self._operator.answer(question)
            if answer is not None:
                self._questions.discard(question)
                self._recorder.event(
                    EventKind.QUESTION_ANSWERED,
                    {
                        "question": question.value,
                        "accepted": answer.accepted,
                        "by": answer.answered_by,
                    },
                    now_s=tick_at_s,
                )
                self._apply(QuestionAnswered(question, answer), tick_at_s)

    def _granted(self, wanted: ForceCommand) -> ForceCommand:
        """The machine's command as far as the supervisor grants it."""
        self._wanted_force_n = wanted.force_n
        granted_n = self._supervisor.granted_n(wanted.force_n)
        return wanted if granted_n == wanted.force_n else replace(wanted, force_n=granted_n)

    def _sent_force_n(self) -> float:
        """The set-point of the command that this tick's exchange carried, newtons."""
        following = self._command.kind in (CommandKind.FOLLOW, CommandKind.HOLD)
        return self._command.force_n if following else 0.0

    def _health(self, lateness_s: float, tick_at_s: float) -> HostHealth:
        now_s = self._clock.now_s()
        return HostHealth(
            lateness_s=lateness_s,
            tick_s=self._ticker.tick_s,
            exchange_s=now_s - tick_at_s,
            mismatches=self._mismatches,
            boot_clock_gap_s=self._clock.boot_s() - now_s - self._boot_gap_s,
            wall_clock_step_s=self._clock.utc_ms() / 1000 - now_s - self._wall_gap_s,
            journal_age_s=self._recorder.age_s(),
            console_age_s=None,
            elapsed_s=self._machine.treatment_elapsed_s(tick_at_s),
            planned_s=self._planned_s,
        )

    def _time_left(self) -> bool:
        left_s = self._ticker.due_s - self._clock.now_s()
        return left_s > EVENT_READ_SHARE * self._ticker.tick_s

    def _show(self, reading: Telemetry | None, tick_at_s: float) -> None:
        self._operator.show(
            Progress(
                phase=self._machine.phase.label,
                elapsed_s=self._machine.treatment_elapsed_s(tick_at_s),
                planned_s=self._planned_s,
                target_n=self._sent_force_n(),
                force_n=None if reading is None else reading.force_n,
                since_start_s=self._machine.since_start_s(tick_at_s),
                alarms=self._alarms.active,
                tone=self._alarms.tone_due(tick_at_s),
                sound_paused_s=self._alarms.sound_paused_s(tick_at_s),
            )
        )

    def _let_go(self) -> None:
        """Last resort of a broken loop: one fast release; the unit's watchdog does the rest."""
        with suppress(TractionError):
            self._unit.exchange(ForceCommand(kind=CommandKind.RELEASE_FAST))
