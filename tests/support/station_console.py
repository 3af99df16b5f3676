"""A console without a page: it files an order, answers every question with yes, and looks on.

    python -m tests.support.station_console DATA TABLE [ORDER]

is one in a process of its own, which can be killed and hung. Without an order it takes over what
another one began.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from controller.errors import StationUnreachable
from controller.questions import Question
from controller.runtime.clock import SystemClock
from controller.snapshot import Doing, Said, Snapshot
from firmware_bridge.connect import connect_unit
from records.keys.signing import load_or_create_key
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.standing.write import NEW
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.real_time import PATIENCE_S, EndedEarly, wait_until
from tests.support.reception import medicare_patient, open_clinic
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from workstation.session.filing import file_for_table
from workstation.session.identifiers import random_identifiers
from workstation.session.workplace import FiledSession, Workplace
from workstation.station.channel import Peer, connect_to
from workstation.station.messages import (
    VERSION,
    Followed,
    GivenAnswer,
    Heartbeat,
    Hello,
    PeerRole,
    Prepare,
    RequestOutcome,
    encoded,
    from_control,
)
from workstation.station.place import ChannelPlace, is_held, station_folder

ORDER = """
patient_reference = "TEST-1"
region = "lumbar"
mode = "static"
hold_force = "30 N"
treatment_time = "1 min"
ramp_up = "10 N/s"
ramp_down = "20 N/s"
pretension_force = "0 N"
pretension_time = "0 s"
"""
CLOCK = SystemClock()


TABLE = "Table 1"


class Console:
    """Prepares a session, confirms every question, and waits."""

    def __init__(
        self, folder: RecordFolder, table: str = TABLE, order: str = ORDER, by: str = "A. Example"
    ) -> None:
        self.table = table
        self.order = order
        self.by = by
        self.folder = folder
        self.peer = _connected(ChannelPlace(folder=station_folder(folder.path), called=table))
        self.peer.send(Hello(version=VERSION, role=PeerRole.CONSOLE))
        self.filed: FiledSession | None = None
        self.newest: Snapshot | None = None
        self.said: list[str] = []
        self.outcomes: dict[str, RequestOutcome] = {}
        self._answered: set[tuple[Question, str]] = set()
        self._has_run = False
        self._asked_by = ""
        self._beat_at_s = 0.0
        self._name = token_hex(4)
        self._count = 0

    def prepare(self) -> None:
        """File the order and request its session."""
        self._answered.clear()
        self._has_run = False
        key = load_or_create_key(self.folder)
        author = Author(by=self.by, user="console", at_utc_ms=CLOCK.utc_ms(), key=key)
        self.filed = file_for_table(
            Workplace(folder=self.folder, settings=SETTINGS, clock=CLOCK),
            PlannedOrder.of(parse_order(self.order, "test")),
            self.table,
            author=author,
            identifiers=random_identifiers(),
        )
        self._asked_by = self._new_id("prepare")
        self.peer.send(
            Prepare(
                id=self._asked_by,
                session_id=self.filed.session_id,
                patient_key=self.filed.patient_key,
                order_digest=self.filed.order_digest,
                by=self.by,
            )
        )

    def _new_id(self, what: str) -> str:
        """An id that no two consoles share."""
        self._count += 1
        return f"{what}-{self._name}-{self._count}"

    def until(self, seen: Callable[[Snapshot], bool], what: str) -> Snapshot:
        """Answer and wait until a snapshot meets ``seen``."""
        deadline_s = CLOCK.now_s() + PATIENCE_S
        while CLOCK.now_s() < deadline_s:
            shown = self._hear()
            if shown is not None and seen(shown):
                return shown
            if shown is not None and is_idle(shown):
                self._check_goes_on(what)
        raise AssertionError(f"{what} did not come; {self.newest}; {self.said[-3:]}")

    def _check_goes_on(self, what: str) -> None:
        """Raise EndedEarly if the unit is idle, so that ``what`` cannot come any more."""
        asked = self.outcomes.get(self._asked_by)
        if asked is not None and asked.result is Followed.REFUSED:
            raise EndedEarly(f"the session did not begin: {asked.reason}")
        if self._has_run:
            raise EndedEarly(f"the session ended before {what}: {self.said[-3:]}")

    def look_on(self, seconds: float) -> None:
        """Answer and wait for a while."""
        until_s = CLOCK.now_s() + seconds
        while CLOCK.now_s() < until_s:
            self._hear()

    def _hear(self) -> Snapshot | None:
        if CLOCK.now_s() >= self._beat_at_s:
            self._beat_at_s = CLOCK.now_s() + 1.0
            self.peer.send(Heartbeat(live_pages=1))
        content = self.peer.receive(0.5)
        message = None if content is None else from_control(content)
        if isinstance(message, Said):
            self.said.append(message.text)
        elif isinstance(message, RequestOutcome):
            self.outcomes[message.id] = message
        if not isinstance(message, Snapshot):
            return None
        self.newest = message
        self._has_run |= message.doing is Doing.SESSION or self._is_asked_for(message)
        self._answer(message)
        return message

    def _is_asked_for(self, shown: Snapshot) -> bool:
        return self.filed is not None and shown.session_id == self.filed.session_id

    def _answer(self, shown: Snapshot) -> None:
        for asked in shown.questions:
            if (asked.question, asked.text) not in self._answered:
                self._answered.add((asked.question, asked.text))
                self.peer.send(
                    GivenAnswer(
                        id=self._new_id("answer"),
                        session_id=shown.session_id,
                        question=asked.question,
                        accepted=True,
                        by=self.by,
                    )
                )


def begin_and_hold(folder: RecordFolder) -> Console:
    """A console whose session has reached its hold; raises EndedEarly if it released before."""
    console = Console(folder)
    console.until(is_idle, "the idle unit")
    console.prepare()
    console.until(is_holding, "the hold")
    return console


def kill_program(folder: RecordFolder) -> None:
    """Send ``kill -9`` to the program of Table 1 if it runs; its parent cannot do that."""
    lock = ChannelPlace(folder=station_folder(folder.path), called="Table 1").lock
    if is_held(lock):
        os.kill(int(lock.read_text(encoding="ascii")), signal.SIGKILL)


def _connected(place: ChannelPlace) -> Peer:
    """Connect as soon as the table's program listens."""
    found: list[Peer] = []

    def answers() -> bool:
        with suppress(StationUnreachable):
            found.append(connect_to(place, encode=encoded))
        return bool(found)

    wait_until(answers, f"the program of {place.called}")
    return found[0]


def configured(folder: Path, *addresses: str) -> RecordFolder:
    """A clinic with these units as its tables: Table 1, Table 2 and so on."""
    folder.mkdir(mode=0o700, parents=True)
    records = RecordFolder(folder)
    open_clinic(records)
    for number, address in enumerate(addresses, 1):
        unit = connect_unit(address, CLOCK)
        unit.close()
        table = {"name": f"Table {number}", "address": address, "unit_id": unit.identity.unit_id}
        keep(records, example("unit", **table), made_from=1 if number == 1 else NEW)
    keep(records, medicare_patient("2026-01-05"))
    return records


def is_idle(shown: Snapshot) -> bool:
    return shown.doing is Doing.IDLE and not shown.message


def is_holding(shown: Snapshot) -> bool:
    return shown.phase == "holding"


def main(data: str, table: str, *order: str) -> None:
    """Live until the table's program ends or this one is killed."""
    console = Console(RecordFolder(Path(data)), table, *order)
    if order:
        console.prepare()
    with suppress(EOFError):
        while True:
            console.look_on(1.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
