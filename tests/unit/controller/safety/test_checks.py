"""Patient, force and cord: every limit one step below, at and above.

A step is what the unit resolves: 0.1 N, 0.1 mm, 0.1 mm/s, or one tick.
"""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety.checks import CHECKS
from controller.safety.hazard import ACKNOWLEDGE, ALWAYS, PULLING, UNTIL_FREE
from controller.safety.limits import SafetyLimits
from controller.safety.link_checks import LINK_CHECKS
from controller.safety.release_checks import RELEASE_CHECKS
from controller.safety.situation import TAUT_READINGS
from controller.safety.verdict import Action
from controller.telemetry import CommandKind, UnitFault, UnitState, UnitStatus
from tests.unit.controller.safety.bench import SWITCH, TICK_S, Bench, codes

VALID = UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_2_VALID


def test_a_sound_tick_is_allowed() -> None:
    verdict = Bench().tick()
    assert (verdict.action, verdict.findings, verdict.ended) == (Action.ALLOW, (), ())


def test_a_minute_of_a_sound_hold_is_allowed() -> None:
    assert codes(*Bench().ticks(1200)) == []


@pytest.mark.parametrize(
    ("changes", "code", "action", "row"),
    [
        (
            {"status": SWITCH | UnitStatus.PATIENT_SWITCH_PRESSED},
            "patient_switch_pressed",
            Action.RELEASE_FAST,
            18,
        ),
        ({"status": UnitStatus.WATCHDOG_ARMED}, "patient_switch_absent", Action.RELEASE_FAST, 21),
        (
            {"status": SWITCH | UnitStatus.EMERGENCY_STOP_OPEN},
            "emergency_stop_open",
            Action.CUT_POWER,
            23,
        ),
        ({"force_n": None, "gross_force_n": None}, "force_missing", Action.RELEASE_FAST, 9),
        ({"faults": VALID | UnitFault.CHANNEL_1_OPEN}, "force_missing", Action.RELEASE_FAST, 9),
        ({"faults": VALID | UnitFault.CHANNEL_2_OPEN}, "force_missing", Action.RELEASE_FAST, 9),
        (
            {"faults": VALID | UnitFault.CHANNEL_1_OVERLOAD},
            "force_saturated",
            Action.RELEASE_FAST,
            8,
        ),
        (
            {"faults": VALID | UnitFault.CHANNEL_2_OVERLOAD},
            "force_saturated",
            Action.RELEASE_FAST,
            8,
        ),
        ({"status": SWITCH | UnitStatus.STROKE_END_IN}, "stroke_end", Action.RELEASE, 17),
        ({"status": SWITCH | UnitStatus.STROKE_END_OUT}, "stroke_end", Action.RELEASE, 17),
        ({"status": SWITCH | UnitStatus.LOCAL_TAKEOVER}, "local_takeover", Action.HOLD, 37),
        ({"unit_state": UnitState.LOCAL}, "local_takeover", Action.HOLD, 37),
        ({"unit_state": UnitState.RELEASING}, "unit_stopped", Action.RELEASE_FAST, 26),
        ({"unit_state": UnitState.IDLE}, "unit_stopped", Action.RELEASE_FAST, 26),
        ({"command_result": 3}, "order_refused", Action.RELEASE, 36),
        ({"command_result": 5}, "order_refused", Action.RELEASE, 36),
        ({"command_result": 7}, "order_refused", Action.RELEASE, 36),
    ],
)
def test_one_reading_is_enough(
    changes: dict[str, Any], code: str, action: Action, row: int
) -> None:
    verdict = Bench().tick(**changes)
    assert (codes(verdict), verdict.action) == ([code], action)
    (finding,) = verdict.findings
    assert (finding.hazard, finding.action) == (row, action)
    assert finding.measured > finding.limit or code in ("force_saturated", "unit_stopped")
    assert finding.clears.endswith(ACKNOWLEDGE)


@pytest.mark.parametrize("result", [0, 1, 2, 4, 6, 8])
def test_results_that_are_no_refusal_by_another_host(result: int) -> None:
    assert codes(Bench().tick(command_result=result)) == []


@pytest.mark.parametrize("state", [UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING])
def test_the_driven_states_are_right(state: UnitState) -> None:
    assert codes(Bench().tick(unit_state=state)) == []


def test_a_parked_winch_may_stand_at_its_outer_end_while_slack_is_taken_up() -> None:
    bench = Bench(taking_up_slack=True, force_n=0.0)
    assert codes(bench.tick(status=SWITCH | UnitStatus.STROKE_END_OUT)) == []
    assert codes(bench.tick(status=SWITCH | UnitStatus.STROKE_END_IN)) == ["stroke_end"]


# --- force channels -------------------------------------------------------------------------------


