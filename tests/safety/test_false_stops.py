"""The short version of `make campaign-false-stops`: one of each kind of 50 drawn sound sessions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controller.events import EventKind
from controller.safety.limits import SafetyLimits
from simulator.map_v1 import MEASUREMENT
from tests.campaigns.false_stops import judge_short_seed, kept_parts, seeds_of
from tests.campaigns.false_stops_page import Part, page
from tests.campaigns.population import MOVEMENTS
from tests.campaigns.sound_population import (
    LOST_IN_WINDOW,
    LOST_KINDS,
    LOST_WINDOW_S,
    MODES,
    TABLES,
    SoundLine,
    SoundSession,
    draw_session,
)
from tests.campaigns.sound_session import Observer, run_session, unit_of
from tests.campaigns.sound_verdict import Judged, Verdict, judge

COUNT, SHARDS = 50, 4


def kinds_of(session: SoundSession) -> set[tuple[str, object]]:
    """What distinguishes a session from most others."""
    return {
        ("unit", (session.unit.set_point_period_s, session.unit.reads_first)),
        ("table", session.table),
        ("mode", session.mode),
        ("movement", session.patient.movement),
        ("phase", session.moves_in),
        *(("lost", kind) for _, kind in session.line.spoiled),
    }


def sample() -> list[int]:
    """The seeds of sessions of a kind that no earlier one has."""
    seen, seeds = set[tuple[str, object]](), []
    for seed in seeds_of(1, 1, COUNT):
        if not (kinds := kinds_of(draw_session(seed))) <= seen:
            seen |= kinds
            seeds.append(seed)
    return seeds


SAMPLE = sample()


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_sound_session_is_stopped_without_cause(shard: int) -> None:
    judged = [judge_short_seed(seed) for seed in SAMPLE[shard::SHARDS]]
    assert [j for j in judged if j.verdict is Verdict.FALSE_STOP] == []
    assert sum(j.verdict is Verdict.COMPLETED for j in judged) >= len(judged) // 2


@pytest.mark.parametrize("seed", [6450, 7402])
def test_a_movement_in_the_unit_s_way_to_the_pretension_is_judged_beyond_that_way(
    seed: int,
) -> None:
    """A spasm and a cough of less than 40 N, while the unit still winds for one step."""
    judged = judge_short_seed(seed)
    assert judged.moved_in == "pretensioning"
    assert judged.verdict is not Verdict.FALSE_STOP
    assert judged.cause != "force_risen_fast"


def test_three_exchanges_lost_close_together_leave_no_second_host_on_the_line() -> None:
    """On a unit that reads first, two readings accept nothing and the third all three commands."""
    judged = judge(run_session(draw_session(8788, ends_at_s=40.0)))
    assert judged.spoilt >= 3
    assert judged.verdict is Verdict.COMPLETED


def still_session() -> SoundSession:
    """A patient who lies still on a perfect line; the session is ended after 10 s of treatment."""
    drawn = (draw_session(seed, ends_at_s=10.0) for seed in range(1, 100))
    return next(
        replace(session, line=SoundLine(spoiled=(), jitter_s=0.0))
        for session in drawn
        if session.patient.movement == "still" and session.mode == "static"
    )


def test_a_stop_without_cause_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit that any phase exceeds, a patient who lies still is stopped without cause."""
    defaults = SafetyLimits.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "dwell_s", 1.0)
    judged = judge(run_session(still_session()))
    assert (judged.verdict, judged.cause) == (Verdict.FALSE_STOP, "dwell_over_time")


def test_a_slip_that_drops_the_force_is_a_right_stop_and_the_same_without_one_is_not() -> None:
    session = replace(
        still_session(),
        patient=replace(still_session().patient, movement="slip", movement_mm=20.0),
        moves_in="ramping_up",
        moves_after_s=2.0,
    )
    outcome = run_session(session)
    assert outcome.moved_at_s is not None
    judged = judge(outcome)
    assert (judged.verdict, judged.cause) == (Verdict.RIGHT_STOP, "tension_lost")
    assert judge(replace(outcome, moved_at_s=None)).verdict is Verdict.REGULATOR
    calm = replace(outcome.truth, cord_n=np.full_like(outcome.truth.cord_n, 100.0))
    assert judge(replace(outcome, truth=calm)).verdict is Verdict.FALSE_STOP


