"""A sample of the matrix fault x phase: every fault once, every phase, blind and with guards.

`make campaign-matrix` runs all of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

import controller.runtime.loop as loop
import controller.runtime.supervision as supervision
import controller.safety.supervisor as supervisor
import controller.session.release as release
import tests.safety.matrix_stage as matrix_stage
from tests.campaigns.matrix import jobs, phases_of
from tests.campaigns.matrix_page import Run, page
from tests.safety.matrix_expected import Expected, Fault
from tests.safety.matrix_faults import FAULTS
from tests.safety.matrix_judge import Cell, judge, run_cell
from tests.safety.matrix_phases import HOLD, PHASES, Phase
from tests.safety.matrix_stage import run_stage

STEP = 7
"""From one fault to the next the sample goes on by so many phases."""


GIVE_UP_S = 30.0
"""Here force that nobody sees go is given up after so long, in the campaign after 10 minutes."""
DWELL_PAUSES_S = 30.0
"""Here pauses may add so much to a time at one force, in the campaign 5 minutes."""
SPARED_S = supervision.DWELL_PAUSES_S - DWELL_PAUSES_S
WATCHED_AFTER_S = 20.0
"""Here a table is watched for so long behind the end, in the campaign for 60 s."""


@pytest.fixture(autouse=True, scope="module")
def impatient_host() -> Iterator[None]:
    """Limits in minutes are limited to seconds here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "GIVE_UP_S", GIVE_UP_S)
        patch.setattr(release, "GIVE_UP_S", GIVE_UP_S)
        patch.setattr(supervision, "DWELL_PAUSES_S", DWELL_PAUSES_S)
        patch.setattr(matrix_stage, "WATCHED_AFTER_S", WATCHED_AFTER_S)
        yield


def sample() -> list[tuple[Fault, Phase, bool]]:
    """Every fault in one of its phases; each second one with the unit's guards."""
    cells = []
    for number, fault in enumerate(FAULTS):
        phases = phases_of(fault, fault.regions[0])
        cells.append((fault, phases[number * STEP % len(phases)], bool(number % 2)))
    return cells


SAMPLE = sample()


@pytest.mark.parametrize(
    ("fault", "phase", "guards"), SAMPLE, ids=[f"{f.name}, {p.name}" for f, p, _ in SAMPLE]
)
def test_a_cell_holds(fault: Fault, phase: Phase, guards: bool) -> None:
    cell = run_cell(seen_sooner(fault), phase, fault.regions[0], guards=guards)
    assert cell.problems == ()


def seen_sooner(fault: Fault) -> Fault:
    """Require sooner what only a dwell that is too long shows, as pauses are shorter here."""
    seen_s = fault.expected.seen_s
    if seen_s < SPARED_S:
        return fault
    return replace(fault, expected=replace(fault.expected, seen_s=seen_s - SPARED_S))


def test_the_sample_covers_every_phase() -> None:
    assert {phase.name for _, phase, _ in SAMPLE} == {phase.name for phase in PHASES}
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_the_whole_matrix_has_every_fault_in_the_phases_that_pull() -> None:
    cells = Counter(FAULTS[job.fault].name for job in jobs() if job.phase in PHASES)
    assert cells["patient presses"] == 2 * (len(PHASES) + 4)
    assert all(count >= 2 for count in cells.values())


# --- that the judge can find something --------------------------------------------------------


def fault_named(name: str) -> Fault:
    """The fault of this name."""
    return next(fault for fault in FAULTS if fault.name == name)


def judged_in_hold(fault: Fault) -> Cell:
    """A cell in the hold, blind."""
    expected = fault.in_cell(HOLD, "cervical")
    assert isinstance(expected, Expected)
    stage = run_stage(HOLD, "cervical", guards=False, inject=fault.inject)
    return judge(stage, fault, expected, guards=False)


def test_a_fault_that_is_not_seen_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = {
        stage: tuple(check for check in checks if check.code != "channels_disagree")
        for stage, checks in supervisor.CHECKS_BY_STAGE.items()
    }
    monkeypatch.setattr(supervisor, "CHECKS_BY_STAGE", deaf)
    problems = " ".join(judged_in_hold(fault_named("channel 2 drifts 10 N/s")).problems)
    assert "none of channels_disagree on record" in problems
    assert "release order on the wire after" in problems
    assert "at most 15 N after" in problems


def test_an_injection_without_effect_is_a_problem() -> None:
    fault = replace(fault_named("answers lost"), inject=lambda h: None)
    assert "the fault took no effect" in judged_in_hold(fault).problems


def test_a_slow_release_where_a_fast_one_is_owed_is_a_problem() -> None:
    drift = fault_named("channel 2 drifts 10 N/s")
    fault = replace(drift, expected=replace(fault_named("patient presses").expected, seen_s=1.8))
    problems = " ".join(judged_in_hold(fault).problems)
    assert "no fast release on the wire in time" in problems
    assert "at most 15 N after" in problems


def test_force_that_stays_is_a_problem() -> None:
    jam = fault_named("winch and clutch jam")
    fault = replace(jam, expected=fault_named("winch jams").expected)
    problems = " ".join(judged_in_hold(fault).problems)
    assert "never at most 15 N" in problems


def test_the_page_names_a_problem_and_the_cells_that_there_are_not() -> None:
    cell = judged_in_hold(replace(fault_named("answers lost"), inject=lambda h: None))
    text = page(Run(commit="abc", utc_ms=0, minutes=1.0, cells=(cell,)))
    assert "**1 with a problem**" in text
    assert "the fault took no effect" in text
    assert "| answers lost | **problem** |" in text
    assert "nobody else can know it" in text
