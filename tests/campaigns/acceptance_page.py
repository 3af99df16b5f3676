"""The page of the acceptance campaign: figures, requirements, and whether they were met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from tests.campaigns.acceptance import Job, Judged
from tests.campaigns.figures import (
    PHASE_S,
    RELEASE_S,
    REVERSED_S,
    TREATMENT_S,
    Figures,
)

COMMAND = "make campaign-acceptance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of the table; with ``limit`` None it is reported but not judged."""

    name: str
    value: Callable[[Judged], float | None]
    limit: Callable[[Job], float | None] = lambda job: None
    digits: int = 2
    smaller_is_worse: bool = False


def _of(field: str, factor: float = 1.0) -> Callable[[Judged], float | None]:
    def value(result: Judged) -> float | None:
        measured = getattr(result.figures, field)
        return None if measured is None else factor * float(measured)

    return value


def _above_trip_n(result: Judged) -> float:
    return result.figures.peak_n - result.figures.trip_n


STEADY = Row(
    name="steady within 5 N / 5 %, % of dwell",
    value=_of("steady_share", 100.0),
    limit=lambda job: 99.5 if job.nominal else None,
    smaller_is_worse=True,
)
ROWS = (
    STEADY,
    Row(
        name="overshoot, N",
        value=_of("overshoot_n"),
        digits=1,
        limit=lambda job: max(5.0, 0.05 * job.treatment.hold_n) if job.nominal else None,
    ),
    Row(
        name="steepest rise over 1 s, x ordered",
        value=_of("ramp_ratio"),
        limit=lambda job: 1.5 if job.nominal else None,
    ),
    Row(name="highest force at the cord, N", value=_of("peak_n"), digits=1),
    Row(name="the same above the trip of row 42, N", value=_above_trip_n, digits=1),
    Row(name="highest force in the spine, N", value=_of("peak_spine_n"), digits=1),
    Row(name="cord wound in since the first ramp, mm", value=_of("pull_mm"), digits=1),
    Row(
        name="press until the winch pays out, s",
        value=_of("stop_reversed_s"),
        limit=lambda job: REVERSED_S[job.loop],
    ),
    Row(
        name="press until 15 N at the cord, s",
        value=_of("stop_to_15_n_s"),
        limit=lambda job: RELEASE_S[job.treatment.region],
    ),
    Row(
        name="wound in once the release arrived, mm",
        value=_of("wound_in_after_release_mm"),
        limit=lambda job: 0.0,
    ),
    Row(name="phase off its order, s", value=_of("phase_off_s"), limit=lambda job: PHASE_S),
    Row(
        name="treatment off its order, s",
        value=_of("treatment_off_s"),
        limit=lambda job: TREATMENT_S,
    ),
)


def page(
    nominal: Sequence[Judged],
    drawn: Sequence[Judged],
    *,
    draws: int,
    seed: int,
    utc_ms: int,
    minutes: float,
) -> str:
    """The whole page in Markdown."""
    date = datetime.fromtimestamp(utc_ms / 1000, UTC).date().isoformat()
    parts = [
        "# Acceptance figures",
        f"Written by `{COMMAND}` on {date}: seed {seed}, {draws} randomly drawn patients per "
        f"table and loop, {len(nominal) + len(drawn)} sessions in {minutes:.0f} minutes. Do not "
        "edit by hand.",
        INTRODUCTION,
        "## Result",
        _verdict(nominal, drawn),
        "## Nominal patients",
        NOMINAL_WORDS,
    ]
    for loop in ("device", "host"):
        parts += [f"### {LOOP_WORDS[loop]}", _nominal_table(nominal, loop)]
    parts += ["## Drawn patients", DRAWN_WORDS]
    for loop in ("device", "host"):
        for table in dict.fromkeys(r.job.table for r in drawn):
            group = [r for r in drawn if (r.job.loop, r.job.table) == (loop, table)]
            words = f"{table.replace('_', ' ')}, {LOOP_WORDS[loop].lower()}"
            parts += [f"### {words}", _ordered(group[0].job), _spread_table(group), _endings(group)]
    return "\n\n".join(parts) + "\n"


