"""Makes the snapshots of one session and passes them to the displays."""

from __future__ import annotations

from controller.errors import LinkError, StaleAnswer
from controller.ports import Operator
from controller.requests import AlarmOnScreen
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.open_questions import OpenQuestions
from controller.runtime.recorder import Recorder
from controller.runtime.responsibility import Responsibility
from controller.safety.limits import SafetyLimits
from controller.session.course import Course
from controller.snapshot import Snapshot, known_number, of_reading
from controller.telemetry import Telemetry


class Present:
    """One per session. ``limits`` are those in force, once there are any."""

    def __init__(
        self,
        *,
        session_id: str,
        recorder: Recorder,
        operator: Operator,
        alarms: AlarmKeeper,
        questions: OpenQuestions,
        responsibility: Responsibility,
    ) -> None:
        self._session_id = session_id
        self._clock = recorder.clock
        self._recorder = recorder
        self._operator = operator
        self._alarms = alarms
        self._questions = questions
        self._responsibility = responsibility
        self.limits: SafetyLimits | None = None
        self._number = self._missed = self._mismatched = 0
        self._round_trip_s: float | None = None
        self._taken_at_s: float | None = None
        self._newest: Snapshot | None = None

    @property
    def alarms_shown(self) -> tuple[AlarmOnScreen, ...]:
        """Returns the alarms of the latest snapshot, which a person who answers now has seen."""
        return () if self._newest is None else self._newest.alarms_on_screen

    def answered(self, round_trip_s: float) -> None:
        """Note that an exchange brought a reading after ``round_trip_s``."""
        self._round_trip_s = round_trip_s

    def unanswered(self, error: LinkError) -> None:
        """Note that an exchange brought no reading."""
        self._missed += 1
        self._mismatched += isinstance(error, StaleAnswer)

    def show(
        self,
        course: Course,
        reading: Telemetry | None,
        *,
        target_n: float = 0.0,
        pull_mm: float | None = None,
        lateness_s: float = 0.0,
        message: str = "",
    ) -> None:
        """Show this moment; ``reading`` is that of this tick, None if there was none."""
        now_s, limits = self._clock.now_s(), self.limits
        attendance = self._operator.attendance()
        self._number += 1
        if reading is not None:
            self._taken_at_s = reading.taken_at_s
        self._newest = Snapshot(
            number=self._number,
            utc_ms=self._clock.utc_ms(),
            session_id=self._session_id,
            phase=course.phase,
            stage=course.stage,
            hold_number=course.hold_number,
            hold_count=course.hold_count,
            elapsed_s=course.elapsed_s,
            planned_s=course.planned_s,
            since_start_s=course.since_start_s,
            phase_left_s=course.phase_left_s,
            pause_left_s=course.pause_left_s,
            check_in_s=course.check_in_s,
            target_n=target_n,
            ceiling_n=course.ceiling_n,
            limit_n=None if limits is None else limits.force_n,
            increase_n=course.increase_n,
            pull_mm=known_number(pull_mm),
            pull_share=_share(pull_mm, limits),
            reading_age_s=None if self._taken_at_s is None else now_s - self._taken_at_s,
            alarms=self._alarms.active,
            questions=self._questions.waiting,
            tone=self._alarms.tone_due(now_s),
            sound_paused_s=self._alarms.sound_paused_s(now_s),
            message=message,
            responsible=self._responsibility.by,
            responsible_since_ms=self._responsibility.since_utc_ms,
            lateness_s=lateness_s,
            round_trip_s=self._round_trip_s,
            missed=self._missed,
            mismatched=self._mismatched,
            record_age_s=self._recorder.age_s(),
            record_trouble=self._recorder.trouble,
            console_age_s=attendance.console_age_s,
            page_age_s=attendance.page_age_s,
            station_age_s=attendance.station_age_s,
            **of_reading(reading),
        )
        self._operator.show(self._newest)


def _share(pull_mm: float | None, limits: SafetyLimits | None) -> float | None:
    pull_mm = known_number(pull_mm)
    return None if pull_mm is None or limits is None else pull_mm / limits.pull_mm