@pytest.mark.parametrize(("force_n", "tripped"), [(499.9, False), (500.0, True), (500.1, True)])
def test_capacity(force_n: float, tripped: bool) -> None:
    limits = SafetyLimits().narrowed(capacity_n=500.0)
    bench = Bench(limits, force_n=480.0, order={"force_n": 480.0, "ceiling_n": 600.0})
    (verdict,) = bench.ticks(1, force_n=force_n)
    assert ("force_saturated" in codes(verdict)) is tripped
    if tripped:
        (finding,) = verdict.findings
        assert (finding.measured, finding.limit) == (force_n, 500.0)


def test_an_overload_bit_states_at_least_the_capacity() -> None:
    overload = VALID | UnitFault.CHANNEL_1_OVERLOAD
    for gross_n, measured in ((100.0, 500.0), (612.0, 612.0), (None, 500.0)):
        verdict = Bench(gross_force_n=gross_n).tick(faults=overload)
        (finding,) = verdict.findings
        assert (finding.measured, finding.limit) == (measured, 500.0)


@pytest.mark.parametrize(("force_n", "tripped"), [(-19.9, False), (-20.0, False), (-20.1, True)])
def test_a_negative_force(force_n: float, tripped: bool) -> None:
    bench = Bench(force_n=-19.0)
    verdict = bench.tick(force_n=force_n)
    assert ("force_negative" in codes(verdict)) is tripped


@pytest.mark.parametrize(
    ("apart_n", "ticks", "tripped"),
    [(9.9, 20, False), (10.0, 20, False), (10.1, 5, False), (10.1, 6, False), (10.1, 7, True)],
)
def test_channels_disagree_by_10_n_for_300_ms(apart_n: float, ticks: int, tripped: bool) -> None:
    for sign in (-1, 1):
        bench = Bench(force_n=90.0)
        verdicts = [
            bench.tick(
                force_n=90.0 + 0.1 * (n % 2), second_force_n=90.0 + sign * apart_n + 0.1 * (n % 2)
            )
            for n in range(ticks)
        ]
        assert ("channels_disagree" in codes(*verdicts)) is tripped
    if tripped:
        (finding,) = verdicts[-1].findings
        assert (finding.action, round(finding.measured, 3), finding.limit) == (
            Action.RELEASE,
            10.1,
            10.0,
        )


def test_above_100_n_the_channels_may_differ_by_a_tenth() -> None:
    limits = SafetyLimits()
    bench = Bench(limits, force_n=400.0)
    bench.order |= {"force_n": 400.0, "ceiling_n": 450.0}
    even = [bench.tick(force_n=400.0 + n % 2, second_force_n=360.0 + n % 2) for n in range(20)]
    assert codes(*even) == []
    assert "channels_disagree" in codes(
        *[bench.tick(force_n=400.0 + n % 2, second_force_n=359.0) for n in range(8)]
    )


def test_a_channel_that_is_gone_ends_a_disagreement() -> None:
    bench = Bench(force_n=90.0)
    found = codes(*[bench.tick(force_n=90.0 + n % 2, second_force_n=105.0) for n in range(5)])
    assert found == []
    assert codes(bench.tick(second_force_n=None), bench.tick(second_force_n=None)) == [
        "second_channel_lost"
    ]


def test_a_disagreement_that_ends_is_forgotten() -> None:
    bench = Bench()
    for _ in range(5):
        assert codes(*bench.ticks(5, second_force_n=120.0 - 8.0), bench.tick()) == []


def test_a_second_channel_that_was_gone_before_the_first_reading_is_missed() -> None:
    assert codes(Bench(second_force_n=None).tick()) == []
    bench = Bench(second_force_n=None, second_channel=True, taking_up_slack=True)
    assert codes(bench.tick()) == ["second_channel_lost"]


def test_one_channel_alone_cannot_disagree() -> None:
    assert codes(*Bench(second_force_n=None).ticks(20)) == []


@pytest.mark.parametrize(
    ("shift_n", "tripped"),
    [(4.9, False), (5.0, False), (5.1, True), (-4.9, False), (-5.1, True)],
)
def test_zero_shift(shift_n: float, tripped: bool) -> None:
    bench = Bench(force_n=100.0, gross_force_n=102.0)
    bench.tick(force_n=100.0, gross_force_n=102.0)
    verdict = bench.tick(force_n=100.0, gross_force_n=102.0 + shift_n)
    assert (codes(verdict) == ["zero_shifted"]) is tripped


def test_without_a_gross_force_the_zero_is_not_covered() -> None:
    for first_n, later_n in ((None, 120.0), (120.0, None)):
        bench = Bench(gross_force_n=first_n)
        assert codes(bench.tick(gross_force_n=later_n)) == []


