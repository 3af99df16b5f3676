"""`make campaign-acceptance`: the acceptance limits over nominal and drawn patients, both loops.

Writes ``docs/reports/acceptance.md``. ``python -m tests.campaigns.acceptance 50`` draws 50
patients per table instead of 200; the page says how many.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from controller.runtime.clock import SystemClock
from tests.campaigns.device_loop import treat_on_device
from tests.campaigns.figures import Figures, failures
from tests.campaigns.host_loop import treat_on_host
from tests.campaigns.population import DrawnPatient, draw_patients, nominal_patient
from tests.campaigns.treatment import Treatment
from tools.markdown import wrapped

PAGE = Path(__file__).parents[2] / "docs" / "reports" / "acceptance.md"
SEED = 20261125
DRAWS = 200
PROCESSES = 2
LOOPS = {"device": treat_on_device, "host": treat_on_host}
STOP_AT_S = 215.0
"""In the third hold of 4 minutes of 60 s and 20 s."""


def _ordered(region: str, hold_n: float, minutes: int = 15) -> Treatment:
    return Treatment(
        region=region, hold_n=hold_n, rest_n=hold_n / 2, hold_s=60.0, rest_s=20.0, minutes=minutes
    )


NOMINAL = {
    "cervical_sliding": (_ordered("cervical", 102.0), _ordered("cervical", 178.0)),
    "lumbar_split": (
        _ordered("lumbar", 120.0),
        _ordered("lumbar", 400.0),
        _ordered("lumbar", 800.0),
    ),
}
"""Patients of acceptance-limits.md: to the end of 15 minutes, and a second time with a stop."""
DRAWN = {
    "cervical_sliding": _ordered("cervical", 102.0, 4),
    "cervical_flat": _ordered("cervical", 102.0, 4),
    "lumbar_split": _ordered("lumbar", 400.0, 4),
    "lumbar_one_piece": _ordered("lumbar", 400.0, 4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One patient, one treatment, one loop."""

    loop: str
    table: str
    patient: DrawnPatient
    treatment: Treatment
    seed: int

    @property
    def nominal(self) -> bool:
        """The patient of the column of plant.md#parameters."""
        return self.patient.number == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The result of a job; ``failed`` names the required figures that it misses."""

    job: Job
    figures: Figures
    failed: tuple[str, ...]


def nominal_jobs(minutes: int = 15) -> list[Job]:
    """Both loops, every nominal patient: one full treatment, and one of 4 minutes with a stop."""
    return [
        Job(loop=loop, table=table, patient=nominal_patient(table), treatment=treatment, seed=SEED)
        for loop in LOOPS
        for table, treatments in NOMINAL.items()
        for ordered in treatments
        for treatment in (
            replace(ordered, minutes=minutes),
            replace(ordered, minutes=4, stop_at_s=STOP_AT_S),
        )
    ]


def drawn_jobs(draws: int) -> list[Job]:
    """Both loops, ``draws`` patients on every table, each session ended by a stop."""
    return [
        Job(
            loop=loop,
            table=table,
            patient=patient,
            treatment=replace(treatment, stop_at_s=STOP_AT_S),
            seed=SEED + patient.number,
        )
        for loop in LOOPS
        for table, treatment in DRAWN.items()
        for patient in draw_patients(table, draws, SEED)
    ]


def judged(job: Job) -> Judged:
    """Treat one patient and judge the session by the truth at the cord."""
    figures = LOOPS[job.loop](job.patient, job.treatment, seed=job.seed)
    failed = failures(
        figures,
        region=job.treatment.region,
        loop=job.loop,
        nominal=job.nominal,
        moved=job.patient.movement != "still",
    )
    return Judged(job=job, figures=figures, failed=tuple(failed))


def judge_all(jobs: Iterable[Job]) -> list[Judged]:
    """Judge all jobs, in two processes."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        return list(pool.map(judged, jobs, chunksize=4))


def main() -> int:
    """Run the campaign and write the page; returns 1 if a required figure was missed."""
    from tests.campaigns.acceptance_page import page

    draws = int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS
    clock = SystemClock()
    started_s, utc_ms = clock.now_s(), clock.utc_ms()
    nominal = judge_all(nominal_jobs())
    drawn = judge_all(drawn_jobs(draws))
    minutes = (clock.now_s() - started_s) / 60
    text = page(nominal, drawn, draws=draws, seed=SEED, utc_ms=utc_ms, minutes=minutes)
    PAGE.write_text(wrapped(text), encoding="utf-8")
    failed = [result for result in (*nominal, *drawn) if result.failed]
    print(f"{len(nominal) + len(drawn)} sessions, {len(failed)} missed a figure: {PAGE}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
