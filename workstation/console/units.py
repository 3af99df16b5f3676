"""A unit of the station as the console keeps it: its link, what is asked, and the last minute."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass
from typing import Final

from controller.ports import Clock
from controller.questions import Question
from controller.requests import SessionRequest
from controller.snapshot import Doing, Snapshot
from records.standing.kinds import UnitRecord
from workstation.session.workplace import FiledSession
from workstation.station.control_link import ControlLink, SentMessage
from workstation.station.messages import GivenAnswer, MadeRequest, Prepare, TraceOn
from workstation.station.place import ChannelPlace, is_held
from workstation.station.stop_desk import SHOWN_S
from workstation.station.stop_target import Press, SeenForce

CHART_S: Final = 60.0
POINTS_PER_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcePoint:
    """A moment of the chart: wall clock, force and ordered force in newtons, None where unknown."""

    utc_ms: int
    force_n: float | None
    target_n: float | None


class KeptUnit:
    """One per table. Its calls wait for nothing; its link's thread keeps the answers."""

    def __init__(
        self, table: UnitRecord, place: ChannelPlace, link: ControlLink, clock: Clock
    ) -> None:
        self.table = table
        self.link = link
        self.chart: deque[ForcePoint] = deque(maxlen=int(CHART_S * POINTS_PER_S))
        self._place = place
        self._clock = clock
        self._press: Press | None = None
        self._pressed_s = clock.now_s()
        self._charted = -1

    @property
    def name(self) -> str:
        """The clinic's name of the table."""
        return self.table.name

    @property
    def place(self) -> ChannelPlace:
        """Where its program listens, and keeps the bytes of its line."""
        return self._place

    @property
    def called(self) -> str:
        """The same, as a target of the stop desk."""
        return self.table.name

    @property
    def manual_release(self) -> str:
        """How people free a patient from it by hand, in the clinic's words."""
        return self.link.manual_release

    def tell(self, text: str) -> None:
        """Say something to whoever watches the unit."""
        self.link.tell(text)

    def force(self) -> SeenForce:
        """The force at present."""
        return self.link.force()

    def released(self) -> SeenForce | None:
        """Where the release was seen after the newest stop."""
        return self.link.released()

    @property
    def snapshot(self) -> Snapshot | None:
        """What was heard last, however old it is."""
        return self.link.snapshot

    @property
    def live(self) -> Snapshot | None:
        """What is heard at present; None where nothing is."""
        return self.link.snapshot if self.link.is_answering else None

    @property
    def session_id(self) -> str:
        """The session that is open by what was heard last; "" without one."""
        shown = self.link.snapshot
        return shown.session_id if shown is not None and shown.doing is not Doing.IDLE else ""

    @property
    def has_a_program(self) -> bool:
        """False when the process that drives it has ended; its lock is free then."""
        return is_held(self._place.lock)

    def keep_chart(self) -> None:
        """Add the newest moment to the chart, once."""
        shown = self.live
        if shown is not None and shown.number != self._charted:
            self._charted = shown.number
            point = ForcePoint(utc_ms=shown.utc_ms, force_n=shown.force_n, target_n=shown.target_n)
            self.chart.append(point)

    # --- what people ask ----------------------------------------------------------------------

    def order_stop(self, source: str) -> Press:
        """Order the release; as a target of the stop desk."""
        self._pressed_s = self._clock.now_s()
        self._press = self.link.order_stop(source)
        return self._press

    def newest_press(self) -> Press | None:
        """The newest press from this console, as long as pages speak of it."""
        return self._press if self.pressed_for_s() <= SHOWN_S else None

    def pressed_for_s(self) -> float:
        """How long ago the newest press was."""
        return self._clock.now_s() - self._pressed_s

    def prepare(self, filed: FiledSession, by: str) -> SentMessage:
        """Begin a session whose order is on file."""
        return self.link.ask(
            Prepare(
                id=new_id(),
                session_id=filed.session_id,
                patient_key=filed.patient_key,
                order_digest=filed.order_digest,
                by=by,
            )
        )

    def give(
        self, session_id: str, question: Question, *, accepted: bool, by: str, request_id: str
    ) -> SentMessage:
        """Answer a question of a session."""
        return self.link.ask(
            GivenAnswer(
                id=request_id, session_id=session_id, question=question, accepted=accepted, by=by
            )
        )

    def trace(self, by: str) -> SentMessage:
        """Have the bytes of its line kept for a while."""
        return self.link.ask(TraceOn(id=new_id(), by=by))

    def request(self, session_id: str, request: SessionRequest, request_id: str) -> SentMessage:
        """Ask for something in a session."""
        return self.link.ask(MadeRequest(id=request_id, session_id=session_id, request=request))


def new_id() -> str:
    """Of something that is asked; a page makes one for each of its forms."""
    return uuid.uuid4().hex