@pytest.mark.parametrize(
    ("seconds", "mm", "tripped"),
    [
        (2.95, 0.0, False),
        (3.0, 0.0, False),
        (3.05, 0.0, True),
        (1.0, 0.6, False),
        (1.05, 0.6, True),
        (1.05, -0.6, True),
        (1.05, 0.5, False),
        (2.95, 0.4, False),
    ],
)
def test_a_force_that_stands_still(seconds: float, mm: float, tripped: bool) -> None:
    bench = Bench(force_n=99.0)
    bench.tick(force_n=100.0, extension_mm=30.0)
    count = round(seconds / TICK_S)
    verdicts = [bench.tick(force_n=100.0, extension_mm=30.0 + mm) for _ in range(count)]
    assert (codes(*verdicts) == ["force_stuck"]) is tripped


def test_without_a_position_only_the_longer_time_counts() -> None:
    bench = Bench(extension_mm=None, force_n=99.0)
    bench.tick(force_n=100.0)
    assert codes(*bench.ticks(60, force_n=100.0)) == []
    assert codes(bench.tick(force_n=100.0)) == ["force_stuck"]


def quiet(**changes: Any) -> Bench:
    """A session that holds 100 N on a unit whose forces are those of a display without noise."""
    bench = Bench(force_shows_noise=False, force_n=99.0, **changes)
    bench.tick(force_n=100.0, extension_mm=30.0)
    return bench


def test_a_display_may_stand_still_for_a_whole_hold() -> None:
    bench = quiet()
    assert codes(*bench.ticks(1200, force_n=100.0)) == []


@pytest.mark.parametrize("way", [-1.0, 1.0])
@pytest.mark.parametrize(
    ("set_point_n", "seconds", "tripped"), [(5.0, 5.0, False), (5.1, 1.0, False), (5.1, 1.05, True)]
)
def test_a_display_that_stands_still_while_the_set_point_moves_is_stuck(
    way: float, set_point_n: float, seconds: float, tripped: bool
) -> None:
    bench = quiet(limits=SafetyLimits())
    bench.ticks(200, force_n=100.0)
    order = {"force_n": 100.0 + way * set_point_n, "ceiling_n": 120.0}
    verdicts = [bench.tick(force_n=100.0, order=order) for _ in range(1 + round(seconds / TICK_S))]
    assert ("force_stuck" in codes(*verdicts)) is tripped


def test_the_finding_of_a_display_that_stands_still_says_how_long_the_force_had_to_move() -> None:
    bench = quiet(limits=SafetyLimits())
    bench.ticks(200, force_n=100.0)
    verdicts = bench.ticks(22, force_n=100.0, order={"force_n": 90.0})
    (found,) = [f for verdict in verdicts for f in verdict.findings if f.code == "force_stuck"]
    assert found.measured == pytest.approx(1.05)
    assert found.limit == 1.0


def test_a_force_with_noise_that_does_not_follow_its_set_point_is_stuck_after_1_s() -> None:
    bench = Bench(SafetyLimits(), force_n=99.0)
    bench.tick(force_n=100.0)
    verdicts = bench.ticks(22, force_n=100.0, order={"force_n": 90.0})
    assert codes(*verdicts[:-1]) == []
    assert codes(verdicts[-1]) == ["force_stuck"]


def test_a_display_that_moves_one_step_a_second_is_not_stuck_in_a_slow_ramp() -> None:
    bench = quiet(limits=SafetyLimits())
    for second in range(30):
        order = {"force_n": 100.0 + 2.0 * second, "ceiling_n": 200.0}
        assert codes(*bench.ticks(20, force_n=99.0 + 2.0 * second, order=order)) == []


def test_a_set_point_that_comes_to_the_force_shown_asks_for_no_movement() -> None:
    """A hold ends where the force is, though the set-point stood elsewhere when it was read."""
    bench = quiet(limits=SafetyLimits())
    bench.tick(force_n=93.0, order={"force_n": 100.0})
    bench.ticks(10, force_n=93.0, order={"force_n": 93.0})
    assert codes(*bench.ticks(100, force_n=93.0)) == []


def test_what_a_set_point_shows_in_a_held_position_asks_for_no_movement() -> None:
    bench = quiet(limits=SafetyLimits())
    held = {"kind": CommandKind.HOLD}
    verdicts = bench.ticks(30, force_n=100.0, setpoint_in_effect_n=80.0, order=held)
    following = {"kind": CommandKind.FOLLOW, "force_n": 80.0}
    verdicts += bench.ticks(20, force_n=100.0, order=following)
    assert "force_stuck" not in codes(*verdicts)


@pytest.mark.parametrize(("mm", "tripped"), [(2.0, False), (2.2, True), (-2.2, True)])
def test_a_display_that_stands_still_while_the_winch_moves_is_stuck(
    mm: float, tripped: bool
) -> None:
    bench = quiet(extension_mm=30.0)
    verdicts = bench.ticks(25, force_n=100.0, extension_mm=30.0 + mm)
    assert ("force_stuck" in codes(*verdicts)) is tripped


