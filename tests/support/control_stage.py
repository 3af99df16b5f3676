"""The process that keeps a unit, in virtual time: people react to what it shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from pathlib import Path

from controller.errors import TractionError
from controller.ports import Clock, TractionUnit
from controller.questions import Question
from controller.requests import EndEarly, SessionRequest
from controller.snapshot import Doing, Snapshot
from records.evidence.journal import open_session
from records.evidence.reader import SessionRecord, list_sessions, read_session
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.sessions import KEY, SETTINGS, SHORT_CERVICAL, Stage, fixed_key, staged
from tests.support.standing import example, keep
from tests.support.station_peers import PaperPeer
from workstation.session.filing import file_for_table
from workstation.session.opening import opening_of
from workstation.session.workplace import FiledSession, Workplace
from workstation.station.control_desk import ControlDesk
from workstation.station.control_process import ControlProcess, KeptTable
from workstation.station.messages import (
    VERSION,
    GivenAnswer,
    Heartbeat,
    Hello,
    Leave,
    MadeRequest,
    PeerRole,
    Prepare,
)

ADDRESS = "modbus-tcp://192.0.2.5:502?unit=1"
ASKER = "A. Example"
LONGEST_S = 900.0
LEFT_OPEN = "20261125T080000Z-0dead0"
Play = Callable[[Snapshot], None]


class PlayedDesk(ControlDesk):
    """A desk at which, for everything shown, a person reacts as the play says."""

    play: Play = staticmethod(lambda snapshot: None)
    shown: list[Snapshot]

    def show(self, snapshot: Snapshot) -> None:
        super().show(snapshot)
        if not hasattr(self, "shown"):
            self.shown = []
        newest = self._audience.newest
        assert newest is not None
        self.shown.append(newest)
        self.play(newest)


class ControlStage:
    """A unit, its process and its records; ``say`` connects, sends one message and disconnects."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.folder = stage.folder
        self.restart()
        self.heard: list[PaperPeer] = []
        self.logged: list[str] = []
        self.texts: list[str] = []
        self.unreachable: TractionError | None = None
        self._numbers = count(1)
        self._identifiers = replace(
            stage.identifiers, patient_key=lambda: f"{next(self._numbers):016x}"
        )
        self.unit_id = self._unit_id()
        fixed_key(self.folder)
        keep(self.folder, example("unit", address=ADDRESS, unit_id=self.unit_id))

    def restart(self) -> None:
        """Start a new process, which knows only what is on the disk. ``run`` begins its life."""
        self.desk = PlayedDesk("Table 1", self.stage.clock, lambda utc_ms: "14:01", Path)

    @property
    def workplace(self) -> Workplace:
        return Workplace(
            folder=self.folder,
            settings=SETTINGS,
            clock=self.stage.clock,
            warn=self.desk.tell,
        )

    def run(self, play: Play) -> None:
        """Run the process; it is asked to end when it takes too long."""
        until_s = self.stage.clock.now_s() + LONGEST_S

        def played(snapshot: Snapshot) -> None:
            if self.stage.clock.now_s() > until_s:
                raise AssertionError(f"nothing ended it; last was {snapshot}")
            play(snapshot)

        self.desk.play = played
        table = KeptTable(name="Table 1", address=ADDRESS)
        ControlProcess(table, self.workplace, self.desk, self._connect, self.logged.append).run()

    def say(self, *messages: object, role: PeerRole = PeerRole.CONSOLE) -> PaperPeer:
        peer = PaperPeer(Hello(version=VERSION, role=role), *messages)
        self.desk.serve(peer)
        self.heard.append(peer)
        return peer

    def new_id(self) -> str:
        return f"id-{next(self._numbers)}"

    def file(self, order: str = SHORT_CERVICAL) -> FiledSession:
        """File an order as a console does."""
        return file_for_table(
            self.workplace,
            PlannedOrder.of(parse_order(order, "test")),
            "Table 1",
            author=self.author(),
            identifiers=self._identifiers,
        )

    def leave_open(self) -> None:
        """Leave a session of the unit open, as a killed program does."""
        clock = self.stage.clock
        unit = self.stage.connect(ADDRESS, clock)
        planned = PlannedOrder.of(parse_order(SHORT_CERVICAL, "test"))
        opening = opening_of(LEFT_OPEN, ADDRESS, planned, unit, self.workplace, "00" * 8)
        unit.close()
        open_session(self.folder, opening, clock, key=KEY).abandon()

    def author(self) -> Author:
        """The person at the console, now."""
        clock = self.stage.clock
        return Author(by=ASKER, user="console", at_utc_ms=clock.utc_ms(), key=KEY)

    def today(self) -> date:
        """The clinic's day."""
        utc_ms = self.stage.clock.utc_ms()
        return datetime.fromtimestamp(utc_ms / 1000, SETTINGS.zone_at(utc_ms)).date()

    def prepare(self, filed: FiledSession, **changes: str) -> PaperPeer:
        asked = Prepare(
            id=self.new_id(),
            session_id=filed.session_id,
            patient_key=filed.patient_key,
            order_digest=filed.order_digest,
            by=ASKER,
        )
        return self.say(replace(asked, **changes))

    def answer(self, session_id: str, question: Question, *, yes: bool = True) -> PaperPeer:
        return self.say(
            GivenAnswer(
                id=self.new_id(),
                session_id=session_id,
                question=question,
                accepted=yes,
                by=ASKER,
            )
        )

    def request(self, session_id: str, request: SessionRequest) -> MadeRequest:
        """Ask for something in a session; returns the message that asked."""
        message = MadeRequest(id=self.new_id(), session_id=session_id, request=request)
        self.say(message)
        return message

    def leave(self) -> PaperPeer:
        return self.say(Leave(id=self.new_id(), by="the station ends"), role=PeerRole.STATION)

    @property
    def told(self) -> list[str]:
        """The latest messages."""
        return self.say().texts

    def _connect(self, uri: str, clock: Clock) -> TractionUnit:
        assert uri == ADDRESS
        if self.unreachable is not None:
            raise self.unreachable
        return self.stage.connect(uri, clock)

    def _unit_id(self) -> str:
        unit = self.stage.connect(ADDRESS, self.stage.clock)
        unit.close()
        return unit.identity.unit_id


