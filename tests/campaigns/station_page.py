"""The page of the station's figures: what was promised and measured, with the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from controller.session.free_cord import FREE_FORCE_N
from tests.campaigns.station_lab import TICK_MS, median, percentile
from tests.campaigns.station_pairs import ALONE_MIN

LATENESS_RATIO, LATENESS_MS = 1.2, 0.5
MEMORY_MB, CONNECTIONS, PROCESSOR_RATIO = 100.0, 3, 0.6
BESIDE_RATIO = 1.5
SLACK_S = 1.0
LOST_S = (14.0, 16.0)
LOG_KINDS = 4
"""Kinds of a refusal that the logs tell, each once a minute."""
Figures = dict[str, Any]
TITLES = {
    "losses": "parent and console killed and hung",
    "killed": "the program that drives killed",
    "stops": "STOP at the door",
    "pairs": "pairs with `traction run`",
    "beside": "units in parallel",
    "hostile": "with a hostile client",
}
HEAD = (
    "# The station, measured\n\nWritten by `make campaign-station`. Do not edit by hand. Real "
    "commands (`traction station`, which starts `traction control`, and `traction run`) are "
    "measured with simulated units on Modbus TCP in separate processes with a higher priority "
    "than ordinary programs. A console without a page requests the sessions and answers every "
    "question; if it is to be killed, it is a separate process. Real-time figures depend on the "
    "machine and its load, which each part states: the average over one minute when the part "
    "began and when it ended.\n\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A promise with its measurement."""

    part: str
    promise: str
    limit: str
    measured: str
    met: bool


def verdicts(figures: dict[str, Figures]) -> list[Verdict]:
    """Verdicts on every measured part, in the order of the page."""
    judges = {
        "losses": _losses,
        "killed": _killed,
        "stops": _stops,
        "pairs": _pairs,
        "beside": _beside,
        "hostile": _hostile,
    }
    return [one for part in TITLES if part in figures for one in judges[part](figures[part])]


def _verdict(part: str, promise: str, limit: str, measured: str, *, met: bool) -> Verdict:
    return Verdict(part=part, promise=promise, limit=limit, measured=measured, met=met)


def _losses(found: Figures) -> Iterator[Verdict]:
    kills, near, far = found["kills"], found["near"], found["far"]
    yield _verdict(
        "losses",
        f"parent and console killed {kills} times each and hung for 10 s once: the treatment goes "
        "on, and a hanging process raises its alarm",
        "no fault",
        f"{len(found['faults'])} faults in {found['losses']} losses",
        met=not found["faults"],
    )
    yield _verdict(
        "losses",
        "no more missed ticks within 10 s after a loss than elsewhere",
        _share(far),
        _share(near),
        met=near["missed"] * far["n"] <= far["missed"] * near["n"],
    )
    yield _verdict(
        "losses",
        "console hung for 20 s: released as lost",
        f"15 s after its last heartbeat, which is sent once a second: {LOST_S[0]:g} to "
        f"{LOST_S[1]:g} s",
        f"{found['released_after_s']:.1f} s after: {found['reason']}",
        met=LOST_S[0] <= found["released_after_s"] <= LOST_S[1] and "console" in found["reason"],
    )


def _share(spread: Figures) -> str:
    return f"{spread['missed']} of {spread['n']}"


def _killed(found: Figures) -> Iterator[Verdict]:
    rounds = found["rounds"]
    free = [one["free_s"] for one in rounds]
    yield _verdict(
        "killed",
        f"the unit releases by itself ({FREE_FORCE_N:g} N on the cord)",
        f"{SLACK_S:g} s",
        ", ".join("never" if one is None else f"{one:.2f} s" for one in free),
        met=all(one is not None and one <= SLACK_S for one in free),
    )
    highest = [one["highest_behind_n"] for one in rounds]
    yield _verdict(
        "killed",
        "nothing pulls again in the following 10 s, with the next program running",
        f"{FREE_FORCE_N:g} N",
        ", ".join(f"{one} N" for one in highest),
        met=all(one is not None and one <= FREE_FORCE_N for one in highest),
    )
    for key, promise in (
        ("told", "`control_gone` is raised"),
        ("started_anew", "the next program is started"),
    ):
        count = sum(one[key] for one in rounds)
        yield _verdict(
            "killed", promise, "each", f"{count} of {len(rounds)}", met=_all(rounds, key)
        )
    closed = sum(one["outcome"] == "interrupted" for one in rounds)
    yield _verdict(
        "killed",
        "the session is closed as interrupted",
        "each",
        f"{closed} of {len(rounds)}",
        met=closed == len(rounds),
    )


def _all(rounds: Sequence[Figures], key: str) -> bool:
    return all(one[key] for one in rounds)