def test_a_body_that_creeps_may_leave_a_display_alone() -> None:
    """0.4 % of the pull a second, for a minute, is more than the 2 mm that a movement may be."""
    bench = Bench(force_shows_noise=False, extension_mm=0.0)
    for tick in range(1, 750):
        assert codes(bench.tick(extension_mm=0.04 * tick)) == []
    for tick in range(1, 1200):
        creeps_mm = 30.0 + 0.003 * 30.0 * tick * TICK_S
        assert codes(bench.tick(force_n=100.0, extension_mm=creeps_mm)) == []


def test_a_slack_cord_moves_no_display_and_its_way_is_limited() -> None:
    bench = Bench(force_shows_noise=False, taking_up_slack=True, force_n=0.0, extension_mm=30.0)
    found: list[str] = []
    for tick in range(1, 240):
        verdict = bench.tick(force_n=0.0, extension_mm=30.0 + 2.0 * tick * TICK_S)
        found += codes(verdict)
    assert found == ["cord_slack"]


@pytest.mark.parametrize("known", ["at the last change", "now"])
def test_of_a_position_that_is_not_always_known_only_the_longer_time_counts(known: str) -> None:
    first, later = (10.0, None) if known == "at the last change" else (None, 30.0)
    bench = Bench(extension_mm=first, force_n=99.0)
    bench.tick(force_n=100.0, extension_mm=first)
    assert codes(*bench.ticks(60, force_n=100.0, extension_mm=later)) == []
    assert codes(bench.tick(force_n=100.0, extension_mm=later)) == ["force_stuck"]


@pytest.mark.parametrize(
    ("force_n", "mm", "tripped"),
    [
        (-3.0, 3.1, False),
        (-3.1, 3.1, True),
        (-3.1, 3.0, False),
        (-10.0, 2.9, False),
        (3.0, 10.0, False),
    ],
)
def test_a_sign_that_is_wrong_is_seen_while_slack_is_taken_up(
    force_n: float, mm: float, tripped: bool
) -> None:
    bench = Bench(taking_up_slack=True, force_n=0.0, extension_mm=-2.0)
    verdict = bench.tick(force_n=force_n, extension_mm=-2.0 + mm)
    assert (codes(verdict) == ["sign_wrong"]) is tripped


def test_a_sign_that_proved_right_is_not_judged_again() -> None:
    bench = Bench(taking_up_slack=True, force_n=2.0, extension_mm=0.0)
    bench.ticks(3, force_n=5.0, extension_mm=1.0)
    assert codes(bench.tick(force_n=-2.0, extension_mm=9.0)) == ["tension_lost"]
    bench = Bench(taking_up_slack=True, force_n=2.0, extension_mm=0.0)
    bench.ticks(3, force_n=4.9, extension_mm=1.0)
    assert "sign_wrong" in codes(bench.tick(force_n=-2.0, extension_mm=9.0))


def test_without_a_position_the_sign_is_not_covered() -> None:
    for first, later in ((None, 9.0), (0.0, None)):
        bench = Bench(taking_up_slack=True, force_n=0.0, extension_mm=first)
        assert codes(bench.tick(force_n=-4.0, extension_mm=later)) == []


def test_without_a_force_the_sign_is_not_covered() -> None:
    for first_n, later_n in ((None, -4.0), (0.0, None)):
        bench = Bench(taking_up_slack=True, force_n=first_n, extension_mm=0.0)
        verdict = bench.tick(force_n=later_n, extension_mm=9.0)
        assert "sign_wrong" not in codes(verdict)


# --- over-force -----------------------------------------------------------------------------------

TRIP_N = 102.0 + 10.2


def creep_to(bench: Bench, force_n: float) -> None:
    """Rise slowly enough that only the height of the force can be wrong."""
    seen_n = 100.0
    while seen_n < force_n - 0.5:
        seen_n += 0.4
        bench.tick(force_n=seen_n)


def test_over_force_counts_time_above_the_trip_and_starts_again_below() -> None:
    bench = Bench()
    creep_to(bench, TRIP_N)
    assert codes(*bench.ticks(3, force_n=TRIP_N + 0.1), bench.tick(force_n=TRIP_N)) == []
    verdicts = bench.ticks(4, force_n=TRIP_N + 0.1)
    assert codes(*verdicts[:3]) == []
    assert codes(verdicts[3]) == ["over_force"]
    (finding,) = verdicts[3].findings
    assert (finding.measured, finding.limit) == (TRIP_N + 0.1, TRIP_N)
    assert verdicts[3].action is Action.RELEASE_FAST


def test_a_tick_without_a_reading_shows_no_over_force_and_ends_none() -> None:
    bench = Bench()
    creep_to(bench, TRIP_N)
    bench.ticks(3, force_n=TRIP_N + 0.1)
    assert codes(bench.tick(silent=True)) == []
    assert codes(bench.tick(force_n=TRIP_N + 0.1)) == ["over_force"]


