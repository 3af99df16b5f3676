"""Link, unit and host: every limit one step below, at and above."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.safety.hazard import ALWAYS, PULLING, UNTIL_FREE
from controller.safety.limits import SafetyLimits
from controller.safety.link_checks import LINK_CHECKS
from controller.safety.situation import TAUT_READINGS
from controller.safety.verdict import Action
from controller.telemetry import CommandKind, UnitState, UnitStatus
from tests.unit.controller.safety.bench import (
    CERVICAL_LIMITS,
    SWITCH,
    TICK_S,
    Bench,
    codes,
    sequence,
)


@pytest.mark.parametrize(
    ("silence_s", "action"),
    [(0.299, Action.ALLOW), (0.300, Action.ALLOW), (0.301, Action.RELEASE_FAST)],
)
def test_silence_above_the_limit_is_released_fast(silence_s: float, action: Action) -> None:
    verdict = Bench().tick(silent=True, step_s=silence_s)
    assert verdict.action is action
    assert codes(verdict) == ["link_silent"] * (action is Action.RELEASE_FAST)


def test_an_unchanged_sample_number_is_stale_although_answers_come() -> None:
    bench = Bench()
    verdicts = [bench.tick(same_sample=True, force_n=100.0 + n % 2) for n in range(6)]
    assert [v.action for v in verdicts] == [Action.ALLOW] * 5 + [Action.RELEASE_FAST]
    assert codes(verdicts[-1]) == ["reading_stale"]
    (finding,) = verdicts[-1].findings
    assert (finding.measured, finding.limit) == (0.3, 0.25)


@pytest.mark.parametrize(("age_s", "stale"), [(0.249, False), (0.250, False), (0.251, True)])
def test_the_age_that_the_unit_reports(age_s: float, stale: bool) -> None:
    assert (codes(Bench().tick(sample_age_s=age_s)) == ["reading_stale"]) is stale


def test_silence_is_not_taken_for_a_stale_sample() -> None:
    verdict = Bench().tick(silent=True, step_s=0.299)
    assert codes(verdict) == []


# --- missed readings ------------------------------------------------------------------------------


def lose(bench: Bench, every: int, ticks: int) -> list[str]:
    """Lose one exchange of ``every`` for some ticks."""
    return codes(*[bench.tick(silent=n % every == 0) for n in range(1, ticks + 1)])


def test_up_to_5_percent_of_200_exchanges_may_be_lost() -> None:
    assert lose(Bench(), 20, 1000) == []
    assert lose(Bench(), 15, 400) == ["readings_missed", "link_unreliable"]


def test_a_loss_is_first_told_and_10_s_later_released() -> None:
    bench = Bench()
    verdicts = [bench.tick(silent=n % 10 == 0) for n in range(1, 350)]
    found = {codes(v)[0]: n for n, v in enumerate(verdicts, 1) if codes(v)}
    assert found == {"readings_missed": 110, "link_unreliable": 311}
    assert [verdicts[n - 1].action for n in (110, 310, 311)] == [
        Action.ALLOW,
        Action.ALLOW,
        Action.RELEASE,
    ]


def test_the_share_is_one_of_the_ticks_that_fit_in_10_s() -> None:
    """With 100 ms ticks 5 of 100 may be lost."""
    bench = Bench()
    host = {"tick_s": 0.1}
    found = [codes(bench.tick(silent=n % 10 == 0, step_s=0.1, host=host)) for n in range(1, 61)]
    assert [n for n, code in enumerate(found, 1) if code] == [60]


def test_two_in_a_row_twice_in_10_s_are_told() -> None:
    bench = Bench()
    bench.ticks(2, silent=True)
    bench.tick()
    verdicts = bench.ticks(2, silent=True)
    assert codes(*verdicts) == ["readings_missed_in_pairs"]
    (finding,) = verdicts[1].findings
    assert (finding.hazard, finding.action) == (2, Action.ALLOW)
    assert not finding.clears.endswith("slack take-up")


@pytest.mark.parametrize(("apart_s", "told"), [(9.9, True), (9.95, True), (10.0, False)])
def test_pairs_are_counted_over_10_s(apart_s: float, told: bool) -> None:
    bench = Bench()
    bench.ticks(2, silent=True)
    bench.ticks(round(apart_s / TICK_S) - 2)
    assert (codes(*bench.ticks(2, silent=True)) == ["readings_missed_in_pairs"]) is told


def test_one_long_gap_is_one_pair() -> None:
    bench = Bench()
    assert codes(*bench.ticks(5, silent=True), bench.tick()) == []


def test_trouble_that_goes_away_does_not_release() -> None:
    bench = Bench()
    assert lose(bench, 10, 180) == ["readings_missed"]
    assert codes(*bench.ticks(400)) == []
    assert lose(bench, 10, 180) == ["readings_missed"]


@pytest.mark.parametrize(
    ("exchange_s", "slow", "told"),
    [(0.030, 50, False), (0.0301, 2, False), (0.0301, 3, True)],
)
def test_slow_answers(exchange_s: float, slow: int, told: bool) -> None:
    bench = Bench()
    bench.ticks(50)
    verdicts = bench.ticks(slow, host={"exchange_s": exchange_s})
    assert (codes(*verdicts) == ["answers_slow"]) is told
    assert verdicts[-1].action is Action.ALLOW
    if told:
        assert verdicts[-1].findings[0].measured == pytest.approx(0.015)


@pytest.mark.parametrize(("count", "released"), [(2, False), (3, True)])
def test_answers_of_other_requests(count: int, released: bool) -> None:
    verdict = Bench().tick(host={"mismatches": count})
    assert (codes(verdict) == ["answers_mixed_up"]) is released
    assert (verdict.action is Action.RELEASE) is released


def test_answers_of_other_requests_count_for_10_s() -> None:
    bench = Bench()
    for mixed_up in range(1, 20):
        found = codes(*bench.ticks(120, host={"mismatches": mixed_up}))
        assert found == [], "one every 6 s is no more than two in 10 s"
    assert codes(*bench.ticks(60, host={"mismatches": 20})) == []
    assert codes(bench.tick(host={"mismatches": 21})) == ["answers_mixed_up"]


# --- the unit -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before_s", "after_s", "restarted"),
    [
        (100.0, 100.0, False),
        (100.0, 99.999, True),
        (4294967.28, 0.04, False),
        (4294967.28, 0.9, False),
        (4294967.28, 1.07, True),
        (4294967.28, 1.2, True),
        (4294965.0, 0.1, True),
        (2147484.0, 0.0, True),
        (2147483.0, 0.0, True),
    ],
)
def test_uptime_that_goes_back(before_s: float, after_s: float, restarted: bool) -> None:
    """Only the overflow of the counter's 2^32 ms may, and it fits the time to within a second."""
    verdict = Bench(uptime_s=before_s).tick(uptime_s=after_s)
    assert (codes(verdict) == ["unit_restarted"]) is restarted


