"""What the console costs, as ratios: its server against constant bytes, its chart against none.

    python -m tests.campaigns.console_figures

Processor time is that of the process's own clock; no wall clock.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Browser, CDPSession, sync_playwright

from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder
from tests.support.real_time import ROOT, processor_s
from tests.support.reception import open_clinic
from tests.support.system_browser import NO_BROWSER, system_browser

SECONDS, PAIRS, REQUESTS = 10.0, 5, 200
MANY, FEW = 11, 1
"""Streams: the difference is what ten pages cost."""
CHART_RATIO, SERVER_RATIO, PAGE_RATIO = 1.6, 1.5, 5.0
CLOCK = SystemClock()
CANVAS = re.compile(r"<canvas.*?</canvas>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server in a process of its own."""

    address: str
    process: int


def main() -> int:
    """Measure and print; returns 1 if a ratio is missed."""
    with TemporaryDirectory() as made, ExitStack() as stack:
        folder = RecordFolder(Path(made) / "data")
        folder.path.mkdir(mode=0o700)
        open_clinic(folder)
        console = stack.enter_context(_served("tests.support.served_console", str(folder.path)))
        frame_bytes, page_bytes = _sizes(console)
        constant = stack.enter_context(
            _served("tests.support.constant_server", str(frame_bytes), str(page_bytes))
        )
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        met = [
            _tell("server, for each page", SERVER_RATIO, [_streams(console, constant)]),
            _tell("a first page", PAGE_RATIO, [_pages(console, constant) for _ in range(PAIRS)]),
            _tell("main thread with the chart", CHART_RATIO, list(_charts(console))),
        ]
    return 0 if all(met) else 1


def _tell(what: str, limit: float, pairs: list[tuple[float, float]]) -> bool:
    ratio = median(ours / theirs for ours, theirs in pairs)
    ours, theirs = pairs[0]
    print(
        f"{what}: {ratio:.2f} times (limit {limit:g}); {ours * 1000:.2f} and {theirs * 1000:.2f} ms"
    )
    return ratio <= limit


def _sizes(console: Served) -> tuple[int, int]:
    page = httpx.get(console.address).content
    with httpx.stream("GET", f"{console.address}/events", timeout=30.0) as stream:
        received = b""
        for chunk in stream.iter_bytes():
            received += chunk
            if received.count(b"data: {") >= 2:
                break
    frame = received.rpartition(b"data: {")[0].partition(b"data: {")[2]
    return len(frame) + 8, len(page)


def _streams(console: Served, constant: Served) -> tuple[float, float]:
    """Processor seconds per second that a page costs, of the console and of the constant server."""
    ours, theirs = [], []
    for _ in range(PAIRS):
        ours.append(_of_a_page(console))
        theirs.append(_of_a_page(constant))
    return median(ours), median(theirs)


def _of_a_page(served: Served) -> float:
    many, few = _taken_with(served, MANY), _taken_with(served, FEW)
    return (many - few) / (MANY - FEW) / SECONDS


def _taken_with(served: Served, count: int) -> float:
    """Processor time with so many readers, each on its own browser connection."""
    readers = [
        subprocess.Popen(
            [
                "curl",
                "-s",
                "-N",
                "-H",
                f"Cookie: traction_browser=b{number}",
                f"{served.address}/events",
            ],
            stdout=subprocess.DEVNULL,
        )
        for number in range(count)
    ]
    try:
        CLOCK.sleep_until(CLOCK.now_s() + 1.0)
        before_s = processor_s(served.process)
        CLOCK.sleep_until(CLOCK.now_s() + SECONDS)
        return processor_s(served.process) - before_s
    finally:
        for each in readers:
            each.kill()
            each.wait()


def _pages(console: Served, constant: Served) -> tuple[float, float]:
    """Processor time of one page, of the console and of a constant page of its length."""
    return _of_a_request(console), _of_a_request(constant)


def _of_a_request(served: Served) -> float:
    with httpx.Client() as client:
        client.get(served.address)
        idle = _idle(served)
        before_s, started_s = processor_s(served.process), CLOCK.now_s()
        for _ in range(REQUESTS):
            client.get(served.address).raise_for_status()
        took_s = CLOCK.now_s() - started_s
        return (processor_s(served.process) - before_s - idle * took_s) / REQUESTS


def _idle(served: Served) -> float:
    """Processor time of a second without requests."""
    before_s = processor_s(served.process)
    CLOCK.sleep_until(CLOCK.now_s() + 3.0)
    return (processor_s(served.process) - before_s) / 3.0


def _charts(console: Served) -> Iterator[tuple[float, float]]:
    """Seconds of the main thread with the chart and without, measured in pairs."""
    browser_path = system_browser()
    if browser_path is None:
        raise SystemExit(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for _ in range(PAIRS):
            yield (
                _main_thread(browser, console, lambda text: text),
                _main_thread(browser, console, lambda text: CANVAS.sub("", text)),
            )
        browser.close()


def _main_thread(browser: Browser, console: Served, change: Callable[[str], str]) -> float:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    path = "/units/Table%201"

    def answer(route: object) -> None:
        response = route.fetch()  # type: ignore[attr-defined]
        route.fulfill(response=response, body=change(response.text()))  # type: ignore[attr-defined]

    page.route(f"**{path}", answer)
    page.goto(console.address + path)
    page.wait_for_timeout(2000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before_s = _tasks(session)
    page.wait_for_timeout(SECONDS * 1000)
    taken_s = _tasks(session) - before_s
    page.close()
    return taken_s


def _tasks(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


@contextmanager
def _served(module: str, *arguments: str) -> Iterator[Served]:
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(address=process.stdout.readline().strip(), process=process.pid)
        finally:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