def test_at_the_trip_force_itself_nothing_happens() -> None:
    bench = Bench()
    creep_to(bench, TRIP_N)
    assert codes(*[bench.tick(force_n=TRIP_N - 0.1 * (n % 2)) for n in range(20)]) == []


def test_the_second_channel_alone_is_enough_for_over_force() -> None:
    bench = Bench()
    creep_to(bench, 104.0)
    found = codes(*[bench.tick(force_n=104.0 - n % 2, second_force_n=112.3) for n in range(4)])
    assert found == ["over_force"]
    bench = Bench()
    creep_to(bench, 104.0)
    found = codes(*[bench.tick(force_n=104.0, second_force_n=112.2) for n in range(4)])
    assert found == []


def test_below_100_n_the_margin_is_10_n() -> None:
    bench = Bench(force_n=60.0)
    bench.order |= {"force_n": 60.0, "ceiling_n": 60.0}
    assert codes(*[bench.tick(force_n=60 + n / 2) for n in range(21)]) == []
    assert codes(*bench.ticks(4, force_n=70.1)) == ["over_force"]


# --- oscillation ----------------------------------------------------------------------------------


def swing(bench: Bench, errors_n: list[float], ticks: int = 10) -> list[str]:
    """Hold each error for some ticks; the winch explains each fall."""
    found: list[str] = []
    for at, error_n in enumerate(errors_n):
        for n in range(ticks):
            found += codes(
                bench.tick(
                    force_n=100.0 - error_n + 0.1 * (n % 2), extension_mm=30.0 + (at % 2) * 2
                )
            )
    return found


@pytest.mark.parametrize(
    ("errors_n", "found"),
    [
        ([5.2, -5.1, 5.2], []),
        ([-5.2, 5.1, -5.2], []),
        ([5.2, -5.1, 5.2, -5.1], ["force_oscillating"]),
        ([5.2, -4.9, 5.2, -4.9, 5.2, -4.9], []),
        ([5.0, -5.0, 5.0, -5.0, 5.0], []),
        ([6.0, 0.0, -6.0, 0.0, 6.0, 6.0], []),
        ([6.0, 6.0, 6.0, 6.0, 6.0], []),
    ],
)
def test_oscillation(errors_n: list[float], found: list[str]) -> None:
    assert swing(Bench(), errors_n) == found


def test_swings_3_s_apart_are_not_counted_together() -> None:
    # Changes at 1.5 s distance: three of them span 3 s.
    assert swing(Bench(), [6.0, -6.0, 6.0, -6.0, 6.0], ticks=30) == []
    assert swing(Bench(), [6.0, -6.0, 6.0, -6.0], ticks=29) == ["force_oscillating"]