@pytest.mark.parametrize(
    ("number", "missed", "more", "ahead"),
    [
        (10, 0, 0, False),
        (10, 0, 1, True),
        (10, 0, -1, False),
        (10, 1, 0, False),
        (10, 1, 1, True),
        (65530, 0, 0, False),
        (65530, 0, 1, True),
        (65529, 0, 1, True),
        (65531, 2, 0, False),
        (10, 0, 32766, True),
        (10, 0, 32767, False),
    ],
)
def test_a_sequence_that_runs_ahead(number: int, missed: int, more: int, ahead: bool) -> None:
    """The unit accepted ``more`` commands than this host sent."""
    bench = Bench(number=number)
    bench.ticks(missed, silent=True)
    verdict = bench.tick(sequence_accepted=sequence(bench.number + 1 + more))
    assert (codes(verdict) == ["sequence_ahead"]) is ahead
    assert (verdict.action is Action.RELEASE) is ahead
    if ahead:
        (finding,) = verdict.findings
        assert (finding.hazard, finding.limit) == (36, missed + 1)


def test_each_reading_starts_the_count_of_commands_again() -> None:
    bench = Bench(number=10)
    bench.ticks(2, silent=True)
    assert codes(bench.tick()) == []
    assert codes(bench.tick(sequence_accepted=sequence(bench.number + 2))) == ["sequence_ahead"]