LOOP_WORDS = {"device": "Force loop in the unit", "host": "Force loop in the host"}
INTRODUCTION = (
    "Everything is judged by the simulator's true force at the cord in every device cycle of 10 "
    "ms, not by the reading of a cell. The force in the spine is shown beside it and is not "
    "judged. With the force loop in the unit, a session runs the whole program over a direct "
    "line (codec, loop, supervisor, journal). With the loop in the host, it runs the controller "
    "of a composed table at 10 Hz over a slow line (100 ms for the nominal patients), monitored "
    "by the program's supervisor and motion grant; the program has no such adapter yet.\n\nBoth "
    "controllers use a more cautious feed-forward than the reference model. It is applied over "
    "0.3 s, and fades out while the force is 5 N ahead of its set-point, which happens if "
    "friction holds the body and only the cord stretches. The host's controller assumes the "
    "stiffest body of the spread, and compares a force with the set-point at the time of its "
    "measurement. These choices were based on other draws (seeds 20260101 to 20260104, up to 200 "
    "patients per table), which did not include the patients below. The patients below had been "
    "judged before: the first 50 of each table with a feed-forward that does not fade, where two "
    "sessions missed a figure, which is the reason for the fading; and all of them with fading "
    "over a line of 100 ms, where none missed one. With the nominal body's stiffness and "
    "immediate feed-forward, as in the reference model, the host's nominal figures are those of "
    "the model (overshoot 2.9 N at 102/51 N compared with 3.2 N, 13.7 N at 400/200 N compared "
    "with 13.6 N, stroke 72 mm compared with 73 mm), but 178/89 N rises at 1.501 times the "
    "ordered rate, and patients who lie still get more than the trip of row 42. The disadvantage "
    "of the cautious controller is that a soft body is brought to its force slowly, which the "
    "supervisor may take for a slipping harness.\n\nThe length wound in is counted from the "
    "moment at which the release reaches the drive. Until 2026-11-27 it was counted from the "
    "decision; one of these sessions then missed the figure by 0.0037 mm because of an order "
    "that was still on its way on the host's line, which is the reason for the change ([decision "
    "0116](../decisions/0116-the-release-counts-from-its-arrival.md))."
)
NOMINAL_WORDS = (
    "Each is treated twice: 15 minutes to the end, and 4 minutes with a stop by the patient in the "
    "third hold. All figures are required."
)
DRAWN_WORDS = (
    "Spread around each table's body: stiffness x 0.5-2, creep x 0.5-2, friction x 0.3-3, breath "
    "0-1 mm; half of the patients move once (cough 3-8 mm, spasm 5-15 mm, slip 2-20 mm). Each is "
    "treated for 4 minutes with a stop in the third hold. Required: the stop, no cord wound in "
    "after the release began, the times, no force above the trip of hazard row 42 unless the "
    "patient moved and a release followed, and an ending that names the stroke if the stroke "
    "ended the session. Steadiness, overshoot and ramps are measured until the patient moves and "
    "are not required. If the force loop is in the host, each patient has a separate line: "
    "60-200 ms of delay with 0-40 ms of jitter, 10-80 values of the cell a second. A figure that "
    "a session did not reach, because it ended before, is not counted in n."
)


def _verdict(nominal: Sequence[Judged], drawn: Sequence[Judged]) -> str:
    lines = []
    for words, results in (("nominal", nominal), ("drawn", drawn)):
        failed = [result for result in results if result.failed]
        lines.append(f"- {words}: {len(results) - len(failed)} of {len(results)} sessions hold.")
        lines += [f"  - {_who(result)}: {'; '.join(result.failed)}" for result in failed]
    return "\n".join(lines)


def _who(result: Judged) -> str:
    job, patient = result.job, result.job.patient
    words = f"{job.loop} loop, {job.table.replace('_', ' ')}, {job.treatment.hold_n:g} N"
    return words if job.nominal else f"{words}, patient {patient.number} ({_movement(job)})"


def _movement(job: Job) -> str:
    patient = job.patient
    return (
        "still"
        if patient.movement == "still"
        else f"{patient.movement} {patient.movement_mm:.1f} mm"
    )


def _ordered(job: Job) -> str:
    treatment = job.treatment
    return f"Ordered: {treatment.hold_n:g} N and {treatment.rest_n:g} N, 60 s and 20 s."


def _nominal_table(results: Sequence[Judged], loop: str) -> str:
    lines = [
        "| table, ordered force | figure | measured | required | held |",
        "|---|---|--:|--:|---|",
    ]
    groups: dict[str, list[Judged]] = {}
    for result in results:
        if result.job.loop == loop:
            job = result.job
            name = f"{job.table.replace('_', ' ')}, {job.treatment.hold_n:g} N"
            groups.setdefault(name, []).append(result)
    for name, group in groups.items():
        for row in ROWS:
            values = _values(group, row)
            if values:
                worst = min(values) if row.smaller_is_worse else max(values)
                lines.append(
                    f"| {name} | {row.name} | {worst:.{row.digits}f} | {_judged(group, row)} |"
                )
    return "\n".join(lines)


def _spread_table(group: Sequence[Judged]) -> str:
    lines = [
        "| figure | n | median | 95th percentile | worst | required | held |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in ROWS:
        values = _values(group, row)
        if values:
            share = 5.0 if row.smaller_is_worse else 95.0
            worst = min(values) if row.smaller_is_worse else max(values)
            middle, tail = np.percentile(values, (50.0, share))
            cells = " | ".join(f"{value:.{row.digits}f}" for value in (middle, tail, worst))
            lines.append(f"| {row.name} | {len(values)} | {cells} | {_judged(group, row)} |")
    return "\n".join(lines)


def _values(group: Sequence[Judged], row: Row) -> list[float]:
    return [value for result in group if (value := row.value(result)) is not None]


def _judged(group: Sequence[Judged], row: Row) -> str:
    """The limit, and whether every session kept it."""
    limit = row.limit(group[0].job)
    if limit is None:
        return "- | -"
    values = _values(group, row)
    held = min(values) >= limit if row.smaller_is_worse else max(values) <= limit + 1e-9
    return f"{'>=' if row.smaller_is_worse else '<='} {limit:g} | {'yes' if held else '**no**'}"


def _endings(group: Sequence[Judged]) -> str:
    """How the sessions ended; a movement is named if it came before the end."""
    endings = Counter(_ending(result.figures) for result in group)
    return (
        "Endings: "
        + "; ".join(f"{count} {ending}" for ending, count in endings.most_common())
        + "."
    )


def _ending(figures: Figures) -> str:
    return figures.ending.removeprefix("stopped: ").removeprefix("completed: ")