def test_above_100_n_an_error_of_5_percent_is_steady() -> None:
    limits = SafetyLimits()
    bench = Bench(limits, force_n=400.0)
    bench.order |= {"force_n": 400.0, "ceiling_n": 450.0}
    bench.ticks(2)
    found = [
        bench.tick(force_n=400.0 + 20.0 * (-1) ** (n // 5), extension_mm=30.0 + n // 5 % 2 * 2)
        for n in range(40)
    ]
    assert codes(*found) == []


def test_a_new_order_begins_a_new_count() -> None:
    bench = Bench()
    assert swing(bench, [6.0, -6.0, 6.0]) == []
    bench.order["force_n"] = 100.1
    assert swing(bench, [-6.0, 6.0, -6.0]) == []


# --- tension lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before_n", "after_n", "lost"),
    [
        (100.0, 80.1, False),
        (100.0, 80.0, False),
        (100.0, 79.9, True),
        (16.0, 11.2, False),
        (16.0, 11.0, False),
        (16.0, 10.9, True),
        (60.0, 42.1, False),
        (60.0, 41.9, True),
        (5.0, 0.0, False),
    ],
)
def test_tension_lost(before_n: float, after_n: float, lost: bool) -> None:
    bench = Bench(force_n=before_n, order={"force_n": before_n})
    bench.tick(force_n=before_n)
    verdict = bench.tick(force_n=after_n)
    assert (codes(verdict) == ["tension_lost"]) is lost


def test_a_force_that_was_never_known_is_missing_and_not_lost() -> None:
    assert codes(Bench(force_n=None, taking_up_slack=True).tick()) == ["force_missing"]


def test_a_fall_counts_within_200_ms_and_across_a_missed_reading() -> None:
    bench = Bench()
    bench.tick(force_n=100.0)
    slow = [bench.tick(force_n=100.0 - 4.9 * n) for n in range(1, 6)]
    assert codes(*slow) == []
    bench = Bench()
    bench.tick(force_n=100.0)
    fast = [bench.tick(force_n=100.0 - 5.1 * n) for n in range(1, 6)]
    assert codes(*fast) == ["tension_lost"]
    bench = Bench()
    bench.tick(force_n=100.0)
    gap = [*bench.ticks(5, silent=True), bench.tick(force_n=70.0)]
    assert "tension_lost" in codes(*gap)


@pytest.mark.parametrize(("after_n", "lost"), [(80.0, False), (79.9, True)])
def test_without_a_position_no_cord_that_was_paid_out_explains_a_fall(
    after_n: float, lost: bool
) -> None:
    bench = Bench(extension_mm=None)
    bench.tick(force_n=100.0)
    assert codes(bench.tick(force_n=after_n)) == ["tension_lost"] * lost


def test_cord_that_was_paid_out_explains_a_fall_and_a_snap_in_it_is_still_seen() -> None:
    order = {"force_n": 400.0, "ceiling_n": 400.0}
    bench = Bench(SafetyLimits(), force_n=400.0, extension_mm=100.0, order=order)
    bench.tick(force_n=400.0)
    for n in range(1, 9):
        verdict = bench.tick(
            order={"force_n": 400.0 - 3.0 * n},
            force_n=400.0 - 10.0 * n,
            extension_mm=100.0 - 0.5 * n,
        )
        assert "tension_lost" not in codes(verdict)
    assert "tension_lost" in codes(
        bench.tick(order={"force_n": 373.0}, force_n=0.0, extension_mm=95.5)
    )


@pytest.mark.parametrize(("paid_out_mm", "lost"), [(0.4, True), (0.5, False), (0.6, False)])
def test_a_millimetre_explains_20_n(paid_out_mm: float, lost: bool) -> None:
    bench = Bench(extension_mm=30.0)
    bench.tick(force_n=100.0)
    verdict = bench.tick(force_n=71.0, extension_mm=30.0 - paid_out_mm)
    assert (codes(verdict) == ["tension_lost"]) is lost


def test_cord_paid_out_more_than_300_ms_ago_explains_nothing() -> None:
    bench = Bench(extension_mm=30.0)
    bench.tick(force_n=100.0)
    bench.ticks(6, force_n=100.0, extension_mm=29.0)
    assert codes(bench.tick(force_n=75.0)) == ["tension_lost"]


def test_winding_in_explains_no_fall() -> None:
    bench = Bench(extension_mm=30.0)
    bench.tick(force_n=100.0)
    assert codes(bench.tick(force_n=79.9, extension_mm=31.0)) == ["tension_lost"]


def test_what_a_cough_added_may_go_again() -> None:
    bench = Bench(force_n=15.0, order={"force_n": 15.0})
    up = [bench.tick(force_n=15.0 + n) for n in (6, 12, 16, 12, 6, 0, -4.9)]
    assert codes(*up) == []


# --- cord, harness, stroke ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mm_per_tick", "tripped"), [(0.05, False), (0.0505, False), (0.051, True)]
)
def test_slipping_harness(mm_per_tick: float, tripped: bool) -> None:
    bench = Bench(extension_mm=0.0)
    verdicts = [bench.tick(extension_mm=mm_per_tick * n) for n in range(1, 62)]
    assert (codes(*verdicts) == ["harness_slipping"]) is tripped
    assert (verdicts[-1].action is Action.HOLD) is tripped


def test_slipping_is_seen_once_3_s_of_it_were_seen() -> None:
    bench = Bench(extension_mm=0.0)
    found = [codes(bench.tick(extension_mm=0.07 * n)) for n in range(1, 62)]
    assert [n for n, code in enumerate(found, 1) if code] == [60 - TAUT_READINGS + 1]


def test_cord_that_stretches_the_body_is_no_slip() -> None:
    """2.5 N/mm is the softest there is: a rise of 2.5 N explains a millimetre."""
    for n_per_mm, slips in ((2.4, False), (0.0, True)):
        bench = Bench(extension_mm=0.0, force_n=90.0)
        verdicts = [
            bench.tick(extension_mm=0.1 * n, force_n=90.0 + 0.1 * (n % 2) + n_per_mm * 0.1 * n)
            for n in range(1, 62)
        ]
        assert ("harness_slipping" in codes(*verdicts)) is slips


def test_creep_of_a_body_that_was_pulled_far_is_no_slip() -> None:
    """0.4 % of the pull in a second: 1.2 mm/s are a slip at 10 mm and creep at 60 mm."""
    for pull_mm, slips in ((10.0, True), (60.0, False)):
        bench = Bench(extension_mm=0.0)
        bench.tick(extension_mm=pull_mm)
        bench.ticks(20, order={"force_n": 99.9})
        bench.order |= {"force_n": 100.0}
        verdicts = [bench.tick(extension_mm=pull_mm + 0.06 * n) for n in range(1, 70)]
        assert ("harness_slipping" in codes(*verdicts)) is slips