@pytest.mark.parametrize(("more", "ahead"), [(0, False), (1, True)])
def test_a_unit_that_reads_first_may_show_a_lost_request_one_reading_later(
    more: int, ahead: bool
) -> None:
    """Command k is lost; the answer to k + 1 shows k - 1, and that to k + 2 shows k + 1."""
    bench = Bench(number=10)
    behind = [bench.tick(sequence_accepted=bench.number) for _ in range(3)]
    lost = bench.tick(silent=True)
    after = bench.tick(sequence_accepted=bench.number - 1)
    assert codes(*behind, lost, after) == []
    verdict = bench.tick(sequence_accepted=bench.number + more)
    assert codes(verdict) == ["sequence_ahead"] * ahead


def strays(bench: Bench, *set_points_n: float, ticks: int = 31) -> list[int]:
    """The ticks in which a foreign set-point is told; each set-point lasts its share of them."""
    found = []
    for n in range(ticks):
        at = n * len(set_points_n) // ticks
        if "set_point_foreign" in codes(bench.tick(setpoint_in_effect_n=set_points_n[at])):
            found.append(n + 1)
    return found


@pytest.mark.parametrize(
    ("set_point_n", "foreign"), [(102.0, False), (102.1, True), (98.0, False), (97.9, True)]
)
def test_a_set_point_that_nobody_ordered_is_foreign_after_a_second_and_a_half(
    set_point_n: float, foreign: bool
) -> None:
    bench = Bench()
    assert strays(bench, set_point_n) == [31] * foreign
    assert (bench.supervisor.latched is Action.HOLD) is foreign


def test_a_set_point_that_comes_nearer_is_on_its_way() -> None:
    assert strays(Bench(), 110.0, 109.0) == []
    assert strays(Bench(), 90.0, 91.0) == []
    assert strays(Bench(), 109.0, 110.0) == [31]
    assert strays(Bench(), 91.0, 90.0) == [31]


def test_a_set_point_that_was_right_in_between_is_not_foreign() -> None:
    assert strays(Bench(), 110.0, 100.0, 110.0) == []


def test_orders_of_the_last_5_s_explain_a_set_point() -> None:
    bench = Bench()
    bench.tick()
    bench.order |= {"force_n": 51.0}
    # 5 s for which the order of before counts, then a second and a half.
    assert strays(bench, 100.0, ticks=140) == [131]


def test_a_set_point_is_not_judged_while_the_unit_holds_or_takes_up_slack() -> None:
    held = Bench()
    held.order |= {"kind": CommandKind.HOLD}
    assert strays(held, 60.0, ticks=60) == []
    slack = Bench(taking_up_slack=True, force_n=3.0)
    assert strays(slack, 60.0, ticks=60) == []


@settings(deadline=None, max_examples=60)
@given(
    period_ticks=st.integers(1, 5),
    step_n=st.sampled_from([0.1, 0.2, 0.5, 1.0]),
    phase=st.integers(0, 4),
    start_n=st.floats(0.0, 14.0),
    rate=st.sampled_from([2.0, 5.0, 10.0]),
)
def test_no_register_of_a_sound_unit_is_foreign_on_its_way_to_an_order(
    period_ticks: int, step_n: float, phase: int, start_n: float, rate: float
) -> None:
    """The step to the pretension: renewed each tick to every 250 ms, in steps of 0.1 to 1 N."""
    bench = Bench(force_n=6.0)
    bench.order |= {"force_n": 15.0, "ceiling_n": 102.0}
    shown_n, found = start_n, []
    for n in range(300):
        truth_n = min(15.0, start_n + rate * TICK_S * n)
        if n % period_ticks == phase % period_ticks:
            shown_n = round(truth_n / step_n) * step_n
        force_n = max(6.0, truth_n) + 0.1 * (n % 2)
        found += codes(bench.tick(setpoint_in_effect_n=shown_n, force_n=force_n))
    assert found == []