def test_what_a_line_spoils_takes_effect_and_is_never_more_than_it_may_be() -> None:
    sessions = [draw_session(seed) for seed in range(1, 200)]
    assert {kind for s in sessions for _, kind in s.line.spoiled} == {
        "answer",
        "request",
        "garbled",
        "late",
    }
    for session in sessions:
        times = [at_s for at_s, _ in session.line.spoiled]
        apart = zip(times, times[LOST_IN_WINDOW:], strict=False)
        assert all(third - first > LOST_WINDOW_S for first, third in apart)
    spoiled = ((1.0, "answer"), (2.0, "request"), (14.0, "garbled"), (15.0, "late"))
    session = replace(still_session(), line=SoundLine(spoiled=spoiled, jitter_s=0.0))
    outcome = run_session(session)
    assert outcome.spoilt == len(spoiled)
    assert outcome.record is not None
    missing = int((outcome.record.samples["flags"] & 1).sum())
    assert missing >= len(spoiled)


def test_a_slow_and_coarse_register_shows_in_what_the_host_reads() -> None:
    session = still_session()
    variant = replace(
        session.unit, set_point_period_s=0.25, set_point_step_n=1.0, set_point_phase_s=0.1
    )
    firmware = unit_of(replace(session, unit=variant), Observer(), 0.0)
    firmware.machine.loop.setpoint_n = 12.4
    firmware.advance_to(0.2)
    shown = firmware.read_registers(MEASUREMENT, 20)[8]
    firmware.machine.loop.setpoint_n = 19.0
    firmware.advance_to(0.3)
    assert [shown, firmware.read_registers(MEASUREMENT, 20)[8]] == [120, 120]
    firmware.advance_to(0.36)
    assert firmware.read_registers(MEASUREMENT, 20)[8] == 190


def test_the_same_seed_is_the_same_session() -> None:
    assert draw_session(7) == draw_session(7)
    first, second = (run_session(draw_session(7, ends_at_s=5.0)) for _ in range(2))
    assert first.record is not None
    assert second.record is not None
    assert first.record.seal == second.record.seal
    assert first.record.of_kind(EventKind.SESSION_ENDED)


def test_the_short_form_draws_every_kind() -> None:
    drawn = [draw_session(seed) for seed in SAMPLE]
    assert len({(s.unit.set_point_period_s, s.unit.reads_first) for s in drawn}) == 18
    assert {s.table for s in drawn} == set(TABLES)
    assert {s.mode for s in drawn} == set(MODES)
    assert {s.patient.movement for s in drawn} == {"still", *MOVEMENTS}
    assert len({s.moves_in for s in drawn}) == 6
    assert {kind for s in drawn for _, kind in s.line.spoiled} == set(LOST_KINDS)


def test_the_page_lists_what_can_be_replayed() -> None:
    fell = Judged(
        seed=17,
        table="cervical_flat",
        mode="static",
        movement="still",
        moved_in="",
        unit=draw_session(17).unit.words,
        spoilt=2,
        verdict=Verdict.FALSE_STOP,
        cause="set_point_foreign",
        measured=33,
        limit=20,
        reason="a hold ran out",
        told=(),
        seconds=80.0,
    )
    part = Part(commit="abc", utc_ms=0, minutes=1.0, shard="1/4", count=10, judged=(fell,))
    text = page([part])
    assert "## False stops: 1" in text
    assert "| 17 | cervical_flat, static | still |" in text
    assert "1 of 10 randomly drawn sessions in 1 shards" in text
    assert kept_parts(10, "no such commit") == []