def test_slipping_is_not_judged_while_the_order_changes_or_slack_is_taken_up() -> None:
    bench = Bench(extension_mm=0.0)
    for n in range(1, 80):
        order = {"force_n": 100.0 - 0.01 * n}
        assert codes(bench.tick(order=order, extension_mm=0.06 * n)) == []
    bench = Bench(extension_mm=0.0, taking_up_slack=True, force_n=3.0)
    assert codes(*[bench.tick(extension_mm=0.06 * n) for n in range(1, 80)]) == []


@pytest.mark.parametrize(("mm", "tripped"), [(19.9, False), (20.0, False), (20.1, True)])
def test_slack_cord(mm: float, tripped: bool) -> None:
    bench = Bench(taking_up_slack=True, force_n=1.0, extension_mm=-2.0)
    bench.tick(extension_mm=-5.0)
    verdict = bench.tick(extension_mm=-5.0 + mm)
    assert (codes(verdict) == ["cord_slack"]) is tripped


def test_slack_is_measured_from_where_the_cord_was_last_taut() -> None:
    bench = Bench(taking_up_slack=True, force_n=4.9, extension_mm=0.0)
    assert codes(bench.tick(force_n=5.0, extension_mm=19.0)) == []
    assert codes(bench.tick(force_n=4.9, extension_mm=39.0)) == []
    assert codes(bench.tick(force_n=4.8, extension_mm=39.1)) == ["cord_slack"]


def test_without_a_position_slack_slip_and_stroke_are_not_covered() -> None:
    bench = Bench(extension_mm=None, speed_mm_per_s=None, force_n=3.0)
    assert codes(*bench.ticks(80)) == []


def test_a_position_that_goes_is_not_covered_from_there() -> None:
    bench = Bench(extension_mm=0.0, force_n=100.0)
    bench.ticks(62)
    assert codes(*bench.ticks(3, extension_mm=None)) == []
    slack = Bench(taking_up_slack=True, force_n=1.0, extension_mm=0.0)
    assert codes(slack.tick(), slack.tick(extension_mm=None)) == []


def test_a_position_that_comes_later_counts_from_there() -> None:
    bench = Bench(extension_mm=None, force_n=3.0, taking_up_slack=True)
    bench.tick()
    assert codes(bench.tick(extension_mm=50.0), bench.tick(extension_mm=70.0)) == []
    assert codes(bench.tick(extension_mm=70.1)) == ["cord_slack"]


@pytest.mark.parametrize(
    ("force_n", "speed", "ticks", "tripped"),
    [
        (4.8, 3.0, 9, False),
        (4.8, 3.1, 4, False),
        (4.8, 3.1, 5, True),
        (5.0, 9.0, 9, False),
        (4.8, -9.0, 9, False),
    ],
)
def test_slack_is_wound_slowly(force_n: float, speed: float, ticks: int, tripped: bool) -> None:
    bench = Bench(taking_up_slack=True, force_n=force_n)
    verdicts = bench.ticks(ticks, speed_mm_per_s=speed)
    assert (codes(*verdicts) == ["slack_wound_fast"]) is tripped
    if tripped:
        (finding,) = verdicts[-1].findings
        assert (finding.measured, finding.limit) == (3.1, 3.0)