def test_the_set_point_of_a_unit_that_stopped_by_itself_is_its_own() -> None:
    verdict = Bench().tick(unit_state=UnitState.RELEASING, setpoint_in_effect_n=60.0)
    assert codes(verdict) == ["unit_stopped"]


def test_a_set_point_that_waits_for_a_slack_cord_or_is_unknown_is_no_finding() -> None:
    assert codes(*Bench(force_n=4.5).ticks(3, setpoint_in_effect_n=10.0)) == []
    assert codes(Bench(setpoint_in_effect_n=None).tick()) == []
    assert codes(Bench().tick(setpoint_in_effect_n=None)) == []


@pytest.mark.parametrize(
    ("wanted_n", "found"),
    [
        (101.9, []),
        (102.0, []),
        (102.1, ["order_too_high"]),
        (math.inf, ["order_too_high"]),
        (math.nan, ["order_too_high", "order_unsound"]),
        (-0.1, ["order_unsound"]),
    ],
)
def test_a_wanted_force_above_the_limit_ends_the_session(wanted_n: float, found: list[str]) -> None:
    verdict = Bench().tick(order={"force_n": wanted_n})
    assert codes(verdict) == found
    assert verdict.action is (Action.RELEASE if found else Action.ALLOW)


@pytest.mark.parametrize(
    ("order", "unsound"),
    [
        ({"ceiling_n": 0.0}, False),
        ({"ceiling_n": 102.0}, False),
        ({"ceiling_n": 102.1}, True),
        ({"ceiling_n": -1.0}, True),
        ({"ceiling_n": math.nan}, True),
        ({"rate_n_per_s": 100.0}, False),
        ({"rate_n_per_s": 100.1}, True),
        ({"rate_n_per_s": math.nan}, True),
        ({"kind": CommandKind.HOLD}, False),
        ({"kind": CommandKind.OBSERVE}, True),
    ],
)
def test_an_order_that_no_sound_program_gives(order: dict[str, Any], unsound: bool) -> None:
    verdict = Bench().tick(order=order)
    assert codes(verdict) == ["order_unsound"] * unsound
    assert (verdict.action is Action.RELEASE) is unsound


def test_a_pull_behind_a_release_is_unsound_and_plain_reads_are_not() -> None:
    bench = Bench()
    bench.tick(order={"kind": CommandKind.RELEASE})
    assert codes(*bench.ticks(3)) == []
    assert codes(bench.tick(order={"kind": CommandKind.OBSERVE})) == []
    for kind in (CommandKind.FOLLOW, CommandKind.HOLD):
        pulls = Bench()
        pulls.tick(order={"kind": CommandKind.RELEASE})
        assert codes(pulls.tick(order={"kind": kind})) == ["order_unsound"]


# --- the unit's watchdog --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "off"),
    [
        ({"watchdog_left_s": 0.5}, False),
        ({"watchdog_left_s": 0.501}, True),
        ({"watchdog_left_s": 0.001}, False),
        ({"watchdog_left_s": 0.0}, True),
        ({"status": SWITCH & ~UnitStatus.WATCHDOG_ARMED}, True),
        ({"watchdog_left_s": 0.0, "unit_state": UnitState.ARMED}, True),
    ],
)
def test_a_watchdog_that_does_not_run_is_seen_in_each_reading(
    changes: dict[str, Any], off: bool
) -> None:
    verdict = Bench().tick(**changes)
    assert codes(verdict) == ["watchdog_off"] * off
    assert (verdict.action is Action.RELEASE) is off


# --- times that the core does not give ------------------------------------------------------------


