"""Letting go: what is looked for from the first release order until the patient is free."""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety.limits import SafetyLimits
from controller.safety.release_checks import RELEASE_CHECKS
from controller.safety.situation import SupervisedStage
from controller.safety.verdict import Action, Verdict
from controller.telemetry import CommandKind, UnitFault, UnitState, UnitStatus
from tests.support.typed import now
from tests.unit.controller.safety.bench import SWITCH, TICK_S, Bench, codes

RELEASE = {"kind": CommandKind.RELEASE}
FAST = {"kind": CommandKind.RELEASE_FAST}
CUT = {"kind": CommandKind.CUT_POWER}
LUMBAR = SafetyLimits().narrowed(force_n=280.0)
VALID = UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_2_VALID


def releasing(force_n: float = 100.0, order: dict[str, Any] = RELEASE, **bench: Any) -> Bench:
    """A bench whose core has just ordered a release from a hold of ``force_n``."""
    hold = {"kind": CommandKind.FOLLOW, "force_n": force_n, "ceiling_n": max(102.0, force_n)}
    made = Bench(LUMBAR, force_n=force_n, order=hold, obeys=False, **bench)
    made.order = dict(order)
    made.base["unit_state"] = UnitState.RELEASING
    return made


def seconds(bench: Bench, seconds: float, **changes: Any) -> list[Verdict]:
    return bench.ticks(round(seconds / TICK_S), **changes)


def fall(bench: Bench, seconds_: float, *, rate: float, start_n: float = 100.0) -> list[str]:
    """The force falls at a rate; returns what is found."""
    found: list[str] = []
    for n in range(1, round(seconds_ / TICK_S) + 1):
        force_n = max(0.0, start_n - rate * n * TICK_S) + 0.1 * (n % 2)
        found += codes(bench.tick(force_n=force_n))
    return found


# --- the stages -----------------------------------------------------------------------------------


def test_a_session_pulls_releases_and_is_free_by_what_was_sent_and_seen() -> None:
    bench = Bench()
    assert now(bench.supervisor.stage) is SupervisedStage.PULLING
    bench.tick(order=RELEASE)
    assert now(bench.supervisor.stage) is SupervisedStage.RELEASING
    bench.tick(unit_state=UnitState.ARMED, force_n=1.0)
    assert now(bench.supervisor.stage) is SupervisedStage.RELEASING, "the unit is still armed"
    bench.tick(unit_state=UnitState.IDLE, force_n=1.0)
    assert now(bench.supervisor.stage) is SupervisedStage.FREE
    bench.tick(unit_state=UnitState.IDLE, force_n=90.0)
    assert now(bench.supervisor.stage) is SupervisedStage.FREE


@pytest.mark.parametrize(
    ("changes", "free"),
    [
        ({}, True),
        ({"unit_state": UnitState.SAFE_LATCHED}, True),
        ({"unit_state": UnitState.FAULT}, True),
        ({"unit_state": UnitState.RELEASING}, False),
        ({"force_n": 20.0}, True),
        ({"force_n": 20.1}, False),
        ({"force_n": -20.1}, False),
        ({"force_n": -20.1, "second_force_n": None}, False),
        ({"second_force_n": 20.1}, False),
        ({"second_force_n": -20.1}, False),
        ({"second_force_n": None}, True),
        ({"force_n": None}, False),
        ({"sample_age_s": 0.25}, True),
        ({"sample_age_s": 0.251}, False),
        ({"faults": VALID | UnitFault.CHANNELS_DISAGREE}, False),
        ({"faults": VALID | UnitFault.CHANNEL_1_STUCK}, False),
        ({"faults": VALID | UnitFault.CHANNEL_2_OPEN}, False),
        ({"faults": VALID | UnitFault.CHANNEL_1_OVERLOAD}, False),
        ({"faults": VALID | UnitFault.CORD_BREAK}, True),
        ({"silent": True}, False),
    ],
)
def test_free_needs_a_fresh_believable_force_on_every_channel(
    changes: dict[str, Any], free: bool
) -> None:
    bench = releasing()
    bench.tick()
    bench.tick(**{"unit_state": UnitState.IDLE, "force_n": 1.0, **changes})
    assert (bench.supervisor.stage is SupervisedStage.FREE) is free