@pytest.mark.parametrize(("rise_n", "tripped"), [(19.9, False), (20.0, False), (20.1, True)])
def test_a_rise_that_nobody_ordered(rise_n: float, tripped: bool) -> None:
    bench = Bench(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    bench.ticks(12, force_n=51.0)
    verdicts = [bench.tick(force_n=51.0 + rise_n * n / 10) for n in range(1, 11)]
    assert (codes(*verdicts) == ["force_risen_fast"]) is tripped
    assert (verdicts[-1].action is Action.RELEASE_FAST) is tripped


def test_a_rise_over_more_than_half_a_second_is_slower_than_it_looks() -> None:
    bench = Bench(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    bench.tick(force_n=51.0)
    assert codes(*[bench.tick(force_n=51.0 + 1.9 * n) for n in range(1, 20)]) == []


@pytest.mark.parametrize(("rise_n", "tripped"), [(24.9, False), (25.0, False), (25.1, True)])
def test_an_ordered_rise_counts_only_as_far_as_it_may_be_ordered(
    rise_n: float, tripped: bool
) -> None:
    """10 N/s explain 5 N in half a second, however much more the core wants at once."""
    bench = Bench(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    bench.tick(force_n=51.0)
    bench.order |= {"force_n": 90.0}
    assert (codes(bench.tick(force_n=51.0 + rise_n)) == ["force_risen_fast"]) is tripped


def test_an_ordered_fall_explains_no_rise() -> None:
    bench = Bench(force_n=51.0)
    bench.tick(force_n=51.0)
    bench.order |= {"force_n": 51.0}
    assert codes(bench.tick(force_n=71.0)) == []
    assert codes(bench.tick(force_n=71.1)) == ["force_risen_fast"]


@pytest.mark.parametrize(
    ("pull_mm", "found"),
    [
        (63.9, []),
        (64.0, []),
        (64.1, ["stroke_near"]),
        (79.9, ["stroke_near"]),
        (80.0, ["stroke_near"]),
        (80.1, ["stroke_near", "stroke_used_up"]),
    ],
)
def test_stroke_from_the_pretension_on(pull_mm: float, found: list[str]) -> None:
    bench = Bench(taking_up_slack=True, extension_mm=0.0)
    bench.tick(extension_mm=12.0)
    bench.tick(extension_mm=14.0)
    verdict = bench.tick(extension_mm=14.0 + pull_mm)
    assert codes(verdict) == found
    wanted = {0: Action.ALLOW, 1: Action.ALLOW, 2: Action.RELEASE}[len(found)]
    assert verdict.action is wanted


def test_before_the_pretension_no_stroke_is_used() -> None:
    bench = Bench(taking_up_slack=True, extension_mm=0.0)
    assert codes(bench.tick(extension_mm=100.0)) == []


# --- the table of checks --------------------------------------------------------------------------


R0, R1, R2, R3, R5 = (
    Action.CUT_POWER,
    Action.RELEASE_FAST,
    Action.RELEASE,
    Action.HOLD,
    Action.ALLOW,
)


def test_rows_and_reactions_are_those_of_the_hazard_table() -> None:
    """Once more, by hand, from hazards.md."""
    assert {check.code: (check.row, check.action) for check in CHECKS} == {
        "emergency_stop_open": (23, R0),
        "patient_switch_pressed": (18, R1),
        "patient_switch_absent": (21, R1),
        "over_force": (42, R1),
        "force_risen_fast": (16, R1),
        "tension_lost": (13, R1),
        "sign_wrong": (10, R1),
        "force_missing": (9, R1),
        "force_negative": (9, R1),
        "force_saturated": (8, R1),
        "force_stuck": (6, R1),
        "channels_disagree": (7, R2),
        "zero_shifted": (7, R2),
        "force_oscillating": (43, R2),
        "harness_slipping": (14, R3),
        "cord_slack": (15, R2),
        "slack_wound_fast": (16, R1),
        "stroke_near": (17, R5),
        "stroke_used_up": (17, R2),
        "stroke_end": (17, R2),
        "link_silent": (1, R1),
        "reading_stale": (5, R1),
        "unit_restarted": (25, R1),
        "unit_stopped": (26, R1),
        "readings_missed": (2, R5),
        "readings_missed_in_pairs": (2, R5),
        "link_unreliable": (2, R2),
        "answers_slow": (3, R5),
        "answers_mixed_up": (4, R2),
        "sequence_ahead": (36, R2),
        "order_refused": (36, R2),
        "local_takeover": (37, R3),
        "set_point_foreign": (37, R3),
        "order_too_high": (39, R2),
        "console_quiet": (27, R5),
        "console_lost": (27, R2),
        "station_quiet": (27, R5),
        "station_lost": (27, R2),
        "session_over_time": (27, R2),
        "loop_slow": (28, R5),
        "loop_late": (28, R2),
        "clock_stepped": (29, R5),
        "host_suspended": (30, R2),
        "journal_silent": (47, R3),
        "force_above_order": (42, R2),
        "force_below_order": (42, R3),
        "second_channel_lost": (7, R2),
        "watchdog_off": (26, R2),
        "order_unsound": (39, R2),
        "dwell_over_time": (27, R2),
        "release_rising": (42, R1),
        "release_slow": (42, R1),
        "fast_release_rising": (23, R0),
        "fast_release_late": (23, R0),
        "force_still_on": (23, R0),
        "force_back_on": (42, R0),
    }


def test_after_the_release_order_only_what_can_still_harm_is_looked_for() -> None:
    always = {"emergency_stop_open", "patient_switch_pressed", "patient_switch_absent"}
    pulling = {
        "force_above_order",
        "force_below_order",
        "tension_lost",
        "sign_wrong",
        "force_oscillating",
        "harness_slipping",
        "cord_slack",
        "stroke_near",
        "stroke_used_up",
        "stroke_end",
    }
    for check in (c for c in CHECKS if c not in (*LINK_CHECKS, *RELEASE_CHECKS)):
        assert check.stages == (
            ALWAYS if check.code in always else PULLING if check.code in pulling else UNTIL_FREE
        ), check.code


def test_every_check_has_a_row_a_text_and_a_code_of_its_own() -> None:
    assert len({check.code for check in CHECKS}) == len(CHECKS) == 56
    for check in CHECKS:
        assert 1 <= check.row <= 52
        assert check.clears.endswith(ACKNOWLEDGE) is (check.action is not Action.ALLOW)
        assert check.measure.__doc__