class Attendant:
    """Begins one session, confirms every question, and then ends the process.

    ``sees`` is called with each snapshot of the session before that. ``ends_in`` is the phase in
    which the session is ended early, for tests that need nothing later.
    """

    def __init__(
        self, stage: ControlStage, sees: Play = lambda snapshot: None, *, ends_in: str = ""
    ) -> None:
        self._stage = stage
        self._sees = sees
        self._ends_in = ends_in
        self.filed: FiledSession | None = None
        self._answered: set[tuple[Question, str]] = set()
        self._has_run = False
        self._beat_at_s = stage.stage.clock.now_s()
        self.beats = True
        """False: the console no longer receives messages."""

    def __call__(self, snapshot: Snapshot) -> None:
        now_s = self._stage.stage.clock.now_s()
        if self.beats and now_s >= self._beat_at_s:
            self._beat_at_s = now_s + 1.0
            self._stage.say(Heartbeat(live_pages=1))
        if snapshot.doing is Doing.IDLE:
            if self.filed is None and not snapshot.message:
                self.filed = self._stage.file()
                self._stage.prepare(self.filed)
            elif self._has_run and not snapshot.message:
                self._stage.leave()
            return
        if snapshot.doing is Doing.BUSY or self.filed is None:
            return
        self._has_run = True
        self._sees(snapshot)
        if snapshot.phase == self._ends_in:
            self._ends_in = ""
            self._stage.request(snapshot.session_id, EndEarly(by=ASKER))
        for asked in snapshot.questions:
            if (asked.question, asked.text) not in self._answered:
                self._answered.add((asked.question, asked.text))
                self._stage.answer(self.filed.session_id, asked.question)


@contextmanager
def control_stage(folder: RecordFolder) -> Iterator[ControlStage]:
    """A process on a direct line to a simulated unit."""
    with staged(folder) as stage:
        yield ControlStage(stage)


def record_of(stage: ControlStage) -> SessionRecord:
    """Read the only session on file."""
    (found,) = list_sessions(stage.folder)
    return read_session(stage.folder, found.head.session_id)
