"""The page that `make campaign-false-stops` writes: docs/reports/false-stops.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.campaigns.sound_verdict import Judged, Verdict

LISTED = 200
"""At most so many sessions are listed by name; the count stands above the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Results of one shard; ``utc_ms`` is its start, ``count`` the size of the whole campaign."""

    commit: str
    utc_ms: int
    minutes: float
    shard: str
    count: int
    judged: tuple[Judged, ...]


def page(parts: list[Part]) -> str:
    """The whole page; all parts are of one commit."""
    judged = [j for part in parts for j in part.judged]
    return "\n".join([*_head(parts, judged), *_tables(judged), *_lists(judged)]) + "\n"


def _head(parts: list[Part], judged: list[Judged]) -> Iterator[str]:
    counts = Counter(j.verdict for j in judged)
    first = min(parts, key=lambda part: part.utc_ms)
    days = datetime.fromtimestamp(first.utc_ms / 1000, UTC).date().isoformat()
    minutes = sum(part.minutes for part in parts)
    yield "# False stops"
    yield ""
    yield (
        f"Written by `make campaign-false-stops` on {days}, commit {first.commit}: {len(judged)} "
        f"of {first.count} randomly drawn sessions in {len(parts)} shards and {minutes:.0f} "
        f"minutes, {sum(j.seconds for j in judged) / 3600:.0f} simulated hours. Do not edit by "
        "hand."
    )
    yield ""
    yield (
        "Each session runs the whole program over a direct line in virtual time. These are drawn "
        "at random: a patient of the acceptance population on one of four tables, lying still or "
        "with one cough, spasm or slip in pretension, ramp, hold, rest or pause; the order in "
        "every mode; pauses and adjustments; the unit (register 0x108 updated every 10 to 250 ms "
        "in steps of 0.1 to 1 N, both orders of function 23, ticks of 50 and 100 ms, state 5 "
        "restarted at each release order); the line (up to 4 ms of jitter; answers and requests "
        "lost, garbled or late, at most two in any 10 s, which a session must tolerate)."
    )
    yield ""
    yield (
        "A stop is judged by the true force at the cord. In a *right stop* the patient moved and "
        "the force really did what the hazard's row names. If it did so without a movement, *the "
        "unit's own regulator* is the cause. *Not begun*: the token was lost with an answer at "
        "arming, before anything moved ([arming](../reference/session-rules.md#arming)). "
        "Everything else is a **false stop**. Nothing is known about real patients: movements "
        "and bodies are those of the [model](../reference/plant.md#parameters)."
    )
    yield ""
    yield "| came to | sessions |"
    yield "|---|--:|"
    for verdict in Verdict:
        name = f"**{verdict.value}**" if verdict is Verdict.FALSE_STOP else verdict.value
        yield f"| {name} | {counts[verdict]} |"
    yield ""


def _tables(judged: list[Judged]) -> Iterator[str]:
    yield from _table("By table", "table", judged, lambda j: j.table.replace("_", " "))
    yield from _table("By mode", "mode", judged, lambda j: j.mode.replace("_", " "))
    yield from _table("By period of register 0x108", "renewed", judged, _period)
    yield from _table("By step of register 0x108", "step", judged, _step)
    yield from _table(
        "By order of function 23 and tick",
        "unit",
        judged,
        lambda j: ", ".join(part for part in j.unit.split(", ")[1:]),
    )
    yield from _table("By exchanges spoilt", "spoilt", judged, lambda j: f"{min(j.spoilt, 9):2d}")
    yield from _table(
        "By movement",
        "movement",
        judged,
        lambda j: f"{j.movement} while {j.moved_in.replace('_', ' ')}" if j.moved_in else "still",
    )
    told = Counter(code for j in judged for code in j.told)
    yield "## Told without consequence"
    yield ""
    yield (
        "Warnings (R5) in these sessions, which change nothing: "
        + (", ".join(f"`{code}` {count}" for code, count in sorted(told.items())) or "none")
        + "."
    )
    yield ""


def _period(j: Judged) -> str:
    return f"{j.unit.partition(' in ')[0].removeprefix('0x108 each '):>6}"


def _step(j: Judged) -> str:
    return j.unit.partition(" in ")[2].partition(",")[0]


def _table(
    title: str, first: str, judged: list[Judged], key: Callable[[Judged], str]
) -> Iterator[str]:
    groups: dict[str, Counter[Verdict]] = {}
    for j in judged:
        groups.setdefault(key(j), Counter())[j.verdict] += 1
    yield f"## {title}"
    yield ""
    yield f"| {first} | " + " | ".join(verdict.value for verdict in Verdict) + " |"
    yield "|---|" + "--:|" * len(Verdict)
    for name in sorted(groups):
        yield f"| {name} | " + " | ".join(str(groups[name][v]) for v in Verdict) + " |"
    yield ""


def _lists(judged: list[Judged]) -> Iterator[str]:
    for title, verdict in (
        ("False stops", Verdict.FALSE_STOP),
        ("The unit's own regulator", Verdict.REGULATOR),
        ("Not begun", Verdict.NOT_BEGUN),
    ):
        found = [j for j in judged if j.verdict is verdict]
        yield f"## {title}: {len(found)}"
        yield ""
        if found:
            yield "Replay one with `python -m tests.campaigns.false_stops --seed N`."
            yield ""
            yield from _listed(found)
    right = Counter((j.movement, j.cause) for j in judged if j.verdict is Verdict.RIGHT_STOP)
    yield f"## Right stops: {right.total()}"
    yield ""
    yield "| movement | cause | sessions |"
    yield "|---|---|--:|"
    for (movement, cause), count in sorted(right.items()):
        yield f"| {movement} | `{cause}` | {count} |"


def _listed(found: list[Judged]) -> Iterator[str]:
    yield "| seed | table, mode | movement | unit | spoilt | cause | measured | limit | reason |"
    yield "|--:|---|---|---|--:|---|--:|--:|---|"
    for j in found[:LISTED]:
        movement = f"{j.movement} in {j.moved_in}" if j.moved_in else "still"
        yield (
            f"| {j.seed} | {j.table}, {j.mode} | {movement} | {j.unit} | {j.spoilt} "
            f"| `{j.cause}` | {j.measured} | {j.limit} | {j.reason} |"
        )
    yield ""
