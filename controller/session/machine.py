"""The session from the armed unit to the observed release: sans-io, one input, a few effects.

``handle`` takes an input and the time and returns effects for the loop. ``command`` returns the
next command for the unit. Times are the host's monotonic seconds; the phase logic compares whole
milliseconds of the session's axis, so that an ordered 15 min is never 14.
"""

from __future__ import annotations

from typing import Final, assert_never

from controller.errors import IllegalTransition, RequestRefused
from controller.event_details.findings_and_alarms import OperatorActed
from controller.event_details.treatment import CheckInRecorded, PauseRegressed, RemarkRecorded
from controller.events import StopCause
from controller.order.force_profile import Segment
from controller.order.phases import FINAL_PHASES, TRANSITIONS, TREATING_PHASES, Phase, Stage
from controller.order.planner import SLACK_FOLLOW_N, TreatmentPlan
from controller.questions import Answer, Question
from controller.requests import (
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    Remark,
    Resume,
    Stop,
    TreatmentRequest,
    request_name,
)
from controller.safety.verdict import RELEASE_COMMANDS, Action, Verdict
from controller.session import recorded_events
from controller.session.approach import ANSWER_LIMIT_S, FAILED_APPROACH, Approach, ApproachStep
from controller.session.check_in import CheckInReminder
from controller.session.course import Course
from controller.session.inputs_and_effects import (
    ArmingFailed,
    Ask,
    Effect,
    Emit,
    Ending,
    LinkGone,
    MachineInput,
    QuestionAnswered,
    RaiseAlarm,
    ReadingTaken,
    Requested,
    SettleAlarm,
    StopRequested,
    Tell,
    VerdictGiven,
    session_ms,
)
from controller.session.outcome import HoldSeen
from controller.session.pause import PauseStep
from controller.session.request_effects import adjusted, followed, paused, resumed
from controller.session.request_rules import phases_for
from controller.session.session_end import EndStep, SessionEnd
from controller.session.treatment import Treatment
from controller.telemetry import CommandKind, ForceCommand, Telemetry

SLACK_RATE_N_PER_S: Final = 2.0
PRETENSION_QUESTION: Final = "Pretension is on. Do harness, position and line of pull look right?"