@pytest.mark.parametrize(
    ("changes", "on"),
    [
        ({"force_n": 20.0, "second_force_n": 20.0}, False),
        ({"force_n": 20.1, "second_force_n": 3.0}, True),
        ({"force_n": 3.0, "second_force_n": 20.1}, True),
        ({"force_n": None, "second_force_n": 3.0}, True),
        ({"force_n": 3.0, "second_force_n": None}, False),
    ],
)
def test_the_supervisor_tells_whether_force_is_on(changes: dict[str, Any], on: bool) -> None:
    bench = releasing()
    bench.tick(**changes)
    assert bench.supervisor.force_is_on is on


def test_a_sample_that_stands_still_is_not_fresh() -> None:
    bench = releasing()
    bench.tick()
    bench.ticks(6, same_sample=True, unit_state=UnitState.TRACKING, force_n=1.0)
    bench.tick(same_sample=True, unit_state=UnitState.IDLE, force_n=1.0)
    assert bench.supervisor.stage is SupervisedStage.RELEASING


def test_each_check_of_a_release_has_its_stage() -> None:
    free = {"force_back_on"}
    for check in RELEASE_CHECKS:
        wanted = SupervisedStage.FREE if check.code in free else SupervisedStage.RELEASING
        assert check.stages == {wanted}, check.code


def test_a_slack_unit_that_stops_by_itself_has_not_let_go_before_it_was_told_to() -> None:
    bench = Bench(force_n=1.0, taking_up_slack=True, obeys=False)
    verdict = bench.tick(unit_state=UnitState.IDLE)
    assert codes(verdict) == ["unit_stopped"]
    assert bench.supervisor.stage is SupervisedStage.PULLING


def test_a_force_that_was_high_before_the_release_is_no_rise_in_it() -> None:
    """What stands above 20 N counts from the release order on, not from before it."""
    bench = Bench(force_n=125.0, order={"force_n": 102.0, "ceiling_n": 102.0}, obeys=False)
    bench.order = dict(RELEASE)
    assert "release_rising" not in codes(*bench.ticks(3, force_n=140.0))


# --- what counts in a release as ever -------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "action"),
    [
        (
            {"status": SWITCH | UnitStatus.PATIENT_SWITCH_PRESSED},
            "patient_switch_pressed",
            Action.RELEASE_FAST,
        ),
        ({"status": UnitStatus.WATCHDOG_ARMED}, "patient_switch_absent", Action.RELEASE_FAST),
        (
            {"status": SWITCH | UnitStatus.EMERGENCY_STOP_OPEN},
            "emergency_stop_open",
            Action.CUT_POWER,
        ),
        ({"silent": True, "step_s": 0.301}, "link_silent", Action.RELEASE_FAST),
        ({"sample_age_s": 0.251}, "reading_stale", Action.RELEASE_FAST),
        ({"force_n": None, "second_force_n": 99.0}, "force_missing", Action.RELEASE_FAST),
        ({"uptime_s": 0.5}, "unit_restarted", Action.RELEASE_FAST),
    ],
)
def test_a_hazard_in_a_release_raises_its_kind(
    changes: dict[str, Any], code: str, action: Action
) -> None:
    bench = releasing()
    assert codes(*bench.ticks(3)) == []
    verdict = bench.tick(**changes)
    assert codes(verdict) == [code]
    assert verdict.action is action


def test_channels_that_disagree_in_a_release_are_found() -> None:
    bench = releasing()
    found = codes(*bench.ticks(10, force_n=80.0, second_force_n=95.0))
    assert "channels_disagree" in found