def test_a_session_ends_after_its_time_whatever_the_core_orders() -> None:
    bench = Bench(CERVICAL_LIMITS.narrowed(session_s=10.0), force_n=100.0)
    started_s = bench.now_s - TAUT_READINGS * TICK_S
    found = [codes(bench.tick(order={"force_n": 99.0 + n % 2})) for n in range(220)]
    told = [n for n, code in enumerate(found) if "session_over_time" in code]
    assert len(told) == 1
    assert started_s + 10.0 < started_s + (told[0] + TAUT_READINGS + 1) * TICK_S < started_s + 10.1


def test_one_force_is_ordered_for_a_limited_time() -> None:
    bench = Bench(CERVICAL_LIMITS.narrowed(dwell_s=5.0))
    bench.tick(order={"force_n": 99.0})
    assert codes(*bench.ticks(100)) == []
    (verdict,) = bench.ticks(1)
    assert codes(verdict) == ["dwell_over_time"]
    assert verdict.action is Action.RELEASE
    held = Bench(CERVICAL_LIMITS.narrowed(dwell_s=5.0))
    held.order = {"kind": CommandKind.HOLD, "ceiling_n": 102.0}
    assert "dwell_over_time" in codes(*held.ticks(105)), "whatever force a hold says"
    changing = Bench(CERVICAL_LIMITS.narrowed(dwell_s=5.0))
    assert codes(*[changing.tick(order={"force_n": 99.0 + n // 50 % 2}) for n in range(400)]) == []


# --- the host -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "found", "action"),
    [
        ({"lateness_s": 0.150}, [], Action.ALLOW),
        ({"lateness_s": 0.151}, ["loop_slow"], Action.ALLOW),
        ({"lateness_s": 0.300}, ["loop_slow"], Action.ALLOW),
        ({"lateness_s": 0.301}, ["loop_slow", "loop_late"], Action.RELEASE),
        ({"console_age_s": 5.0}, [], Action.ALLOW),
        ({"console_age_s": 5.001}, ["console_quiet"], Action.ALLOW),
        ({"console_age_s": 15.0}, ["console_quiet"], Action.ALLOW),
        ({"console_age_s": 15.001}, ["console_quiet", "console_lost"], Action.RELEASE),
        ({"console_age_s": None}, [], Action.ALLOW),
        ({"station_age_s": 5.0}, [], Action.ALLOW),
        ({"station_age_s": 5.001}, ["station_quiet"], Action.ALLOW),
        ({"station_age_s": 60.0}, ["station_quiet"], Action.ALLOW),
        ({"station_age_s": 60.001}, ["station_quiet", "station_lost"], Action.RELEASE),
        ({"station_age_s": None}, [], Action.ALLOW),
        ({"wall_clock_step_s": 2.0}, [], Action.ALLOW),
        ({"wall_clock_step_s": 2.001}, ["clock_stepped"], Action.ALLOW),
        ({"wall_clock_step_s": -2.0}, [], Action.ALLOW),
        ({"wall_clock_step_s": -3600.0}, ["clock_stepped"], Action.ALLOW),
        ({"boot_clock_gap_s": 1.0}, [], Action.ALLOW),
        ({"boot_clock_gap_s": 1.001}, ["host_suspended"], Action.RELEASE),
        ({"journal_age_s": 5.0}, [], Action.ALLOW),
        ({"journal_age_s": 5.001}, ["journal_silent"], Action.HOLD),
    ],
)
def test_each_trouble_of_the_host_has_its_finding_and_action(
    host: dict[str, Any], found: list[str], action: Action
) -> None:
    verdict = Bench().tick(host=host)
    assert (codes(verdict), verdict.action) == (found, action)


def test_the_hard_limit_of_a_lost_console_is_the_longest_setting() -> None:
    limits = SafetyLimits()
    assert codes(Bench(limits).tick(host={"console_age_s": 60.0})) == ["console_quiet"]
    assert "console_lost" in codes(Bench(limits).tick(host={"console_age_s": 60.1}))


def test_what_the_link_and_the_unit_owe_in_each_stage() -> None:
    always = {"link_silent", "unit_restarted", "journal_silent"}
    pulling = {
        "unit_stopped",
        "watchdog_off",
        "sequence_ahead",
        "order_refused",
        "local_takeover",
        "set_point_foreign",
        "session_over_time",
        "dwell_over_time",
    }
    for check in LINK_CHECKS:
        assert check.stages == (
            ALWAYS if check.code in always else PULLING if check.code in pulling else UNTIL_FREE
        ), check.code


def test_an_order_that_is_refused_in_a_release_is_not_this_row_s() -> None:
    bench = Bench()
    bench.tick(order={"kind": CommandKind.RELEASE})
    assert codes(bench.tick(command_result=5, unit_state=UnitState.RELEASING)) == []


def test_findings_carry_row_measure_and_unit() -> None:
    verdict = Bench().tick(
        status=SWITCH | UnitStatus.LOCAL_TAKEOVER, host={"boot_clock_gap_s": 12.0}
    )
    told = {f.code: (f.hazard, f.measured, f.limit, f.unit) for f in verdict.findings}
    assert told == {
        "local_takeover": (37, 1.0, 0.0, "local operation"),
        "host_suspended": (30, 12.0, 1.0, "s"),
    }
    stopped = Bench().tick(unit_state=UnitState.SAFE_LATCHED)
    assert [(f.measured, f.limit) for f in stopped.findings] == [(6, 4)]


def test_rows_and_reactions_of_link_unit_and_host_are_those_of_the_hazard_table() -> None:
    """Once more, by hand, from hazards.md: R1, R2, R3 and the warnings."""
    fast, release, hold, warn = Action.RELEASE_FAST, Action.RELEASE, Action.HOLD, Action.ALLOW
    assert {check.code: (check.row, check.action) for check in LINK_CHECKS} == {
        "link_silent": (1, fast),
        "readings_missed": (2, warn),
        "readings_missed_in_pairs": (2, warn),
        "link_unreliable": (2, release),
        "answers_slow": (3, warn),
        "answers_mixed_up": (4, release),
        "reading_stale": (5, fast),
        "unit_restarted": (25, fast),
        "watchdog_off": (26, release),
        "unit_stopped": (26, fast),
        "console_quiet": (27, warn),
        "console_lost": (27, release),
        "station_quiet": (27, warn),
        "station_lost": (27, release),
        "session_over_time": (27, release),
        "dwell_over_time": (27, release),
        "loop_slow": (28, warn),
        "loop_late": (28, release),
        "clock_stepped": (29, warn),
        "host_suspended": (30, release),
        "sequence_ahead": (36, release),
        "order_refused": (36, release),
        "local_takeover": (37, hold),
        "set_point_foreign": (37, hold),
        "order_too_high": (39, release),
        "order_unsound": (39, release),
        "journal_silent": (47, hold),
    }


def test_a_restart_in_a_gap_behind_the_overflow_s_time_is_no_overflow() -> None:
    """3 s after 4294967.28 s an overflown counter shows 2.98 s; one that shows 0.04 s is new."""
    assert "unit_restarted" in codes(Bench(uptime_s=4294967.28).tick(uptime_s=0.04, step_s=3.0))
    assert codes(Bench(uptime_s=4294967.28).tick(uptime_s=2.98, step_s=3.0)) == []


def test_the_watchdog_of_a_unit_that_stopped_by_itself_is_over_and_no_finding() -> None:
    verdict = Bench().tick(unit_state=UnitState.SAFE_LATCHED, watchdog_left_s=0.0)
    assert codes(verdict) == ["unit_stopped"]


def test_a_foreign_set_point_behind_a_hold_is_told_after_a_second_and_a_half_too() -> None:
    bench = Bench()
    bench.tick(order={"kind": CommandKind.HOLD})
    bench.order["kind"] = CommandKind.FOLLOW
    assert strays(bench, 110.0, ticks=32) == [31]