def _stops(found: Figures) -> Iterator[Verdict]:
    trials = found["trials"]
    faulty = [one for one in trials if one["faults"]]
    times = [one["to_wire_ms"] for one in trials if one["to_wire_ms"] is not None]
    exchange_ms = percentile([one["exchange_ms"] for one in trials], 0.99)
    limit_ms = TICK_MS + exchange_ms
    yield _verdict(
        "stops",
        "each press releases, or no treatment is running",
        "each",
        f"{len(trials) - len(faulty)} of {len(trials)}",
        met=not faulty,
    )
    yield _verdict(
        "stops",
        f"from the press to the order on the wire, n = {len(times)}: p99 (p50 "
        f"{median(times):.0f} ms, at most {max(times):.0f} ms)",
        f"one tick and one exchange: {limit_ms:.0f} ms",
        f"{percentile(times, 0.99):.0f} ms",
        met=percentile(times, 0.99) <= limit_ms,
    )


def _pairs(found: Figures) -> Iterator[Verdict]:
    pairs = found["pairs"]
    yield _lateness("pairs", "`run`", [(one["control"], one["run"]) for one in pairs])
    control = [one["control"] for one in pairs]
    peak, most = max(one["peak_mb"] for one in control), max(o["connections"] for o in control)
    yield _verdict(
        "pairs",
        f"maximum memory with {most} connections open",
        f"{MEMORY_MB:g} MB with {CONNECTIONS}",
        f"{peak:.0f} MB",
        met=peak <= MEMORY_MB and most >= CONNECTIONS,
    )
    taken = median([one["control"]["processor_s"] / one["run"]["processor_s"] for one in pairs])
    yield _verdict(
        "pairs",
        "processor time in a hold compared with `run`, median of the pairs",
        f"{PROCESSOR_RATIO:g} times",
        f"{taken:.2f} times",
        met=taken <= PROCESSOR_RATIO,
    )


def _lateness(part: str, other: str, pairs: Sequence[tuple[Figures, Figures]]) -> Verdict:
    """Compare the lateness of the first of each pair with that of the second."""
    ratio = median([one["p99_ms"] / two["p99_ms"] for one, two in pairs])
    more_ms = median([one["p99_ms"] - two["p99_ms"] for one, two in pairs])
    return _verdict(
        part,
        f"p99 of the ticks' lateness compared with {other}, median of {len(pairs)} pairs",
        f"{LATENESS_RATIO:g} times, or less than {LATENESS_MS:g} ms more",
        f"{ratio:.2f} times, {more_ms:+.2f} ms",
        met=ratio <= LATENESS_RATIO or more_ms < LATENESS_MS,
    )


def _hostile(found: Figures) -> Iterator[Verdict]:
    pairs, outcomes, lines = found["pairs"], found["outcomes"], found["lines"]
    yield _lateness(
        "hostile",
        "an undisturbed session",
        [(one["hostile"], one["quiet"]) for one in pairs],
    )
    well = outcomes.count("completed")
    yield _verdict(
        "hostile",
        "no foreign page, message or connection ends a treatment",
        "each",
        f"{well} of {len(outcomes)}",
        met=well == len(outcomes),
    )
    yield _verdict(
        "hostile",
        f"each of {len(found['done'])} ways is refused, {sum(found['done'].values())} times in all",
        f"{LOG_KINDS} lines in the logs per minute",
        f"{len(lines)} lines in {len(pairs)} sessions",
        met=bool(lines) and len(lines) <= LOG_KINDS * len(pairs) and all(found["done"].values()),
    )


def _beside(found: Figures) -> Iterator[Verdict]:
    alone = [one for run in found["runs"] if len(run["sessions"]) == 1 for one in run["sessions"]]
    (beside,) = [run for run in found["runs"] if len(run["sessions"]) > 1]
    many, reference = beside["sessions"], beside["reference"]
    ratio = median([o["p99_ms"] for o in many]) / median([o["p99_ms"] for o in alone])
    yield _verdict(
        "beside",
        f"p99 of the ticks' lateness of {len(many)} units in parallel compared with a single one",
        f"{BESIDE_RATIO:g} times",
        f"{ratio:.2f} times",
        met=ratio <= BESIDE_RATIO,
    )
    missed = sum(one["missed"] for one in many)
    yield _verdict(
        "beside",
        f"missed ticks of all {len(many)} in {found['minutes']} min",
        f"those of an idle process in parallel: {reference['missed']} of {reference['ticks']}",
        f"{missed}",
        met=missed <= reference["missed"],
    )
    peak_mb = max(one["peak_mb"] for one in many)
    yield _verdict(
        "beside",
        f"maximum memory of a program whose session lasts {found['minutes']} min",
        f"{MEMORY_MB:g} MB",
        f"{peak_mb:.0f} MB",
        met=peak_mb <= MEMORY_MB,
    )


