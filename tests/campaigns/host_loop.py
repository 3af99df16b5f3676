"""One drawn patient on a composed table: the force loop is the host's, at 10 Hz over a slow line.

The controller is that of plant.md#equations, except for its feed-forward. Its output passes the
program's supervisor and motion grant, as on a table that may pull a person: over-force after 150
ms, the pull length of 80 or 150 mm from the pretension on, the patient's stop switch. The program
has no such adapter yet; this measures what its loop could do.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from controller.order.force_profile import ForceProfile
from controller.order.planner import SLACK_FOLLOW_N, plan
from controller.runtime.supervision import REGION_NARROWING
from controller.safety.limits import SafetyLimits
from controller.safety.motion_grant import inward_step_mm
from controller.safety.situation import SLACK_N
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import Action, Verdict
from controller.telemetry import CommandKind, ForceCommand, HostHealth, Telemetry
from simulator.device.regulator import CORD_N_PER_MM, FEED_S, fed_share
from simulator.device.release import RELEASED_N, pay_out_speed_mm_per_s
from simulator.table.plant import CELL_S, MOTOR_S
from tests.campaigns.figures import Figures, spans_of, take_figures
from tests.campaigns.host_table import STOP, CrawlTarget, HostTable
from tests.campaigns.population import DrawnPatient, HostLine
from tests.campaigns.treatment import PRETENSION_N, PRETENSION_S, Treatment
from tests.campaigns.truth import CYCLE_S, Watch
from tests.support.force_profiles import peak_force_n

TICK_S = 0.100
HEALTHY = HostHealth(
    lateness_s=0.0,
    tick_s=TICK_S,
    exchange_s=0.0,
    mismatches=0,
    boot_clock_gap_s=0.0,
    wall_clock_step_s=0.0,
    journal_age_s=0.0,
    console_age_s=None,
    station_age_s=None,
)
"""A host without trouble: what is measured here is the loop."""
CYCLES_PER_TICK = round(TICK_S / CYCLE_S)
STIFFEST_N_PER_MM = {"cervical": 7.5, "lumbar": 10.9}
"""Series stiffness of the cord (20 N/mm) and of a body of twice the nominal (12, 24 N/mm)."""
FEED_SHARE = TICK_S / FEED_S
DEAD_BAND_N = 1.0
REMEMBERED_TICKS = 8
"""Longer than any line is slow: the oldest reading is not older."""
MAX_SPEED_MM_PER_S = 20.0
SLACK_SPEED_MM_PER_S = 2.0
TAUT_READINGS = 3
SLACK_RATE_N_PER_S = 2.0
WATCHED_AFTER_RELEASE_S = 10.0


class HostController:
    """The controller of plant.md#equations with a careful feed-forward.

    It is ramped, and its gain follows from the cord's stiffness. The model feeds forward at once,
    for the nominal body. Over the spread of drawn patients that overshoots into the trip of row 42
    wherever the body is stiffer, so the stiffest body of the spread is used; a softer one lags and
    is corrected by the gain.
    """

    def __init__(
        self, series_n_per_mm: float, up_n_per_s: float, down_n_per_s: float, line: HostLine
    ) -> None:
        self._feed_mm_per_n = 1.0 / series_n_per_mm
        line_s = line.delay_s + line.jitter_s + line.cell_s
        loop_delay_s = line_s + TICK_S / 2 + MOTOR_S + CELL_S
        self._gain = 1.0 / (CORD_N_PER_MM * 2.0 * loop_delay_s)
        self._past: deque[tuple[float, float]] = deque(maxlen=REMEMBERED_TICKS)
        self._up_n_per_s, self._down_n_per_s = up_n_per_s, down_n_per_s
        self._feed_mm_per_s = 0.0
        self.setpoint_n = 0.0

    def speed_mm_per_s(
        self, target_n: float, reading: Telemetry, now_s: float, up_n_per_s: float = 1e9
    ) -> float:
        """Winch speed for the next tick; positive winds in.

        A force is compared with the set-point at the time when it was measured: compared with the
        present set-point, a ramp would be ahead by the line's delay.
        """
        force_n = reading.force_n or 0.0
        up_n = min(up_n_per_s, self._up_n_per_s) * TICK_S
        change_n = max(-self._down_n_per_s * TICK_S, min(up_n, target_n - self.setpoint_n))
        self.setpoint_n += change_n
        self._past.append((now_s, self.setpoint_n))
        error_n = self._setpoint_at(reading.taken_at_s) - force_n
        if abs(error_n) <= DEAD_BAND_N:
            error_n = 0.0
        else:
            error_n -= DEAD_BAND_N if error_n > 0.0 else -DEAD_BAND_N
        feed_mm_per_s = self._feed(change_n)
        feed_mm_per_s *= fed_share(feed_mm_per_s, error_n)
        speed = feed_mm_per_s + self._gain * error_n
        if force_n < SLACK_N:
            speed = min(speed, SLACK_SPEED_MM_PER_S)
        return max(-MAX_SPEED_MM_PER_S, min(MAX_SPEED_MM_PER_S, speed))

    def _setpoint_at(self, taken_at_s: float) -> float:
        """The newest set-point that is not newer than the reading."""
        earlier = [setpoint_n for at_s, setpoint_n in self._past if at_s <= taken_at_s]
        return earlier[-1] if earlier else self._past[0][1]

    def _feed(self, change_n: float) -> float:
        """Feed falling changes at once, and rising ones over ``FEED_S``, as the unit does."""
        feed_mm_per_s = change_n / TICK_S * self._feed_mm_per_n
        rises = abs(feed_mm_per_s) > abs(self._feed_mm_per_s)
        self._feed_mm_per_s += (feed_mm_per_s - self._feed_mm_per_s) * (FEED_SHARE if rises else 1)
        return self._feed_mm_per_s


class HostSession:
    """Slack take-up, pretension, treatment, release; one ``tick`` every 100 ms."""

    def __init__(self, table: HostTable, treatment: Treatment, profile: ForceProfile) -> None:
        lumbar = treatment.region == "lumbar"
        up = treatment.ramp_up_n_per_s
        order = treatment.order().prescription
        self._table, self._profile, self._lumbar = table, profile, lumbar
        self._controller = HostController(
            STIFFEST_N_PER_MM[treatment.region], up, 2.0 * up, table.line
        )
        self._down_n_per_s = 2.0 * up
        self._sent = ForceCommand(kind=CommandKind.HOLD)
        self._limits = SafetyLimits().narrowed(
            force_n=order.force_limit_n, rate_up_n_per_s=up, **REGION_NARROWING[order.region]
        )
        self._supervisor: Supervisor | None = None
        self._pay_out_mm_per_s = 0.0
        self._taut = 0
        self._reading: Telemetry | None = None
        self._pretension_since_s: float | None = None
        self._began_s: float | None = None
        self.release_arrives_s: float | None = None
        self.released_at_s: float | None = None
        self.ending = ""
        self.phases: list[tuple[float, str, float]] = []

    def tick(self) -> None:
        """Take what has arrived, judge it, and send the next crawl target."""
        reading = self._table.arrived()
        self._table.sample()
        if reading is None:
            return
        self._reading = reading
        now_s = self._table.uptime_s
        if self._supervisor is None:
            self._supervisor = Supervisor(
                self._limits, reading, now_s, release_rate_n_per_s=self._down_n_per_s
            )
        wanted_n = self._wanted_n(now_s)
        verdict = self._judge(self._supervisor, reading, wanted_n, now_s)
        arrives_s = self._table.order(self._target(reading, verdict))
        if self.ending and self.release_arrives_s is None:
            self.release_arrives_s = arrives_s
        self._table.setpoint_n = self._controller.setpoint_n

    def _wanted_n(self, now_s: float) -> float:
        """The force of the current phase; 0 from the end of the treatment on."""
        reading = self._reading
        assert reading is not None, "the cell is healthy"
        assert reading.force_n is not None, "the cell is healthy"
        if self._began_s is not None:
            return self._in_treatment(now_s - self._began_s, now_s)
        if self._pretension_since_s is None:
            self._taut = self._taut + 1 if reading.force_n >= SLACK_N else 0
            if self._taut < TAUT_READINGS:
                return SLACK_FOLLOW_N
            self._pretension_since_s = now_s
        if now_s - self._pretension_since_s >= PRETENSION_S - 1e-9:
            self._began_s = now_s
            return self._in_treatment(0.0, now_s)
        return PRETENSION_N

    def _in_treatment(self, elapsed_s: float, now_s: float) -> float:
        if self.ending:
            return 0.0
        if elapsed_s >= self._profile.end_s - 1e-9:
            self._end("completed", now_s)
            return 0.0
        segment = self._profile.segment_at(elapsed_s + 1e-9)
        index = self._profile.index_at(elapsed_s + 1e-9)
        if index == len(self.phases):
            self.phases.append((now_s, segment.phase.label, segment.end_force_n))
        return self._profile.target_n(elapsed_s)

    def _end(self, why: str, now_s: float) -> None:
        self.ending = why
        self.phases.append((now_s, "releasing", 0.0))

    def _judge(
        self, supervisor: Supervisor, reading: Telemetry, wanted_n: float, now_s: float
    ) -> Verdict:
        before = supervisor.latched
        pulls = ForceCommand(
            kind=CommandKind.FOLLOW, force_n=wanted_n, ceiling_n=peak_force_n(self._profile)
        )
        wish = ForceCommand(kind=CommandKind.RELEASE) if self.ending else pulls
        self._sent = supervisor.narrowed(wish)
        verdict = supervisor.judge(reading, sent=self._sent, health=HEALTHY, now_s=now_s)
        if verdict.action >= Action.HOLD > before and not self.ending:
            self._end(f"stopped: {_cause(verdict)}", now_s)
            self._pay_out_mm_per_s = pay_out_speed_mm_per_s(
                reading.force_n or 0.0, lumbar=self._lumbar
            )
        return verdict

    def _target(self, reading: Telemetry, verdict: Verdict) -> CrawlTarget:
        """The crawl target: outwards unlimited, inwards only as far as the motion grant permits."""
        force_n = reading.force_n or 0.0
        if self.ending and force_n <= RELEASED_N / 2:
            if self.released_at_s is None:
                self.released_at_s = self._table.uptime_s
            return STOP
        if verdict.action >= Action.RELEASE_FAST:
            return CrawlTarget(speed_mm_per_s=-self._pay_out_mm_per_s, way_mm=0.0)
        slack = self._pretension_since_s is None
        granted_n = 0.0 if self.ending else self._sent.force_n
        rate = SLACK_RATE_N_PER_S if slack else 1e9
        now_s = self._table.uptime_s
        speed = self._controller.speed_mm_per_s(granted_n, reading, now_s, rate)
        if speed <= 0.0:
            return CrawlTarget(speed_mm_per_s=speed, way_mm=0.0)
        way_mm = inward_step_mm(
            self._limits,
            force_n=reading.force_n,
            age_s=reading.age_s(self._table.uptime_s),
            granted_force_n=peak_force_n(self._profile),
            latched=Action.HOLD if self.ending else verdict.action,
            tick_s=TICK_S,
        )
        return CrawlTarget(speed_mm_per_s=min(speed, way_mm / TICK_S), way_mm=way_mm)


def treat_on_host(patient: DrawnPatient, treatment: Treatment, *, seed: int) -> Figures:
    """Run one whole session and judge it by the truth at the cord."""
    watch = Watch(patient, stop_at_s=treatment.stop_at_s, pretension_n=PRETENSION_N)
    table = HostTable(patient, watch, random.Random(seed))
    profile = plan(treatment.order().prescription).profile
    session = HostSession(table, treatment, profile)
    run(table, session.tick, until=lambda: _over(table, session))
    return take_figures(
        watch.truth(),
        spans_of(session.phases),
        ordered=profile,
        ramp_up_n_per_s=treatment.ramp_up_n_per_s,
        ending=session.ending,
        release_arrives_s=session.release_arrives_s,
    )


def run(table: HostTable, tick: Callable[[], None], *, until: Callable[[], bool]) -> None:
    """Run cycles of the table, with a tick of the host before every tenth."""
    while not until():
        tick()
        for _ in range(CYCLES_PER_TICK):
            table.cycle()


def _cause(verdict: Verdict) -> str:
    """The finding that led to the action, in the words of the session's own reason."""
    causes = [f for f in verdict.findings if f.action is verdict.action] or verdict.findings
    return causes[0].code.replace("_", " ")


def _over(table: HostTable, session: HostSession) -> bool:
    released_s = session.released_at_s
    return released_s is not None and table.uptime_s > released_s + WATCHED_AFTER_RELEASE_S
