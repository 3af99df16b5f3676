"""The state of the ordered treatment: its clock, its profile, its forces and its pause.

Sans-io and without effects, which are the session machine's. Times are those of the session's axis:
whole milliseconds for phases, seconds for forces.
"""

from __future__ import annotations

import math
from typing import Final

from controller.order.force_profile import Segment
from controller.order.phases import TREATING_PHASES, Phase, Stage
from controller.order.planner import TreatmentPlan, base_force_n, level_n, ordered_forces, replan
from controller.requests import AdjustForce
from controller.session.adjustments import (
    ForceChange,
    applied,
    changes_for,
    largest_increase_n,
)
from controller.session.course import Course
from controller.session.pause import PauseStep, TreatmentPause
from controller.session.treatment_clock import TreatmentClock

CEILING_LAG_S: Final = 2.0
"""Delay of the ceiling behind a lowered set-point: motor and cell lag."""


class Treatment:
    """One per session, from the first ramp to the end of the last segment."""

    def __init__(self, plan: TreatmentPlan) -> None:
        self._order = plan.order
        self._profile = plan.profile
        self._planned_s = plan.profile.end_s
        holds = [part for part in plan.profile.segments if part.phase is Phase.HOLDING]
        self._hold_count = len({part.part for part in holds})
        self._forces = self._paused_with = ordered_forces(plan.order)
        self._segment = 0
        self._clock: TreatmentClock | None = None
        self._pause: TreatmentPause | None = None
        self._increased_at_s = -math.inf
        self._eased_from_n, self._eased_until_s = 0.0, 0.0

    @property
    def started(self) -> bool:
        """True from the first ramp on."""
        return self._clock is not None

    @property
    def segment(self) -> Segment:
        """The present segment."""
        return self._profile.segments[self._segment]

    def start(self, now_ms: int) -> Segment:
        """Begin with the first ramp."""
        self._clock = TreatmentClock(now_ms)
        return self.segment

    def elapsed_s(self, session_s: float) -> float:
        """Returns the seconds on the treatment clock; 0 before the treatment."""
        return 0.0 if self._clock is None else self._clock.elapsed_s(session_s)

    def since_start_s(self, session_s: float) -> float | None:
        """Returns the seconds since the first ramp, pauses included; None before it."""
        return None if self._clock is None else session_s - self._clock.started_ms / 1000

    def course(
        self, phase: Phase, session_s: float, *, hold_number: int, check_in_s: float | None
    ) -> Course:
        """Returns the state of the session in ``phase``; arguments are not the treatment's own."""
        is_paused, is_treating = phase is Phase.PAUSED, phase in TREATING_PHASES
        pause, may_rise = self._pause if is_paused else None, is_treating or is_paused
        elapsed_s = self.elapsed_s(session_s)
        held_left_s = None if pause is None else pause.held_left_s(session_s)
        segment_left_s = max(0.0, self.segment.end_s - elapsed_s)
        return Course(
            phase=phase.label,
            planned_s=self._planned_s,
            stage=(self.segment.stage if may_rise else Stage.PREPARATION).name.lower(),
            hold_number=hold_number,
            hold_count=self._hold_count,
            elapsed_s=elapsed_s,
            since_start_s=self.since_start_s(session_s),
            phase_left_s=segment_left_s if is_treating else held_left_s,
            pause_left_s=None if pause is None else pause.left_s(session_s),
            check_in_s=check_in_s,
            ceiling_n=self.ceiling_n(session_s),
            increase_n=self._increase_n(session_s) if may_rise else 0.0,
        )

    def _increase_n(self, session_s: float) -> float:
        """Returns the largest increase of the hold force that is accepted now, newtons."""
        since_s = session_s - self._increased_at_s
        return largest_increase_n(self._order, self._forces, since_increase_s=since_s)

    def target_n(self, session_s: float) -> float:
        """Returns the force wanted by the treatment, newtons."""
        if self._pause is not None:
            return self._pause.target_n(session_s)
        return self._profile.target_n(self.elapsed_s(session_s))

    def ceiling_n(self, session_s: float) -> float:
        """Returns the highest force now ordered (0x206), which follows a decrease with a delay.

        Never below the present force: a pause on the way down to a lower hold keeps it.
        """
        eased_n = self._eased_from_n if session_s < self._eased_until_s else 0.0
        now_n = math.ceil(self.target_n(session_s) * 10.0 - 1e-6) / 10.0
        return max(self._forces.hold_n, eased_n, now_n)

    def next_segment(self, now_ms: int) -> Segment | None:
        """Advance to the next segment if the present one has ended; else None."""
        if not self._segment_ended(now_ms) or self._segment + 1 == len(self._profile.segments):
            return None
        self._segment += 1
        return self.segment

    def over(self, now_ms: int) -> bool:
        """Returns True once the last segment has ended."""
        return self._segment + 1 == len(self._profile.segments) and self._segment_ended(now_ms)

    def stop_clock(self, now_ms: int) -> None:
        """Stop the treatment clock at the end of the treatment."""
        if self._clock is not None:
            self._clock.stop(now_ms)

    # --- adjustments --------------------------------------------------------------------------

    def adjust(self, request: AdjustForce, now_ms: int) -> tuple[ForceChange, ...]:
        """Change the ordered forces and plan the rest again; raises RequestRefused."""
        now_s = now_ms / 1000
        changes = changes_for(
            self._order, self._forces, request, since_increase_s=now_s - self._increased_at_s
        )
        target_n, changed = self.target_n(now_s), applied(self._forces, changes)
        self._keep_ceiling_for_a_while(changed.hold_n, now_s)
        self._forces = changed
        if request.change_n > 0:
            self._increased_at_s = now_s
        if self._pause is not None:
            self._pause.lower(self._resume_force_n(now_ms), now_s)
        else:
            self._plan_again(target_n, now_ms)
        return changes

    def _keep_ceiling_for_a_while(self, hold_n: float, now_s: float) -> None:
        fall_n = self._forces.hold_n - hold_n
        if fall_n > 0:
            self._eased_from_n = self.ceiling_n(now_s)
            self._eased_until_s = now_s + fall_n / self._order.ramp_down_n_per_s + CEILING_LAG_S

    def _plan_again(self, force_n: float, now_ms: int) -> None:
        elapsed_ms = 0 if self._clock is None else self._clock.elapsed_ms(now_ms)
        self._profile = replan(self._order, self._forces, at_ms=elapsed_ms, force_n=force_n)
        self._segment = 0

    # --- pause --------------------------------------------------------------------------------

    def pause(self, now_ms: int) -> None:
        """Stop the clock and hold the present force."""
        held_n = self.target_n(now_ms / 1000)
        self._running().stop(now_ms)
        self._paused_with = self._forces
        self._pause = TreatmentPause(
            since_s=now_ms / 1000,
            held_n=held_n,
            base_n=base_force_n(self._order),
            up=self._order.ramp_up_n_per_s,
            down=self._order.ramp_down_n_per_s,
        )

    @property
    def returning(self) -> bool:
        """True while the force is returning from a pause."""
        return self._pause is not None and self._pause.returning

    def resume_raises_force(self, now_ms: int) -> bool:
        """True if continuing leads above the present force in a way that the pause changed."""
        raised = (
            self._forces.hold_n > self._paused_with.hold_n
            or self._forces.rest_n > self._paused_with.rest_n
        )
        return raised or self._resume_force_n(now_ms) > self.target_n(now_ms / 1000) + 1e-6

    def leave_pause(self, now_ms: int) -> float:
        """Ramp to where the treatment continues; returns that force in newtons."""
        goal_n = self._resume_force_n(now_ms)
        self._in_pause().return_to(goal_n, now_ms / 1000)
        return goal_n

    def step_pause(self, now_ms: int) -> PauseStep:
        """Do one tick of the pause."""
        return self._in_pause().step(now_ms / 1000)

    def go_on(self, now_ms: int) -> Segment:
        """Continue once the force is back: the clock runs again, the rest follows from here."""
        force_n = self.target_n(now_ms / 1000)
        self._pause = None
        self._running().go_on(now_ms)
        self._plan_again(force_n, now_ms)
        return self.segment

    def _resume_force_n(self, now_ms: int) -> float:
        """Returns the profile's force at the clock, or less if the forces were lowered since."""
        elapsed_ms = self._running().elapsed_ms(now_ms)
        planned_n = self._profile.target_n(elapsed_ms / 1000)
        if self._forces == self._paused_with:
            return planned_n
        dwelling = self.segment.phase in (Phase.HOLDING, Phase.RESTING)
        level_now_n = level_n(self._order, self._forces, elapsed_ms)
        return min(planned_n, level_now_n if dwelling else self._forces.hold_n)

    def _running(self) -> TreatmentClock:
        assert self._clock is not None, "the treatment has begun"
        return self._clock

    def _in_pause(self) -> TreatmentPause:
        assert self._pause is not None, "the treatment is paused"
        return self._pause

    def _segment_ended(self, now_ms: int) -> bool:
        """True at the first tick whose time is at or after the end, in whole milliseconds."""
        return self._running().elapsed_ms(now_ms) >= round(self.segment.end_s * 1000)