def page(figures: dict[str, Figures]) -> str:
    """The whole page."""
    found = verdicts(figures)
    lines = ["| promise | limit | measured | |", "|---|---|---|---|"]
    lines += [
        f"| {one.promise} | {one.limit} | {one.measured} | {'met' if one.met else '**missed**'} |"
        for one in found
    ]
    tables = {
        "losses": _losses_table,
        "stops": _stops_table,
        "pairs": _pairs_table,
        "beside": _beside_table,
        "hostile": _hostile_table,
    }
    text = HEAD + "\n".join(lines) + "\n\n"
    for part, title in TITLES.items():
        if part not in figures:
            text += f"## {title[0].upper()}{title[1:]}\n\nNot measured.\n\n"
            continue
        one = figures[part]
        text += (
            f"## {title[0].upper()}{title[1:]}\n\n"
            f"{one['day']}, commit {one['commit']}; load {one['load']}.\n\n"
        )
        table = tables.get(part)
        if table is not None:
            text += "\n".join(table(one)) + "\n\n"
    return text.rstrip("\n") + "\n"


def _losses_table(found: Figures) -> Iterator[str]:
    yield (
        f"One treatment, a loss every {found['spacing_s']:g} s, parent and console alternately; "
        "the next one is started a second after a kill. Intervals between samples, which are "
        "made once per tick:"
    )
    yield ""
    yield "| samples | n | p50 ms | p99 ms | at most ms | ticks missed |"
    yield "|---|--:|--:|--:|--:|--:|"
    for key, name in (("near", "up to 10 s after a loss"), ("far", "all others")):
        row = found[key]
        yield (
            f"| {name} | {row['n']} | {row['p50_ms']:.0f} | {row['p99_ms']:.0f} | "
            f"{row['max_ms']:.0f} | {row['missed']} |"
        )
    yield from (f"\n- {fault}" for fault in found["faults"])


def _stops_table(found: Figures) -> Iterator[str]:
    trials = found["trials"]
    yield (
        f"{found['lanes']} units in parallel, one case after the other on each, with a tap on the "
        "line of each. The time is measured from before the connection to the stop door. A "
        "*hung* console has read nothing for 2 s; *six connections* are open at the stop door, "
        "half of them with an incomplete request; *twice*: two people at once; *releasing*: "
        "after a first press."
    )
    yield ""
    yield "| when | presses | released or refused | p50 ms | at most ms | the page says |"
    yield "|---|--:|--:|--:|--:|---|"
    for situation in dict.fromkeys(one["situation"] for one in trials):
        rows = [one for one in trials if one["situation"] == situation]
        times = [one["to_wire_ms"] for one in rows if one["to_wire_ms"] is not None]
        shown = [f"{value:.0f}" for value in (median(times), max(times))] if times else ["-", "-"]
        pages = ", ".join(sorted({one["page"] for one in rows}))
        well = sum(not one["faults"] for one in rows)
        yield f"| {situation} | {len(rows)} | {well} | {shown[0]} | {shown[1]} | {pages} |"
    yield from (
        f"\n- {one['situation']}: {'; '.join(one['faults'])}" for one in trials if one["faults"]
    )


def _pairs_table(found: Figures) -> Iterator[str]:
    yield "Sessions of one minute, one after the other; every second pair in reverse order."
    yield ""
    yield (
        "| pair | load | run p99 ms | at most | missed | processor s | MB | control p99 ms | at "
        "most | missed | processor s | MB |"
    )
    yield "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for number, pair in enumerate(found["pairs"], 1):
        halves = " | ".join(_half(pair[name]) for name in ("run", "control"))
        yield f"| {number} | {pair['load'].split()[0]} | {halves} |"


def _half(one: Figures) -> str:
    return (
        f"{one['p99_ms']:.2f} | {one['max_ms']:.0f} | {one['missed']} | {one['processor_s']:.2f} | "
        f"{one['peak_mb']:.0f}"
    )


def _beside_table(found: Figures) -> Iterator[str]:
    alone_min = min(found["minutes"], ALONE_MIN)
    yield (
        f"Treatments of {found['minutes']} min, those of a single unit of {alone_min} min, with "
        "one station each time."
    )
    yield ""
    yield "| units | load | p99 ms of each | at most ms | ticks missed |"
    yield "|--:|---|---|--:|--:|"
    for run in found["runs"]:
        sessions = run["sessions"]
        yield (
            f"| {len(sessions)} | {run['load'].split()[0]} | "
            f"{', '.join(f'{ms:.2f}' for ms in [one['p99_ms'] for one in sessions])} | "
            f"{max(one['max_ms'] for one in sessions):.0f} | "
            f"{sum(one['missed'] for one in sessions)} |"
        )


def _hostile_table(found: Figures) -> Iterator[str]:
    yield (
        "Sessions of one minute, one after the other. During 40 s of every second one, a process "
        "continuously tries what a client without the key, with the key, and at the stop door "
        "can do: "
        + ", ".join(f"{name} ({count})" for name, count in sorted(found["done"].items()))
        + "."
    )
    yield ""
    yield "| pair | load | quiet p99 ms | at most | missed | hostile p99 ms | at most | missed |"
    yield "|--:|---|--:|--:|--:|--:|--:|--:|"
    for number, pair in enumerate(found["pairs"], 1):
        halves = " | ".join(
            f"{one['p99_ms']:.2f} | {one['max_ms']:.0f} | {one['missed']}"
            for one in (pair["quiet"], pair["hostile"])
        )
        yield f"| {number} | {pair['load'].split()[0]} | {halves} |"