class SessionMachine:
    """One per session. It starts in ``armed`` and ends in a final phase."""

    def __init__(self, plan: TreatmentPlan, *, origin_s: float) -> None:
        order = plan.order
        self._order = order
        self._origin_s = origin_s
        self._treatment = Treatment(plan)
        self._end = SessionEnd(order)
        self._phase = Phase.ARMED
        self._entered_s = origin_s
        self._reminder = CheckInReminder()
        self._approach = Approach(order)
        self._resume_asked: tuple[str, float] | None = None
        self._hold_parts: set[int] = set()
        self._hold_seen = HoldSeen()
        self._holding_position = False
        self._ceiling_n = order.hold_force_n

    @property
    def phase(self) -> Phase:
        """The present phase."""
        return self._phase

    @property
    def finished(self) -> bool:
        """True in a final phase: nothing more will be sent."""
        return self._phase in FINAL_PHASES

    @property
    def releasing(self) -> bool:
        """True from the first release order on."""
        return self._end.ordered

    @property
    def ending(self) -> Ending:
        """How the session ended; meaningful once ``finished``."""
        return Ending(
            outcome=self._end.reason.outcome,
            reason=self._end.reason.text,
            reached_holding=self._hold_seen.reached,
            release_seen=self._end.seen,
        )

    @property
    def hold_number(self) -> int:
        """Number of the present or last reached hold of the treatment; 0 outside the treatment."""
        return len(self._hold_parts) if self._phase in TREATING_PHASES else 0

    @property
    def ceiling_n(self) -> float:
        """The highest force now ordered (0x206), newtons."""
        return self._ceiling_n

    def treatment_elapsed_s(self, now_s: float) -> float:
        """Returns the seconds on the treatment clock, stopped in a pause; 0 before treatment."""
        return self._treatment.elapsed_s(now_s - self._origin_s)

    def course(self, now_s: float) -> Course:
        """Returns the state of the session, for displays."""
        check_in_s = None if self._end.ordered else self._reminder.left_s(now_s)
        return self._treatment.course(
            self._phase,
            now_s - self._origin_s,
            hold_number=self.hold_number,
            check_in_s=check_in_s,
        )

    def command(self, leave_s: float) -> ForceCommand:
        """Returns the command for the exchange that is sent at ``leave_s``."""
        if self._end.ordered:
            return self._end.command()
        kind = CommandKind.HOLD if self._holding_position else CommandKind.FOLLOW
        return ForceCommand(
            kind=kind,
            force_n=round(self._target_n(leave_s), 1),
            rate_n_per_s=self._rate_n_per_s(),
            ceiling_n=self._ceiling_n,
        )

    def handle(self, happened: MachineInput, now_s: float) -> list[Effect]:
        """Take one input; raises IllegalTransition once the session has finished."""
        if self.finished:
            raise IllegalTransition(f"the session is {self._phase.label}; nothing follows")
        effects = self._handle(happened, now_s)
        self._ceiling_n = self._treatment.ceiling_n(now_s - self._origin_s)
        return effects

    def _handle(self, happened: MachineInput, now_s: float) -> list[Effect]:
        match happened:
            case ReadingTaken(reading):
                return self._on_reading(reading, now_s)
            case VerdictGiven(verdict):
                return self._on_verdict(verdict, now_s)
            case QuestionAnswered(question, answer):
                return self._on_answer(question, answer, now_s)
            case Requested(request):
                return self._on_request(request, now_s)
            case StopRequested(stop):
                return self._stop_now(stop, now_s)
            case ArmingFailed(reason):
                return self._release_with(CommandKind.RELEASE_FAST, reason, now_s, vague=True)
            case LinkGone(reason):
                return self._step(self._end.lose_link(reason, now_s), now_s)
            case _:
                assert_never(happened)

    # --- what is wanted -----------------------------------------------------------------------

    def _target_n(self, leave_s: float) -> float:
        if self._treatment.started:
            return self._treatment.target_n(leave_s - self._origin_s)
        if self._phase is Phase.PRETENSIONING:
            return self._order.pretension_force_n
        return min(SLACK_FOLLOW_N, self._order.hold_force_n)

    def _rate_n_per_s(self) -> float:
        slack = self._phase in (Phase.ARMED, Phase.TAKING_UP_SLACK)
        return SLACK_RATE_N_PER_S if slack else 0.0

    # --- readings, verdicts and answers -------------------------------------------------------

    def _on_reading(self, reading: Telemetry | None, now_s: float) -> list[Effect]:
        if reading is not None:
            self._end.last_reading = reading
            self._hold_seen.read(reading.force_n)
        match self._phase:
            case Phase.ARMED:
                return self._enter(Phase.TAKING_UP_SLACK, now_s)
            case Phase.TAKING_UP_SLACK | Phase.PRETENSIONING:
                effects = self._come_near(reading, now_s)
            case Phase.PAUSED:
                effects = self._wait_in_pause(now_s)
            case Phase.RELEASING:
                return self._step(self._end.follow(reading, now_s), now_s)
            case _:
                effects = self._treat(now_s)
        remind = not self._end.ordered and self._reminder.due(now_s)
        return [*effects, RaiseAlarm("check_in_due")] if remind else effects

    def _on_verdict(self, verdict: Verdict, now_s: float) -> list[Effect]:
        for finding in verdict.findings:
            self._end.reason.found(finding.code)
        self._holding_position = verdict.action is Action.HOLD
        if verdict.action < Action.RELEASE:
            return []
        kind = RELEASE_COMMANDS[verdict.action]
        return self._release_with(kind, recorded_events.reason_of(verdict), now_s)

    def _on_answer(self, question: Question, answer: Answer, now_s: float) -> list[Effect]:
        if question is Question.RELEASE_NOT_SEEN:
            word = self._end.take_word(answer.answered_by, accepted=answer.accepted)
            return self._step(word, now_s)
        if question is Question.PRETENSION_LOOKS_RIGHT:
            if not answer.accepted:
                reason = f"pretension refused by {answer.answered_by}"
                return self._release_with(CommandKind.RELEASE, reason, now_s)
            self._approach.accepted = True
        elif question is Question.RESUME_RAISES_FORCE and self._resume_asked is not None:
            by, _ = self._resume_asked
            self._resume_asked = None
            if answer.accepted and self._phase is Phase.PAUSED:
                return self._leave_pause(by, answer.answered_by, now_s)
        return []

    # --- requests -----------------------------------------------------------------------------

    def _on_request(self, request: TreatmentRequest, now_s: float) -> list[Effect]:
        try:
            if self._phase not in phases_for(request):
                phase = self._phase.label.replace("_", " ")
                raise RequestRefused(f"not possible while {phase}")
            return self._do(request, now_s)
        except RequestRefused as refusal:
            return self._refuse(request, refusal.message)

    def _do(self, request: TreatmentRequest, now_s: float) -> list[Effect]:
        match request:
            case Pause():
                return self._pause(request, now_s)
            case Resume(by=by):
                return self._resume(by, now_s)
            case AdjustForce():
                return self._adjust(request, now_s)
            case CheckIn(by=by):
                self._reminder.looked_after(now_s)
                return [
                    Emit(CheckInRecorded(by=by)),
                    SettleAlarm("check_in_due", by),
                    followed(request),
                ]
            case Remark(by=by, text=text):
                return [Emit(RemarkRecorded(by=by, text=text)), followed(request)]
            case EndEarly(by=by, reason=reason):
                because = f": {reason}" if reason else ""
                return self._end_with(
                    CommandKind.RELEASE,
                    "end_early",
                    by,
                    f"ended early by {by}{because}",
                    now_s,
                    reason,
                )
            case _:
                assert_never(request)

    def _refuse(self, request: TreatmentRequest, reason: str) -> list[Effect]:
        name = request_name(request).replace("_", " ")
        return [recorded_events.request_refused(request, reason), Tell(f"{name} refused: {reason}")]

    def _stop_now(self, stop: Stop, now_s: float) -> list[Effect]:
        kind = CommandKind.RELEASE_FAST if stop.fast else CommandKind.RELEASE
        action = "stop_fast" if stop.fast else "stop"
        return self._end_with(kind, action, stop.by, f"operator stop ({stop.by})", now_s)

    def _end_with(
        self, kind: CommandKind, action: str, by: str, why: str, now_s: float, reason: str = ""
    ) -> list[Effect]:
        acted = Emit(OperatorActed(action=action, by=by, reason=reason))
        return [acted, *self._release_with(kind, why, now_s), Tell(f"release ordered: {why}")]

    def _adjust(self, request: AdjustForce, now_s: float) -> list[Effect]:
        changes = self._treatment.adjust(request, self._ms(now_s))
        effects = [*recorded_events.force_adjusted(request.by, changes), adjusted(request, changes)]
        if self._phase in TREATING_PHASES and self._treatment.segment.phase is not self._phase:
            effects += self._enter_segment(self._treatment.segment, now_s)
        return effects

    # --- pause --------------------------------------------------------------------------------

    def _pause(self, request: Pause, now_s: float) -> list[Effect]:
        self._treatment.pause(self._ms(now_s))
        target_n = self._target_n(now_s)
        recorded = recorded_events.paused(request, target_n, self.treatment_elapsed_s(now_s))
        stage = self._treatment.segment.stage
        entered = self._enter(Phase.PAUSED, now_s, target_n, stage)
        return [recorded, *entered, paused(request, target_n)]

    def _resume(self, by: str, now_s: float) -> list[Effect]:
        if self._treatment.returning or self._resume_asked is not None:
            raise RequestRefused("the treatment is on its way back already")
        if not self._treatment.resume_raises_force(self._ms(now_s)):
            return self._leave_pause(by, "", now_s)
        self._resume_asked = (by, now_s)
        text = "The force will rise again. Is the patient ready, and may the treatment go on?"
        return [Ask(Question.RESUME_RAISES_FORCE, text)]

    def _leave_pause(self, by: str, confirmed_by: str, now_s: float) -> list[Effect]:
        from_n = self._target_n(now_s)
        to_n = self._treatment.leave_pause(self._ms(now_s))
        return [recorded_events.resumed(by, confirmed_by, from_n, to_n), resumed(by, from_n, to_n)]

    def _wait_in_pause(self, now_s: float) -> list[Effect]:
        if self._resume_asked is not None and now_s - self._resume_asked[1] > ANSWER_LIMIT_S:
            reason = f"resume not confirmed in {ANSWER_LIMIT_S:g} s"
            return self._release_with(CommandKind.RELEASE, reason, now_s, alarm="answer_missing")
        match self._treatment.step_pause(self._ms(now_s)):
            case PauseStep.REGRESSES:
                return [Emit(PauseRegressed()), RaiseAlarm("pause_regressed")]
            case PauseStep.OVER:
                reason = "pause longer than 5 min at the pretension"
                return self._release_with(CommandKind.RELEASE, reason, now_s, alarm="pause_over")
            case PauseStep.BACK:
                return self._enter_segment(self._treatment.go_on(self._ms(now_s)), now_s)
            case PauseStep.GOES_ON:
                return []

    # --- phases -------------------------------------------------------------------------------

    def _come_near(self, reading: Telemetry | None, now_s: float) -> list[Effect]:
        step = self._approach.step(reading, now_s - self._entered_s, self._phase)
        if step in FAILED_APPROACH:
            reason, alarm = FAILED_APPROACH[step]
            return self._release_with(CommandKind.RELEASE, reason, now_s, alarm=alarm)
        if step is ApproachStep.PRETENSION:
            return self._start_pretension(now_s)
        return self._start_treatment(now_s) if step is ApproachStep.TREAT else []

    def _start_pretension(self, now_s: float) -> list[Effect]:
        ask = Ask(Question.PRETENSION_LOOKS_RIGHT, PRETENSION_QUESTION)
        return [*self._enter(Phase.PRETENSIONING, now_s, self._order.pretension_force_n), ask]

    def _start_treatment(self, now_s: float) -> list[Effect]:
        self._reminder.looked_after(now_s)
        return self._enter_segment(self._treatment.start(self._ms(now_s)), now_s)

    def _treat(self, now_s: float) -> list[Effect]:
        effects: list[Effect] = []
        while (segment := self._treatment.next_segment(self._ms(now_s))) is not None:
            effects += self._enter_segment(segment, now_s)
        if self._treatment.over(self._ms(now_s)):
            effects += self._release_with(CommandKind.RELEASE, StopCause.TREATMENT_OVER, now_s)
        return effects

    def _enter_segment(self, segment: Segment, now_s: float) -> list[Effect]:
        if segment.phase is Phase.HOLDING:
            self._hold_parts.add(segment.part)
        return self._enter(segment.phase, now_s, segment.end_force_n, segment.stage)

    # --- the end ------------------------------------------------------------------------------

    def _release_with(
        self, kind: CommandKind, reason: str, now_s: float, *, alarm: str = "", vague: bool = False
    ) -> list[Effect]:
        self._treatment.stop_clock(self._ms(now_s))
        return self._step(self._end.release(kind, reason, now_s, alarm=alarm, vague=vague), now_s)

    def _step(self, step: EndStep, now_s: float) -> list[Effect]:
        entered = [] if step.phase is None else self._enter(step.phase, now_s)
        return [*step.effects, *entered]

    def _enter(
        self, phase: Phase, now_s: float, target_n: float = 0.0, stage: Stage = Stage.PREPARATION
    ) -> list[Effect]:
        if phase not in TRANSITIONS[self._phase]:
            raise IllegalTransition(f"{self._phase.label} cannot become {phase.label}")
        before, self._phase, self._entered_s = self._phase, phase, now_s
        self._hold_seen.enter(phase, target_n)
        return [recorded_events.phase_changed(before, phase, target_n, stage)]

    def _ms(self, now_s: float) -> int:
        return session_ms(now_s, self._origin_s)
