"""`make campaign-console-kills`: the console killed in a treatment, beside people at its pages.

    python -m tests.campaigns.console_kills [COUNT]

Writes docs/reports/console-kills.md; 1 when something is missed. Real-time figures need a machine
that does nothing else. A Chromium is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import expect, sync_playwright

from tests.campaigns.asked import ROOT, Asked, commit
from tests.campaigns.station_lab import STATIC, load
from tests.support.browsed_station import BrowsedStation, browsed_station
from tests.support.browser_touch import let_go, sit_down, treat
from tests.support.killed_console import (
    CLOCK,
    UNSEEN,
    Kill,
    drafts,
    kill_console,
    watch_turns,
)
from tests.support.real_time import PATIENCE_MS
from tests.support.system_browser import NO_BROWSER, system_browser
from tools.markdown import wrapped

KILLS, APART_S = 10, 31.0
"""Behind 30 s a console counts as healthy and is started again at once."""
SILENT_MS, LIVE_MS = 1200, 3000
PAGE = ROOT / "docs" / "reports" / "console-kills.md"
HEAD = (
    "# The console killed\n\nWritten by `make campaign-console-kills`. Do not edit by hand. "
    "`traction station` drives a simulated lumbar table. A browser shows the page of the table "
    "in a hold. In another window text is typed into a note and an order, half of it before each "
    "kill and half while the console is gone. The console gets `kill -9` at intervals of at "
    "least {apart:g} s. The live page is not touched. Times are those at which the page's words "
    "changed.\n\n"
)


def main() -> int:
    """Kill, print, and write the page; returns 1 if something is missed."""
    count = Asked.of("the console killed beside people at its pages", count=KILLS).count
    browser_path = system_browser()
    if browser_path is None:
        sys.stderr.write(f"{NO_BROWSER}\n")
        return 1
    before = load()
    with TemporaryDirectory() as made, browsed_station(Path(made)) as station:
        kills = list(_killed(station, browser_path, count))
    rows = verdicts(kills)
    PAGE.write_text(wrapped(page(kills, rows, f"{before} before, {load()} after")))
    for what, limit, measured, met in rows:
        if not met:
            print(f"missed: {what}: {measured} (limit {limit})")
    return 0 if all(met for *_, met in rows) else 1


def _killed(station: BrowsedStation, browser_path: str, count: int) -> Iterator[Kill]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        treating, writing = (browser.new_context(base_url=station.address) for _ in range(2))
        live = sit_down(treating)
        typed = drafts(writing, station.records)
        treat(live, station, STATIC.format(minutes=2 + round(count * (APART_S + 5) / 60)))
        watch_turns(live)
        for number in range(1, count + 1):
            CLOCK.sleep_until(CLOCK.now_s() + APART_S)
            killed = kill_console(station, live, typed, f"kill {number}")
            print(killed, flush=True)
            yield killed
        let_go(live)
        browser.close()


Row = tuple[str, str, str, bool]


def verdicts(kills: Sequence[Kill]) -> list[Row]:
    """Promise, limit, measured value, and whether it was met."""
    silent_ms = max(each.silent_after_ms for each in kills)
    live_ms = max(each.live_after_ms - each.started_after_ms for each in kills)
    stale = [each.shown for each in kills if each.shown != UNSEEN]
    lost = [draft for each in kills for draft in each.lost]
    return [
        (
            '"NO LIVE DATA" after the kill, or current figures before that, at most',
            f"{SILENT_MS} ms",
            f"{silent_ms} ms",
            silent_ms <= SILENT_MS,
        ),
        ("the force is no longer shown from then on", "each", _of(stale, kills), not stale),
        (
            "live again after the start of the next console, at most",
            f"{LIVE_MS} ms",
            f"{live_ms} ms",
            live_ms <= LIVE_MS,
        ),
        ("note and order contain everything that was typed", "each", _of(lost, kills), not lost),
    ]


def _of(faults: Sequence[str], kills: Sequence[Kill]) -> str:
    return f"{len(faults)} faults in {len(kills)} kills"


def page(kills: Sequence[Kill], rows: Sequence[Row], loads: str) -> str:
    """The report."""
    day = datetime.fromtimestamp(CLOCK.utc_ms() / 1000, UTC).date().isoformat()
    lines = [
        HEAD.format(apart=APART_S),
        f"{day}, commit {commit()}; load {loads}.\n\n",
        "| promise | limit | measured | |\n|---|---|---|---|\n",
        *(
            f"| {what} | {limit} | {measured} | {'met' if met else '**missed**'} |\n"
            for what, limit, measured, met in rows
        ),
        "\n| kill | silent after, ms | next console began after, ms | live after, ms "
        "| live after its start, ms |\n|--:|--:|--:|--:|--:|\n",
        *(
            f"| {number} | {each.silent_after_ms} | {each.started_after_ms} "
            f"| {each.live_after_ms} | {each.live_after_ms - each.started_after_ms} |\n"
            for number, each in enumerate(kills, 1)
        ),
    ]
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
