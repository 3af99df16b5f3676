"""`make campaign-false-stops`: drawn sound sessions, none of which may be stopped without cause.

Usage: python -m tests.campaigns.false_stops [COUNT] [--shard K/N] [--seed SEED]

COUNT sessions (default 10 000) in 4 shards, each of which ends well within an hour on two cores;
``--shard 2/4`` runs one of them, so that they can run on different days. Every shard leaves its
sessions in ``build/false-stops`` and writes ``docs/reports/false-stops.md`` from all shards of the
same commit. ``--seed`` replays one session and prints what came of it, with its record's findings.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from controller.events import EventKind
from controller.runtime.clock import SystemClock
from tests.campaigns.asked import commit, shard_of
from tests.campaigns.false_stops_page import Part, page
from tests.campaigns.sound_population import draw_session
from tests.campaigns.sound_session import run_session
from tests.campaigns.sound_verdict import Judged, Verdict, judge
from tools.markdown import wrapped

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reports" / "false-stops.md"
PARTS = (ROOT / "docs").resolve().parent / "build" / "false-stops"
"""Beside the pages, which a compiled copy shares with the program: a new copy leaves them."""
COUNT = 10_000
SHARDS = 4
PROCESSES = 2
FIRST_SEED = 1
SHORT_TREATMENT_S = 25.0
"""In the tests the operator ends the treatment so long after the first ramp."""


def judge_seed(seed: int) -> Judged:
    """Draw, run and judge one session."""
    return judge(run_session(draw_session(seed)))


def judge_short_seed(seed: int) -> Judged:
    """The same session, ended early."""
    return judge(run_session(draw_session(seed, ends_at_s=SHORT_TREATMENT_S)))


def judge_all(seeds: Iterable[int]) -> Iterator[Judged]:
    """Judge all sessions in two processes, printing the progress."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        for number, judged in enumerate(pool.map(judge_seed, seeds, chunksize=10), start=1):
            if number % 250 == 0:
                print(f"{number} sessions", flush=True)
            yield judged


def seeds_of(shard: int, shards: int, count: int) -> range:
    """Every ``shards``-th seed, so that each shard is a sample of the whole."""
    return range(FIRST_SEED + shard - 1, FIRST_SEED + count, shards)


def run_shard(shard: int, shards: int, count: int) -> Part:
    """Run one shard and store its results."""
    clock = SystemClock()
    started_s, utc_ms = clock.now_s(), clock.utc_ms()
    judged = list(judge_all(seeds_of(shard, shards, count)))
    part = Part(
        commit=commit(),
        utc_ms=utc_ms,
        minutes=(clock.now_s() - started_s) / 60,
        shard=f"{shard}/{shards}",
        count=count,
        judged=tuple(judged),
    )
    _keep(part)
    return part


def _keep(part: Part) -> None:
    PARTS.mkdir(parents=True, exist_ok=True)
    whole = asdict(part)
    whole["judged"] = [{**asdict(j), "verdict": j.verdict.name} for j in part.judged]
    name = f"{part.count}-{part.shard.replace('/', '-of-')}.json"
    (PARTS / name).write_text(json.dumps(whole), encoding="utf-8")


def kept_parts(count: int, of_commit: str) -> list[Part]:
    """Every shard of this size that was run on this commit."""
    parts = []
    for path in sorted(PARTS.glob(f"{count}-*.json")):
        whole = json.loads(path.read_text(encoding="utf-8"))
        judged = tuple(
            Judged(**{**j, "verdict": Verdict[j["verdict"]], "told": tuple(j["told"])})
            for j in whole.pop("judged")
        )
        part = Part(**whole, judged=judged)
        parts += [part] if part.commit == of_commit else []
    return parts


def replay(seed: int) -> int:
    """Run one session again and print its outcome; returns 1 for a false stop."""
    outcome = run_session(draw_session(seed))
    judged = judge(outcome)
    print(outcome.session)
    assert outcome.record is not None
    kinds = (
        EventKind.PHASE_CHANGED,
        EventKind.SAFETY_ACTED,
        EventKind.RELEASE_ORDERED,
        EventKind.UNIT_EVENT_SEEN,
        EventKind.SESSION_ENDED,
    )
    for event in outcome.record.events:
        if event.kind in kinds:
            print(f"{event.at_ms / 1000:9.3f} s  {event.kind.name.lower()}  {event.detail}")
    print(judged)
    return 1 if judged.verdict is Verdict.FALSE_STOP else 0


def main() -> int:
    """Run the requested part; returns 1 if a session was stopped without cause."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=COUNT)
    parser.add_argument("--shard", type=shard_of, default=(0, SHARDS), metavar="K/N")
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    if asked.seed is not None:
        return replay(asked.seed)
    shard, shards = asked.shard
    for number in [shard] if shard else range(1, shards + 1):
        run_shard(number, shards, asked.count)
    parts = kept_parts(asked.count, commit())
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(wrapped(page(parts)), encoding="utf-8")
    false = [j for part in parts for j in part.judged if j.verdict is Verdict.FALSE_STOP]
    print(f"{sum(len(part.judged) for part in parts)} sessions, {len(false)} false stops: {PAGE}")
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
