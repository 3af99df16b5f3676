"""The short version of the acceptance campaign; `make campaign-acceptance` is the full one."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from controller.order.planner import plan
from tests.campaigns.acceptance import (
    LOOPS,
    SEED,
    Job,
    drawn_jobs,
    judged,
    nominal_jobs,
)
from tests.campaigns.acceptance_page import page
from tests.campaigns.figures import failures, spans_of, take_figures
from tests.campaigns.population import draw_patients
from tests.campaigns.treatment import Treatment
from tests.campaigns.truth import Truth


def nominal_neck(loop: str) -> Job:
    """102/51 N on the sliding carriage for 4 minutes, with a stop in the third hold."""
    return next(
        job
        for job in nominal_jobs()
        if job.loop == loop and job.treatment.stop_at_s and job.treatment.hold_n == 102.0
    )


@pytest.mark.parametrize("loop", LOOPS)
def test_the_nominal_neck_gets_what_section_f_asks_for(loop: str) -> None:
    result = judged(nominal_neck(loop))
    assert result.failed == ()
    assert result.figures.ending == "stopped: patient switch pressed"
    assert result.figures.pressed


def test_drawn_patients_are_never_pulled_too_hard() -> None:
    jobs = [
        replace(job, treatment=replace(job.treatment, minutes=2, stop_at_s=55.0))
        for job in drawn_jobs(1)
    ]
    assert [
        (result.failed, result.job.table) for result in map(judged, jobs) if result.failed
    ] == []


def test_the_stroke_rule_ends_a_session_and_says_so() -> None:
    """A body so soft that 178 N needs more cord than the rule allows for a neck."""
    job = nominal_neck("host")
    soft = replace(job.patient, body=replace(job.patient.body, body_n_per_mm=2.0, friction_n=1.0))
    treatment = replace(job.treatment, hold_n=178.0, rest_n=89.0)
    result = judged(replace(job, patient=soft, treatment=treatment))
    assert "stroke" in result.figures.ending
    assert result.figures.pull_mm is not None
    # Part of the 80 mm was wound in during the pretension, where the rule starts counting.
    assert 70.0 < result.figures.pull_mm < 83.0
    unsaid = replace(result.figures, ending="completed", pull_mm=90.0)
    found = failures(unsaid, region="cervical", loop="host", nominal=False, moved=False)
    assert list(found) == ["90 mm of cord wound in, and the ending does not say so"]


def test_the_same_seed_draws_the_same_patients() -> None:
    assert draw_patients("lumbar_split", 5, SEED) == draw_patients("lumbar_split", 5, SEED)
    assert draw_patients("lumbar_split", 5, SEED) != draw_patients("lumbar_split", 5, SEED + 1)


def test_a_wrong_force_and_a_missing_stop_are_found() -> None:
    time_s = np.arange(0.0, 40.0, 0.01)
    treatment = Treatment(
        region="cervical", hold_n=100.0, rest_n=50.0, hold_s=20.0, rest_s=10.0, minutes=1
    )
    truth = Truth(
        time_s=time_s,
        cord_n=np.full_like(time_s, 115.0),
        spine_n=np.full_like(time_s, 110.0),
        position_mm=0.1 * time_s,
        speed_mm_per_s=np.full_like(time_s, 0.1),
        cycle_s=0.01,
        moved_at_s=None,
        pressed_at_s=30.0,
    )
    figures = take_figures(
        truth,
        spans_of([(0.0, "ramping_up", 100.0), (8.5, "holding", 100.0), (30.0, "releasing", 0.0)]),
        ordered=plan(treatment.order().prescription).profile,
        ramp_up_n_per_s=10.0,
        ending="stopped: patient switch pressed",
    )
    found = list(failures(figures, region="cervical", loop="device", nominal=True, moved=False))
    assert [re.sub(r"[\d.]+", "N", words) for words in found] == [
        "N N is above N N and no movement explains it",
        "the patient pressed; until the winch paid out: never seen",
        "the patient pressed; to N N: never seen",
        "steady in N of the dwells (limit N)",
        "overshoot N N (limit N N)",
        "ramp at None of the ordered rate (limit N)",
    ]


@pytest.mark.parametrize(("release_arrives_s", "wound_in_mm"), [(None, 0.2), (30.2, 0.0)])
def test_an_order_under_way_is_no_winding_in_after_the_release(
    release_arrives_s: float | None, wound_in_mm: float
) -> None:
    """The winch turns out and in by 0.2 mm before the release arrives, and only out after it."""
    time_s = np.arange(0.0, 40.0, 0.01)
    position_mm = 50.0 - 0.1 * time_s + np.where((time_s > 30.05) & (time_s < 30.15), 0.2, 0.0)
    truth = Truth(
        time_s=time_s,
        cord_n=np.full_like(time_s, 100.0),
        spine_n=np.full_like(time_s, 100.0),
        position_mm=position_mm,
        speed_mm_per_s=np.full_like(time_s, -0.1),
        cycle_s=0.01,
        moved_at_s=None,
        pressed_at_s=None,
    )
    treatment = Treatment(
        region="cervical", hold_n=100.0, rest_n=50.0, hold_s=20.0, rest_s=10.0, minutes=1
    )
    figures = take_figures(
        truth,
        spans_of([(0.0, "ramping_up", 100.0), (8.5, "holding", 100.0), (30.0, "releasing", 0.0)]),
        ordered=plan(treatment.order().prescription).profile,
        ramp_up_n_per_s=10.0,
        ending="completed",
        release_arrives_s=release_arrives_s,
    )
    assert figures.wound_in_after_release_mm == pytest.approx(wound_in_mm, abs=0.01)


def test_the_page_says_what_failed_and_who() -> None:
    result = judged(nominal_neck("host"))
    bad = replace(result, failed=("too much force",))
    drawn = [
        judged(replace(job, treatment=replace(job.treatment, minutes=1, stop_at_s=40.0)))
        for job in drawn_jobs(1)
        if job.loop == "host"
    ]
    drawn += [replace(r, job=replace(r.job, loop="device")) for r in drawn]
    text = page([bad], drawn, draws=1, seed=SEED, utc_ms=0, minutes=1.0)
    assert "nominal: 0 of 1 sessions hold." in text
    assert "host loop, cervical sliding, 102 N: too much force" in text
    assert "1 randomly drawn patients per table and loop" in text
