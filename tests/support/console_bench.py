"""The console in one process: its real application and real records, with simulated units at rest.

The links to the units' programs are stand-ins whose snapshots and outcomes a test sets. The browser
tests cover the real channels (``browsed_station``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from controller.ports import Clock
from controller.snapshot import Doing, Said, SettledCheck, Snapshot
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.sessions import SETTINGS
from tests.support.signed_in import PINS
from tests.support.stops import PressOnTable
from workstation.console.application import make_application
from workstation.console.browsers import BROWSER_COOKIE, TOKEN_HEADER
from workstation.console.live_pages import LivePages
from workstation.console.serving import make_site
from workstation.console.site import Site
from workstation.console.units import KeptUnit
from workstation.settings import Settings
from workstation.station.control_link import Asked, ControlLink, SentMessage
from workstation.station.messages import Followed, RequestOutcome
from workstation.station.place import ChannelPlace, station_folder
from workstation.station.stop_target import SeenForce, StopAnswer, StopResult

PERSON = "Pat Jones"
BROWSER = "0123456789abcdef"
"""The name by which the bench's browser is known."""
CONSOLE = f"http://127.0.0.1:{SETTINGS.console_port}"
IDLE = Snapshot(
    number=1,
    utc_ms=0,
    doing=Doing.IDLE,
    phase="idle",
    force_n=1.8,
    reading_age_s=0.0,
    sounds=True,
)


class StandInLink:
    """A connection whose other side a test controls."""

    def __init__(self, called: str) -> None:
        self.called = called
        self.manual_release = "Turn the red wheel."
        self.snapshot: Snapshot | None = IDLE
        self.is_answering, self.silent_s = True, 0.0
        self.said: deque[Said] = deque()
        self.checks: deque[Said] = deque()
        self.said_count = 0
        self.asked: list[Asked] = []
        self.presses: list[PressOnTable] = []
        self.told: list[str] = []
        self.follows: RequestOutcome | Followed | None = Followed.FOLLOWED
        """The reply to a message: an outcome, its result, or None for no answer."""
        self.stop_answer = StopAnswer(result=StopResult.NOTHING_OPEN, utc_ms=0, force_n=1.8)
        self.seen: SeenForce | None = None

    def show(self, **changes: Any) -> None:
        """Show the newest snapshot with these changes."""
        shown = self.snapshot or IDLE
        self.snapshot = replace(shown, number=shown.number + 1, **changes)

    def say(self, text: str) -> None:
        """Receive a message of the unit's program in the session that is shown."""
        self.said.append(self._said(text, None))

    def settle(self, check: SettledCheck) -> None:
        """Receive an item of the self-check."""
        self.checks.append(self._said(check.told, check))

    def _said(self, text: str, check: SettledCheck | None) -> Said:
        self.said_count += 1
        session_id = self.snapshot.session_id if self.snapshot else ""
        return Said(number=self.said_count, utc_ms=0, text=text, session_id=session_id, check=check)

    def ask(self, message: Asked) -> SentMessage:
        """Keep the message and answer as configured."""
        self.asked.append(message)
        sent = SentMessage(message, 0.0)
        if isinstance(self.follows, Followed):
            sent.outcome = RequestOutcome(
                id=message.id, result=self.follows, reason="", utc_ms=0, force_n=None
            )
        elif self.follows is not None:
            sent.outcome = replace(self.follows, id=message.id)
        return sent

    def order_stop(self, source: str, press: str = "") -> PressOnTable:
        """Keep the order to stop and answer as configured."""
        self.presses.append(PressOnTable(source, self.stop_answer, press))
        return self.presses[-1]

    def tell(self, text: str) -> None:
        """Keep the text."""
        self.told.append(text)

    def force(self) -> SeenForce:
        """The force of the newest snapshot."""
        shown = self.snapshot
        return SeenForce(utc_ms=0, force_n=shown.force_n if shown else None)

    def released(self) -> SeenForce | None:
        """Returns the configured value."""
        return self.seen

    def close(self) -> None:
        """Do nothing: no connection is open."""


class ConsoleBench:
    """A console over a clinic's records; ``client`` is the browser of somebody who sits there."""

    def __init__(self, site: Site, links: Mapping[str, StandInLink], clock: Clock) -> None:
        self.site, self.links, self.clock = site, links, clock
        self.log: list[str] = []
        self.client = TestClient(
            make_application(site, self.log.append, lambda: self.log.append("given up")),
            base_url=CONSOLE,
            client=("127.0.0.1", 50_000),
            follow_redirects=False,
        )
        self.client.headers["origin"] = CONSOLE
        self.client.cookies.set(BROWSER_COOKIE, BROWSER, domain="127.0.0.1", path="/")
        self.client.headers[TOKEN_HEADER] = site.tokens.token(_browser())

    def sign_in(self, account: str) -> None:
        """Sign in with the PIN of ``tests.support.signed_in``."""
        answer = self.client.post("/person", data={"account": account, "pin": PINS[account]})
        assert answer.status_code in (200, 303), answer.text

    def machine_at(self, address: str, base_url: str) -> TestClient:
        """A browser on another machine that has every cookie of the one at the console."""
        client = TestClient(
            self.client.app, base_url=base_url, client=(address, 50_000), follow_redirects=False
        )
        client.headers["origin"] = base_url
        client.headers[TOKEN_HEADER] = self.client.headers[TOKEN_HEADER]
        for cookie in self.client.cookies.jar:
            client.cookies.set(cookie.name, cookie.value or "")
        return client

    def sit_down(self, name: str = PERSON) -> None:
        """Set who sits at the console."""
        assert self.client.post("/person", data={"name": name}).status_code == 303

    def page(self, path: str) -> str:
        """Returns a page, which must load; it names pages where the program names commands."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        assert "`traction " not in answer.text
        return str(answer.text)

    def post(self, path: str, **fields: str) -> str:
        """Post an action that must succeed; returns the address of the redirect."""
        answer = self.client.post(path, data=fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])


def _browser() -> HTTPConnection:
    cookie = f"{BROWSER_COOKIE}={BROWSER}".encode()
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookie)]})


@contextmanager
def console_bench(
    folder: RecordFolder,
    clock: Clock,
    tables: Sequence[str] = (),
    settings: Settings = SETTINGS,
) -> Iterator[ConsoleBench]:
    """A console for the tables on file, or only for those named."""
    station = station_folder(folder.path)
    found = [each.record for each in read_standing(folder).units]
    links: dict[str, StandInLink] = {}
    kept = []
    for table in found:
        if not tables or table.name in tables:
            links[table.name] = StandInLink(table.name)
            place = ChannelPlace(folder=station, called=table.name)
            kept.append(KeptUnit(table, place, cast("ControlLink", links[table.name]), clock))
    log: list[str] = []
    site = make_site(folder, settings, kept, LivePages(clock), clock=clock, report=log.append)
    bench = ConsoleBench(site, links, clock)
    with bench.client:
        yield bench