def test_what_a_release_brings_with_it_is_no_finding() -> None:
    """A fall without an order, a set-point of its own, a cord that goes out, a unit that ends."""
    bench = releasing(order=FAST)
    bench.base["setpoint_in_effect_n"] = 0.0
    falling = [
        bench.tick(force_n=100.0 - 20.0 * n, extension_mm=30.0 - n, speed_mm_per_s=-30.0)
        for n in range(1, 5)
    ]
    ended = bench.tick(
        force_n=12.0,
        unit_state=UnitState.SAFE_LATCHED,
        watchdog_left_s=0.0,
        status=SWITCH & ~UnitStatus.WATCHDOG_ARMED,
        command_result=5,
    )
    assert codes(*falling, ended) == []
    assert ended.action is Action.ALLOW


# --- the way of the force -------------------------------------------------------------------------


def test_a_release_at_the_ordered_rate_is_sound() -> None:
    assert fall(releasing(), 6.0, rate=20.0) == []


@pytest.mark.parametrize(("lag_s", "slow"), [(0.9, False), (1.4, False), (1.8, True)])
def test_a_release_may_lag_by_a_second_and_10_n(lag_s: float, slow: bool) -> None:
    """20 N/s: behind a lag of 1 s the margin of 10 N is half a second more."""
    bench = releasing()
    found = fall(bench, lag_s, rate=0.0) + fall(bench, 5.0, rate=20.0)
    assert found == ["release_slow"] * slow


def test_a_jam_in_a_slow_release_is_seen_within_seconds() -> None:
    """280 N at 5 N/s, stuck at 271 N: not after the minute that the whole release takes."""
    order = {"force_n": 280.0, "ceiling_n": 280.0}
    bench = Bench(LUMBAR, force_n=280.0, order=order, release_rate_n_per_s=5.0)
    bench.order, bench.obeys = dict(RELEASE), False
    bench.base["unit_state"] = UnitState.RELEASING
    assert fall(bench, 1.8, rate=5.0, start_n=280.0) == []
    for n in range(200):
        verdict = bench.tick(force_n=271.0 + 0.1 * (n % 2))
        if verdict.findings:
            break
    assert codes(verdict) == ["release_slow"]
    assert verdict.action is Action.RELEASE_FAST
    assert n * TICK_S < 6.0


def test_a_faster_release_owes_no_ramp() -> None:
    assert "release_slow" not in codes(*seconds(releasing(order=FAST), 1.9))


@pytest.mark.parametrize(("force_n", "rises"), [(110.0, False), (110.3, True)])
def test_a_force_above_that_of_the_beginning_is_a_drive_that_winds_in(
    force_n: float, rises: bool
) -> None:
    bench = releasing()
    bench.tick()
    early = bench.ticks(3, force_n=force_n)
    assert codes(*early) == []
    verdict = bench.tick(force_n=force_n)
    assert codes(verdict) == ["release_rising"] * rises
    assert (verdict.action is Action.RELEASE_FAST) is rises


def test_a_rise_that_a_fast_release_does_not_stop_cuts_the_power() -> None:
    bench = releasing()
    bench.obeys = True
    bench.tick()
    verdicts = [bench.tick(force_n=111.0 + 0.1 * n) for n in range(10)]
    assert codes(*verdicts) == ["release_rising", "fast_release_rising"]
    actions = [verdict.action for verdict in verdicts]
    assert actions.index(Action.RELEASE_FAST) == 3
    assert actions.index(Action.CUT_POWER) == 7


def test_a_release_that_began_without_a_force_is_judged_by_the_ceiling() -> None:
    bench = Bench(force_n=100.0, obeys=False)
    bench.tick(force_n=None, second_force_n=None)
    bench.order = dict(RELEASE)
    bench.tick(force_n=100.0)
    assert "release_rising" not in codes(*bench.ticks(6, force_n=112.0))
    assert "release_rising" in codes(*bench.ticks(6, force_n=113.0))


