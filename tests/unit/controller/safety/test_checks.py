"""The checks of a reading alone, and the table of all checks once more, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety.checks import CHECKS
from controller.safety.hazard import ACKNOWLEDGE, ALWAYS, PULLING, UNTIL_FREE
from controller.safety.link_checks import LINK_CHECKS
from controller.safety.release_checks import RELEASE_CHECKS
from controller.safety.verdict import Action
from controller.telemetry import UnitFault, UnitState, UnitStatus
from tests.unit.controller.safety.bench import SWITCH, Bench, codes

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
