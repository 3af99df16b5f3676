"""`make campaign-observer`: sessions on a table without a socket, told from the force alone.

Usage: python -m tests.campaigns.observer [COUNT] [--first SEED] [--seed SEED]

COUNT drawn sessions (default 200) from seed ``--first`` (default 1) on are simulated, read by a
cell beside the table and analysed; the page ``docs/reports/observer.md`` says how far the phases,
cycles, times and forces are from what the table and the cord really did. With another first seed
the page is only printed: seeds that nobody looked at say whether the method was fitted to the
others. ``--seed`` runs one session and prints its phases.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from records.course.course import observe_course
from records.course.readings import Readings
from tests.campaigns.asked import commit
from tests.campaigns.observed_population import draw_case
from tests.campaigns.observed_session import run_case
from tests.campaigns.observed_verdict import Verdict, judge
from tests.campaigns.observer_page import page, promise_kept
from tools.markdown import wrapped

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reports" / "observer.md"
COUNT = 200
FIRST = 1
PROCESSES = 2


def judge_seed(seed: int) -> Verdict:
    """Draw, run and judge one session."""
    case = draw_case(seed)
    return judge(case, run_case(case))


def replay(seed: int) -> int:
    """Print what was found in one session."""
    case = draw_case(seed)
    observed = run_case(case)
    course = observe_course(
        Readings(times_ms=observed.times_ms, forces_dn=observed.forces_dn),
        ordered_traction_ms=round(case.panel.profile.end_s * 1000),
    )
    for phase in course.phases:
        print(
            f"{phase.start_ms / 1000:9.2f} s {phase.kind:10} "
            f"{phase.start_dn / 10:6.1f} to {phase.end_dn / 10:6.1f} N"
        )
    verdict = judge(case, observed)
    print(case.panel.order, verdict, sep="\n")
    return 1 if verdict.faults else 0


def main() -> int:
    """Run the requested part; returns 1 if the promise of the page is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=COUNT)
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    if asked.seed is not None:
        return replay(asked.seed)
    with ProcessPoolExecutor(PROCESSES) as pool:
        seeds = range(asked.first, asked.first + asked.count)
        verdicts = list(pool.map(judge_seed, seeds, chunksize=5))
    text = wrapped(page(verdicts, commit=commit()))
    if asked.first == FIRST:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0 if promise_kept(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
