"""The supervisor: every limit one step below, at and above; latching; narrowing only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.safety.limits import SafetyLimits
from controller.safety.supervisor import Supervisor
from controller.safety.verdict import Action, Verdict
from controller.telemetry import Telemetry, UnitState, UnitStatus
from tests.unit.controller.builders import health, reading

LIMITS = SafetyLimits().narrowed(force_n=102.0)
TICK_S = 0.05
SWITCH = UnitStatus.PATIENT_SWITCH_PRESENT


class Bench:
    """Feeds one supervisor tick after tick; each tick brings a new sample unless told otherwise."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.number = 1
        self.supervisor = Supervisor(LIMITS, reading(sample_number=1), self.now_s)

    def tick(
        self,
        *,
        wanted_n: float = 100.0,
        step_s: float = TICK_S,
        silent: bool = False,
        same_sample: bool = False,
        host: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Verdict:
        self.now_s += step_s
        self.number += 0 if same_sample else 1
        seen: Telemetry | None = None if silent else reading(sample_number=self.number, **changes)
        return self.supervisor.judge(
            seen,
            wanted_force_n=wanted_n,
            ceiling_n=102.0,
            health=health(**(host or {})),
            now_s=self.now_s,
        )


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def test_a_sound_tick_is_allowed() -> None:
    verdict = Bench().tick()
    assert (verdict.action, verdict.granted_force_n, verdict.findings) == (Action.ALLOW, 100.0, ())


@pytest.mark.parametrize(
    ("changes", "code", "action"),
    [
        ({"status": SWITCH | UnitStatus.PATIENT_SWITCH_PRESSED}, "patient_switch_pressed",
         Action.RELEASE_FAST),
        ({"status": UnitStatus.NONE}, "patient_switch_absent", Action.RELEASE_FAST),
        ({"status": SWITCH | UnitStatus.EMERGENCY_STOP_OPEN}, "emergency_stop_open",
         Action.CUT_POWER),
        ({"force_n": None}, "force_missing", Action.RELEASE_FAST),
        ({"unit_state": UnitState.RELEASING}, "unit_stopped", Action.RELEASE_FAST),
        ({"unit_state": UnitState.IDLE}, "unit_stopped", Action.RELEASE_FAST),
        ({"sample_age_s": 0.251}, "reading_stale", Action.RELEASE_FAST),
    ],
)  # fmt: skip
def test_one_reading_is_enough(changes: dict[str, Any], code: str, action: Action) -> None:
    verdict = Bench().tick(**changes)
    assert (codes(verdict), verdict.action) == ([code], action)


def test_the_sample_age_at_the_limit_is_allowed() -> None:
    assert Bench().tick(sample_age_s=0.250).action is Action.ALLOW


@pytest.mark.parametrize(
    ("silence_s", "action"),
    [(0.299, Action.ALLOW), (0.300, Action.ALLOW), (0.301, Action.RELEASE_FAST)],
)
def test_silence(silence_s: float, action: Action) -> None:
    # 0.3 s after a reading; the sum of binary fractions is kept below the limit on purpose.
    assert Bench().tick(silent=True, step_s=silence_s - 1e-9).action is action


def test_an_unchanged_sample_number_is_stale_although_answers_come() -> None:
    bench = Bench()
    verdicts = [bench.tick(same_sample=True) for _ in range(6)]
    assert [v.action for v in verdicts] == [Action.ALLOW] * 5 + [Action.RELEASE_FAST]
    assert codes(verdicts[-1]) == ["reading_stale"]


@pytest.mark.parametrize(
    ("lateness_s", "code", "action"),
    [
        (0.150, [], Action.ALLOW),
        (0.151, ["loop_slow"], Action.ALLOW),
        (0.300, ["loop_slow"], Action.ALLOW),
        (0.301, ["loop_late"], Action.RELEASE),
    ],
)
def test_lateness(lateness_s: float, code: list[str], action: Action) -> None:
    verdict = Bench().tick(host={"lateness_s": lateness_s})
    assert (codes(verdict), verdict.action) == (code, action)


@pytest.mark.parametrize(("age_s", "action"), [(5.0, Action.ALLOW), (5.1, Action.HOLD)])
def test_journal_age(age_s: float, action: Action) -> None:
    assert Bench().tick(host={"journal_age_s": age_s}).action is action


@pytest.mark.parametrize(
    ("wanted_n", "granted_n", "action"),
    [
        (101.9, 101.9, Action.ALLOW),
        (102.0, 102.0, Action.ALLOW),
        (102.1, 102.0, Action.RELEASE),
    ],
)
def test_wanted_force(wanted_n: float, granted_n: float, action: Action) -> None:
    verdict = Bench().tick(wanted_n=wanted_n)
    assert (verdict.granted_force_n, verdict.action) == (granted_n, action)


def test_over_force_counts_time_above_the_trip_and_starts_again_below() -> None:
    bench = Bench()
    trip_n = 102.0 + 10.2
    assert [bench.tick(force_n=trip_n + 0.1).action for _ in range(3)] == [Action.ALLOW] * 3
    assert bench.tick(force_n=trip_n).action is Action.ALLOW
    verdicts = [bench.tick(force_n=trip_n + 0.1) for _ in range(4)]
    assert [v.action for v in verdicts[:3]] == [Action.ALLOW] * 3
    assert codes(verdicts[3]) == ["over_force"]


@pytest.mark.parametrize(
    ("before_n", "after_n", "lost"),
    [(100.0, 80.0, False), (100.0, 79.9, True), (16.0, 11.2, False), (16.0, 10.9, True),
     (60.0, 42.1, False), (60.0, 41.9, True)],
)  # fmt: skip
def test_tension_lost(before_n: float, after_n: float, lost: bool) -> None:
    bench = Bench()
    bench.tick(force_n=before_n)
    verdict = bench.tick(force_n=after_n)
    assert (codes(verdict) == ["tension_lost"]) is lost


def test_an_ordered_fall_is_not_a_lost_tension_but_a_snap_in_it_is() -> None:
    bench = Bench()
    force_n, wanted_n = 400.0, 102.0
    for _ in range(8):
        wanted_n -= 3.0
        force_n -= 9.0
        assert bench.tick(force_n=force_n, wanted_n=wanted_n).action in (
            Action.ALLOW, Action.RELEASE_FAST)  # fmt: skip
    assert "tension_lost" in codes(bench.tick(force_n=0.0, wanted_n=wanted_n))


def test_a_hold_runs_out_after_two_seconds() -> None:
    bench = Bench()
    assert bench.tick(host={"journal_age_s": 6.0}).action is Action.HOLD
    actions = [bench.tick().action for _ in range(40)]
    assert actions[:38] == [Action.HOLD] * 38
    assert actions[-1] is Action.RELEASE


def test_the_highest_action_wins_latches_and_is_reported_once() -> None:
    bench = Bench()
    first = bench.tick(host={"lateness_s": 0.4}, status=UnitStatus.NONE)
    assert first.action is Action.RELEASE_FAST
    assert set(codes(first)) == {"patient_switch_absent", "loop_late"}
    second = bench.tick(status=UnitStatus.NONE)
    assert (second.action, second.findings) == (Action.RELEASE_FAST, ())
    assert bench.tick().action is Action.RELEASE_FAST


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_limits_only_narrow(first: float, second: float) -> None:
    narrowed = SafetyLimits().narrowed(force_n=first).narrowed(force_n=second)
    assert narrowed.force_n == min(SafetyLimits().force_n, first, second)


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="forse_n"):
        SafetyLimits().narrowed(forse_n=1.0)
