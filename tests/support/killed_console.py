"""Kills the console while people use it: what a page shows then, and what happens to typed text."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from inspect import unwrap
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page

from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder
from tests.support.browsed_station import BrowsedStation
from tests.support.browser_touch import sit_down
from tests.support.console_bench import console_bench
from tests.support.console_visits import at_the_order
from tests.support.notes import recorded
from tests.support.real_time import wait_until
from tests.support.reception import medicare_patient
from tests.support.standing import keep

CLOCK = SystemClock()
UNSEEN = "--"
LOOKS, LOOK_MS = 60, 500
NOTED = "killed1"
"""A session on file whose note is being written."""
ORDERED_FOR = "TEST-79"
"""A patient used by no other test: how the last treatment ended decides what a dose needs."""
FIELDS = ("Plan for next visit", "Symptoms today")
WATCH = """() => {
  const page = document.getElementById("unit-page");
  const silent = document.getElementById("no-live-data");
  const turns = window.turnsSeen = [];
  const figures = window.figuresSeen = [];
  let shown = "";
  const look = () => {
    const force = page.querySelector("#numbers [data-is=force]").textContent;
    const said = silent.hidden ? "" : silent.textContent;
    const state = said ? "silent" : force === "--" ? "unseen" : "live";
    if (state === "live" && force !== shown) figures.push(Date.now());
    shown = force;
    if (turns.at(-1)?.state !== state) turns.push({ state, force, said, utc_ms: Date.now() });
  };
  const how = { subtree: true, childList: true, attributes: true, attributeFilter: ["hidden"] };
  for (const each of [page, silent]) new MutationObserver(look).observe(each, how);
}"""
"""Records when a unit's page changes between figures and silence, as a person sees it, and when
its figures changed; those of a hold do so several times a second.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A field with text being typed; ``address`` is that of its page."""

    page: Page
    address: str
    field: Locator

    def is_kept(self, text: str) -> bool:
        """Returns True if another page at this address shows the text before the deadline."""
        for _ in range(LOOKS):
            if text in self.page.request.get(self.address).text():
                return True
            self.page.wait_for_timeout(LOOK_MS)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The outcome of one kill; times are milliseconds after it, ``lost`` are pages of drafts.

    ``silent_after_ms`` is when silence was reported (``said``), or how long the figures stood still
    if they came back before it had to be reported.
    """

    said: str
    shown: str
    silent_after_ms: int
    started_after_ms: int
    live_after_ms: int
    lost: tuple[str, ...]


def drafts(context: BrowserContext, records: RecordFolder) -> list[Draft]:
    """A note and an order, each opened by somebody who has given a name."""
    made = []
    for label, address in zip(FIELDS, _note_and_order(records), strict=True):
        page = sit_down(context, "/")
        page.goto(address)
        made.append(Draft(page=page, address=address, field=page.get_by_label(label)))
    return made


def _note_and_order(records: RecordFolder) -> tuple[str, str]:
    """The addresses of a note and of an order that are not yet written."""
    unwrap(recorded)(
        records, NOTED, reference="TEST-78"
    )  # a folder with open sockets cannot be copied
    keep(records, medicare_patient("2026-01-05", ORDERED_FOR))
    with console_bench(records, CLOCK) as bench:
        bench.sit_down()
        visit = at_the_order(bench, again=NOTED, reference=ORDERED_FOR)
    return f"/sessions/{NOTED}/note", f"{visit}/order"


def watch_turns(live: Page) -> None:
    """Start recording the changes of a unit's page."""
    live.evaluate(WATCH)


def kill_console(station: BrowsedStation, live: Page, typed: Sequence[Draft], name: str) -> Kill:
    """Kill the console while people type; nobody touches the live page until it is live again."""
    for draft in typed:
        draft.field.fill(f"{name}: the first half")
    process = station.console_process
    killed_ms = CLOCK.utc_ms()
    os.kill(process, signal.SIGKILL)
    for draft in typed:
        draft.field.fill(f"{name}: the first half, and the second")
    started_ms = _started_ms(station, process)
    seen = _seen_again(live, started_ms)
    return Kill(
        said=seen.said,
        shown=seen.force,
        silent_after_ms=seen.silent_ms - killed_ms if seen.said else seen.still_ms,
        started_after_ms=started_ms - killed_ms,
        live_after_ms=seen.live_ms - killed_ms,
        lost=tuple(
            draft.address
            for draft in typed
            if not draft.is_kept(f"{name}: the first half, and the second")
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A page from a kill to the figures of the next console; ``still_ms`` is its longest gap."""

    said: str
    force: str
    silent_ms: int
    live_ms: int
    still_ms: int


def _seen_again(live: Page, started_ms: int) -> _Seen:
    """Wait for silence, however short, and for figures again.

    The page records both, because occasional polling would miss one of them.
    """
    turns: list[dict[str, Any]] = []
    figures: list[int] = []

    def is_live_again() -> bool:
        turned, changed = live.evaluate("[turnsSeen.splice(0), figuresSeen.splice(0)]")
        turns.extend(turned)
        figures.extend(changed)
        is_live = not turns or turns[-1]["state"] == "live"
        return is_live and any(each > started_ms for each in figures)

    wait_until(is_live_again, "figures again")
    silent = next((each for each in turns if each["state"] == "silent"), None)
    again_ms = next(each for each in figures if each > started_ms)
    return _Seen(
        said=silent["said"] if silent else "",
        force=silent["force"] if silent else UNSEEN,
        silent_ms=silent["utc_ms"] if silent else again_ms,
        live_ms=turns[-1]["utc_ms"] if silent else again_ms,
        still_ms=max(after - before for before, after in pairwise(figures)),
    )


def _started_ms(station: BrowsedStation, before: int) -> int:
    """The start of the next console's process, as the system reports it (Linux)."""
    found: list[int] = []

    def is_there() -> bool:
        with suppress(OSError, ValueError):
            found[:] = [station.console_process]
        return bool(found) and found[0] != before

    wait_until(is_there, "the next console")
    fields = Path(f"/proc/{found[0]}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    began_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    up_s = float(Path("/proc/uptime").read_text(encoding="utf-8").split()[0])
    return CLOCK.utc_ms() - round((up_s - began_s) * 1000)
