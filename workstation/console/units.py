"""A unit of the station as the console keeps it: its link, what is asked, and the last minute."""

from __future__ import annotations

import uuid
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.ports import Clock
from controller.questions import Question
from controller.requests import AdjustForce, CheckIn, EndEarly, SessionRequest, TakeOver
from controller.snapshot import Doing, SettledCheck, Snapshot
from records.standing.kinds import UnitRecord
from workstation.console.chart import UnitChart
from workstation.console.session_facts import SessionFacts
from workstation.session.workplace import FiledSession
from workstation.station.control_link import ControlLink, SentMessage
from workstation.station.messages import Followed, GivenAnswer, MadeRequest, Prepare, TraceOn
from workstation.station.place import ChannelPlace, is_held
from workstation.station.stop_desk import SHOWN_S
from workstation.station.stop_target import Press, SeenForce

KEPT_REQUESTS: Final = 256
"""So many are known again when they come twice."""
MARKED: Final[Mapping[type[SessionRequest], str]] = {
    AdjustForce: "force changed",
    CheckIn: "check-in",
    EndEarly: "end or stop",
    TakeOver: "taken over",
}
"""Requests that stand in the chart once they were followed; a pause marks itself by its phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    """The session that was open last, as it was heard last."""

    session_id: str
    phase: str
    reason: str
    left_s: float


class KeptUnit:
    """One per table. Its calls wait for nothing; its link's thread keeps the answers."""

    def __init__(
        self, table: UnitRecord, place: ChannelPlace, link: ControlLink, clock: Clock
    ) -> None:
        self.table = table
        self.link = link
        self.chart = UnitChart()
        self.facts: SessionFacts | None = None
        """Of the newest session that was read; kept by the console's reader."""
        self.last: EndedSession | None = None
        """The newest session that this console has heard of."""
        self._place = place
        self._clock = clock
        self._press: Press | None = None
        self._pressed_s = clock.now_s()
        self._prepared = ("", "")
        self._responsible = ("", "")
        self._asked: OrderedDict[str, SentMessage] = OrderedDict()
        self._unmarked: deque[tuple[str, SentMessage]] = deque(maxlen=KEPT_REQUESTS)

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

    @property
    def open_facts(self) -> SessionFacts | None:
        """The facts of the session that is open; None before they were read, and without one."""
        facts = self.facts
        return facts if facts is not None and facts.session_id == self.session_id else None

    @property
    def started_by(self) -> str:
        """Who asked for the session that is open; "" without one, and where it is not known."""
        session_id, by = self._prepared
        if session_id and session_id == self.session_id:
            return by
        return self.open_facts.opened_by if self.open_facts else ""

    @property
    def held_by(self) -> frozenset[str]:
        """Who asked for the session that is open, and who is responsible for it as heard last."""
        session_id, responsible = self._responsible
        is_open = bool(session_id) and session_id == self.session_id
        return frozenset({self.started_by, responsible if is_open else ""} - {""})

    @property
    def checks(self) -> list[SettledCheck]:
        """The self-check of the session that is open, or was last."""
        session_id = self.session_id or (self.last.session_id if self.last else "")
        said = [*self.link.checks]
        return [each.check for each in said if each.check and each.session_id == session_id]

    def keep(self) -> None:
        """Keep the newest moment for the chart, and what is known of a session to its end."""
        shown = self.live
        if shown is None:
            return
        self.chart.keep(shown)
        self._mark_followed()
        if shown.responsible:
            self._responsible = (shown.session_id, shown.responsible)
        if shown.doing is Doing.SESSION:
            self.last = EndedSession(
                session_id=shown.session_id,
                phase=shown.phase,
                reason=shown.message,
                left_s=shown.treatment_left_s,
            )

    def _mark_followed(self) -> None:
        """Put what was asked for and followed into the chart, once."""
        for _ in range(len(self._unmarked)):
            text, sent = self._unmarked.popleft()
            if sent.outcome is None:
                self._unmarked.append((text, sent))
            elif sent.outcome.result is Followed.FOLLOWED:
                self.chart.mark(sent.outcome.utc_ms, "request", text)

    # --- what people ask ----------------------------------------------------------------------

    def order_stop(self, source: str, press: str = "") -> Press:
        """Order the release; as a target of the stop desk."""
        self._pressed_s = self._clock.now_s()
        self._press = self.link.order_stop(source, press)
        return self._press

    def newest_press(self) -> Press | None:
        """The newest press from this console, as long as pages speak of it."""
        return self._press if self.pressed_for_s() <= SHOWN_S else None

    @property
    def stop_is_answered(self) -> bool:
        """Whether the unit's program has said what became of the newest press."""
        press = self.newest_press()
        return press is not None and press.answer() is not None

    def pressed_for_s(self) -> float:
        """Returns how long ago the newest press was."""
        return self._clock.now_s() - self._pressed_s

    def prepare(self, filed: FiledSession, by: str) -> SentMessage:
        """Begin a session whose order is on file; it is asked for under its own name, so once."""
        self._prepared = (filed.session_id, by)
        return self._once(
            Prepare(
                id=filed.session_id,
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
        given = GivenAnswer(
            id=request_id, session_id=session_id, question=question, accepted=accepted, by=by
        )
        return self._once(given)

    def trace(self, by: str) -> SentMessage:
        """Have the bytes of its line kept for a while."""
        return self.link.ask(TraceOn(id=new_id(), by=by))

    def request(self, session_id: str, request: SessionRequest, request_id: str) -> SentMessage:
        """Ask for something in a session; with an id that was here before, it is that request."""
        known = self.asked(request_id)
        sent = self._once(MadeRequest(id=request_id, session_id=session_id, request=request))
        if known is None and (text := MARKED.get(type(request))):
            self._unmarked.append((text, sent))
        return sent

    def asked(self, request_id: str) -> SentMessage | None:
        """Returns what was asked under an id; None where nothing was, or long ago."""
        return self._asked.get(request_id)

    def _once(self, message: Prepare | GivenAnswer | MadeRequest) -> SentMessage:
        known = self._asked.get(message.id)
        if known is None:
            known = self._asked[message.id] = self.link.ask(message)
            while len(self._asked) > KEPT_REQUESTS:
                self._asked.popitem(last=False)
        return known


def new_id() -> str:
    """Of something that is asked; a page makes one for each of its forms."""
    return uuid.uuid4().hex
