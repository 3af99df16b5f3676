"""The console of ``console_bench`` served to a real browser, with a real stop door beside it.

The units stand still and show what a test sets: each priority of alarm, silence, an ended program.

    python -m tests.support.served_console DATA

serves one in a process of its own, with a treatment whose force moves.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from math import sin
from pathlib import Path
from typing import cast

import pytest
import uvicorn

from controller.runtime.clock import SystemClock
from controller.snapshot import Doing
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.console_bench import StandInLink
from tests.support.real_time import wait_until
from tests.support.sessions import SETTINGS
from tests.support.stops import free_port
from workstation.console.application import make_application
from workstation.console.live_pages import LivePages
from workstation.console.serving import make_site
from workstation.console.site import Site
from workstation.console.units import KeptUnit
from workstation.station.control_link import ControlLink
from workstation.station.place import ChannelPlace, Held, station_folder
from workstation.station.stop_door import DoorAddress, StopDoor

GIVEN_UP = "the console gave up"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedConsole:
    """Its address, and the stand-ins of its units by name."""

    address: str
    site: Site
    links: dict[str, StandInLink]
    log: list[str]


@contextmanager
def served_console(folder: RecordFolder) -> Iterator[ServedConsole]:
    """A console for the tables on file, whose programs appear to run."""
    clock, pages = SystemClock(), LivePages(SystemClock())
    settings = SETTINGS.model_copy(update={"console_port": free_port(), "stop_port": free_port()})
    station = station_folder(folder.path)
    links: dict[str, StandInLink] = {}
    kept, held = [], []
    for each in read_standing(folder).units:
        place = ChannelPlace(folder=station, called=each.record.name)
        link = links[each.record.name] = StandInLink(each.record.name)
        kept.append(KeptUnit(each.record, place, cast("ControlLink", link), clock))
        held.append(Held(place.lock, "taken"))  # as its program does while it lives
    log: list[str] = []
    site = make_site(folder, settings, kept, pages, clock=clock, report=log.append)
    address = DoorAddress(host="127.0.0.1", port=settings.stop_port)
    door = StopDoor([address], site.stop_desk, clock=clock, report=log.append)
    try:
        with closing(door), _serving(site, log) as at:
            yield ServedConsole(address=at, site=site, links=links, log=log)
        assert GIVEN_UP not in log, log
    finally:
        for lock in held:
            lock.release()


@contextmanager
def _serving(site: Site, log: list[str]) -> Iterator[str]:
    port = site.settings.console_port
    config = uvicorn.Config(
        make_application(site, log.append, lambda: log.append(GIVEN_UP)),
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, "the console")
        yield f"http://127.0.0.1:{port}"
    finally:
        site.pages.end_all()
        server.should_exit = True
        thread.join()


def silence(console: ServedConsole, patch: pytest.MonkeyPatch) -> None:
    """Send no more events; the streams stay open."""
    patch.setattr(console.site.pages, "show", lambda frame, unnamed: None)


def moving(served: ServedConsole, table: str, clock: SystemClock) -> None:
    """Show a treatment with a changing force, 20 times a second, while the process lives."""
    link, started_s = served.links[table], clock.now_s()
    at_s = started_s
    while True:
        at_s += 0.05
        clock.sleep_until(at_s)
        elapsed_s = at_s - started_s
        link.show(
            utc_ms=clock.utc_ms(),
            doing=Doing.SESSION,
            session_id="20261130T140000Z-aaaaaa",
            phase="holding",
            elapsed_s=elapsed_s,
            planned_s=900.0,
            target_n=102.3,
            force_n=101.0 + sin(elapsed_s),
            reading_age_s=0.01,
        )


def main(data: str) -> None:
    """Serve the clinic of a folder, with a treatment at its first table."""
    with served_console(RecordFolder(Path(data))) as served:
        print(served.address, flush=True)
        moving(served, next(iter(served.links)), SystemClock())


if __name__ == "__main__":
    main(*sys.argv[1:])