@pytest.mark.parametrize(("force_n", "late"), [(20.0, False), (20.1, True)])
def test_a_fast_release_has_its_time(force_n: float, late: bool) -> None:
    bench = releasing(order=FAST)
    bench.tick()
    assert "fast_release_late" not in codes(*seconds(bench, 4.0, force_n=force_n))
    verdict = bench.tick(force_n=force_n)
    assert ("fast_release_late" in codes(verdict)) is late
    assert (verdict.action is Action.CUT_POWER) is late


def test_a_force_that_nobody_knows_is_on() -> None:
    bench = releasing(order=FAST)
    found = codes(*seconds(bench, 4.2, force_n=None, second_force_n=None))
    assert "fast_release_late" in found


@pytest.mark.parametrize(
    ("order", "changes"),
    [
        (FAST, {"unit_state": UnitState.SAFE_LATCHED}),
        (FAST, {"unit_state": UnitState.FAULT}),
        (FAST, {"status": SWITCH | UnitStatus.EMERGENCY_STOP_OPEN}),
        (CUT, {}),
    ],
)
def test_force_that_stays_on_behind_the_last_release_is_told_after_3_s(
    order: dict[str, Any], changes: dict[str, Any]
) -> None:
    bench = releasing(order=order)
    assert "force_still_on" not in codes(*seconds(bench, 3.0, force_n=60.0, **changes))
    verdicts = bench.ticks(2, force_n=60.0, **changes)
    assert "force_still_on" in codes(*verdicts)
    (finding,) = [f for v in verdicts for f in v.findings if f.code == "force_still_on"]
    assert (finding.hazard, finding.action) == (23, Action.CUT_POWER)


# --- free -----------------------------------------------------------------------------------------


def free() -> Bench:
    bench = releasing()
    bench.tick()
    bench.base |= {"unit_state": UnitState.IDLE, "force_n": 1.0, "watchdog_left_s": 0.0}
    bench.order = {"kind": CommandKind.OBSERVE}
    bench.tick()
    assert bench.supervisor.stage is SupervisedStage.FREE
    return bench


def test_a_free_patient_who_presses_while_getting_up_is_told_of() -> None:
    verdict = free().tick(status=SWITCH | UnitStatus.PATIENT_SWITCH_PRESSED)
    assert codes(verdict) == ["patient_switch_pressed"]


@pytest.mark.parametrize(("force_n", "back"), [(20.0, False), (20.1, True)])
def test_force_that_comes_back_is_a_hazard_of_its_own(force_n: float, back: bool) -> None:
    bench = free()
    verdicts = bench.ticks(4, force_n=force_n)
    assert codes(*verdicts[:3]) == []
    assert codes(verdicts[3]) == ["force_back_on"] * back


def test_a_channel_that_goes_behind_the_end_is_no_force() -> None:
    bench = free()
    assert codes(*bench.ticks(10, force_n=None, second_force_n=None)) == []
    assert codes(*bench.ticks(5, force_n=None, second_force_n=-30.0)) == ["force_back_on"]


def test_a_free_patient_s_unit_owes_neither_tension_nor_orders() -> None:
    bench = free()
    changed = {"extension_mm": -20.0, "setpoint_in_effect_n": 0.0, "command_result": 5}
    assert codes(*bench.ticks(40, **changed)) == []


def test_rows_and_reactions_of_a_release_are_those_of_the_hazard_table() -> None:
    assert {check.code: (check.row, check.action) for check in RELEASE_CHECKS} == {
        "release_rising": (42, Action.RELEASE_FAST),
        "release_slow": (42, Action.RELEASE_FAST),
        "fast_release_rising": (23, Action.CUT_POWER),
        "fast_release_late": (23, Action.CUT_POWER),
        "force_still_on": (23, Action.CUT_POWER),
        "force_back_on": (42, Action.CUT_POWER),
    }


def test_a_power_cut_without_force_is_no_force_that_stays_on() -> None:
    bench = releasing(force_n=10.0, order=CUT)
    assert codes(*seconds(bench, 3.5)) == [], "the noise of the bench keeps the channel alive"
