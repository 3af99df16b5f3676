"""`make campaign-matrix`: every fault in every phase on the whole program, blind and with guards.

Usage: python -m tests.campaigns.matrix [PART OF A FAULT'S NAME]

Writes docs/reports/matrix.md; with a name it runs those cells alone and prints them. All of it
takes about a quarter of an hour on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from controller.runtime.clock import SystemClock
from tests.campaigns.asked import commit
from tests.campaigns.matrix_page import Run, page
from tests.safety.matrix_expected import Expected, Fault
from tests.safety.matrix_faults import FAULTS
from tests.safety.matrix_judge import Cell, run_cell
from tests.safety.matrix_phases import (
    BEFORE_ARMING,
    HOLD,
    PHASES,
    RAMP_UP,
    RELEASING,
    REST,
    Phase,
)
from tools.markdown import wrapped

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reports" / "matrix.md"
PROCESSES = 2
LUMBAR_PHASES = (RAMP_UP, HOLD, REST, RELEASING)
"""The part of the matrix that is also run with 280 N."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellJob:
    """One cell by its indices in the tables, which two processes share."""

    fault: int
    phase: Phase
    region: str
    guards: bool


def jobs(name: str = "") -> Iterator[CellJob]:
    """All cells, or those of the faults with ``name`` in their names."""
    for number, fault in enumerate(FAULTS):
        if name not in fault.name:
            continue
        for region in ("cervical", "lumbar"):
            for phase in phases_of(fault, region):
                for guards in (False, True):
                    yield CellJob(fault=number, phase=phase, region=region, guards=guards)


def phases_of(fault: Fault, region: str) -> list[Phase]:
    """The phases in which a fault has a cell."""
    asked = LUMBAR_PHASES if region == "lumbar" and len(fault.regions) > 1 else PHASES
    return [
        phase
        for phase in (*asked, BEFORE_ARMING)
        if isinstance(fault.in_cell(phase, region), Expected)
    ]


def run_job(job: CellJob) -> Cell:
    """One cell."""
    return run_cell(FAULTS[job.fault], job.phase, job.region, guards=job.guards)


def run_all(name: str = "") -> Iterator[Cell]:
    """Run all cells in two processes, printing problems at once."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        for cell in pool.map(run_job, list(jobs(name)), chunksize=4):
            if cell.problems or name:
                guards = "with guards" if cell.guards else "blind"
                problems = "; ".join(cell.problems) or "holds"
                print(
                    f"{cell.region}, {guards}, {cell.phase}: {cell.fault}: order {cell.order_s} s, "
                    f"15 N {cell.free_s} s, {', '.join(cell.codes)}, {cell.reason}: {problems}",
                    flush=True,
                )
            yield cell


def main() -> int:
    """Run the matrix and write the page; returns 1 if a cell has a problem."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    clock = SystemClock()
    started_s, utc_ms = clock.now_s(), clock.utc_ms()
    cells = list(run_all(name))
    minutes = (clock.now_s() - started_s) / 60
    wrong = sum(bool(cell.problems) for cell in cells)
    if not name:
        run = Run(commit=commit(), utc_ms=utc_ms, minutes=minutes, cells=tuple(cells))
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(wrapped(page(run)), encoding="utf-8")
    print(f"{len(cells)} cells, {wrong} with a problem, {minutes:.0f} minutes")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
