"""The scrubber's part of `make bench`: one claim with its real note and record, repeatedly."""

from __future__ import annotations

import statistics
import time

from records.claim.charge_line import context_of_session
from records.claim.context import Payer, ServiceLine
from records.claim.rules.payer_profile import find_profile
from records.claim.rules.scrubber import scrub
from records.claim.rules.tables import shipped_tables
from workstation.demo import demo_visit

CALLS = 2000
GOAL_US = 1000.0
PAYER = "medicare_b"


def scrub_line() -> str:
    """Median and 99th percentile of one claim; the list of diagnosis codes is not read."""
    times_us = scrub_times_us()
    percentiles = statistics.quantiles(times_us, n=100)
    return (
        f"scrub of one claim, {len(times_us)} times: p50 {statistics.median(times_us):.0f} us, "
        f"p99 {percentiles[-1]:.0f} us, goal at most {GOAL_US:.0f} us"
    )


def scrub_times_us(calls: int = CALLS) -> list[float]:
    """Microseconds for each scrub of a claim of the demo with two more services."""
    visit = demo_visit()
    profile, tables = find_profile(PAYER), shipped_tables()
    context = context_of_session(
        visit.record, visit.order, visit.note, Payer(kind="medicare_b", profile=PAYER)
    )
    more = (
        ServiceLine(cpt="97140", modifiers=("59", "GP"), dx_pointers=(1,)),
        ServiceLine(cpt="97110", modifiers=("GP",), dx_pointers=(1,)),
    )
    context = context.model_copy(update={"lines": (*context.lines, *more)})
    times_us = []
    for _ in range(calls):
        started_s = time.perf_counter()
        report = scrub(visit.note, visit.record, context, profile, tables)
        times_us.append((time.perf_counter() - started_s) * 1e6)
    assert report.findings, "a claim without any finding would not measure the whole way"
    return times_us
