"""A unit of the station as the console keeps it: its link, its requests, and the last minute."""

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
"""So many ids are recognized when they come twice."""
MARKED: Final[Mapping[type[SessionRequest], str]] = {
    AdjustForce: "force changed",
    CheckIn: "check-in",
    EndEarly: "end or stop",
    TakeOver: "taken over",
}
"""Requests that the chart shows once they were followed; a pause shows by its phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    """The session that was open last, as last received."""

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
        """Of the newest session that was read; set by the console's reader."""
        self.last: EndedSession | None = None
        """The newest session that this console has received."""
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
        """Returns the clinic's name of the table."""
        return self.table.name

    @property
    def place(self) -> ChannelPlace:
        """Returns where its program listens, and keeps the bytes of its line."""
        return self._place

    @property
    def called(self) -> str:
        """Returns the same, as a target of the stop desk."""
        return self.table.name

    @property
    def manual_release(self) -> str:
        """Returns how people free a patient from it by hand, in the clinic's words."""
        return self.link.manual_release

    def tell(self, text: str) -> None:
        """Send a message to everybody who watches the unit."""
        self.link.tell(text)

    def force(self) -> SeenForce:
        """Returns the present force."""
        return self.link.force()

    def released(self) -> SeenForce | None:
        """Returns where the release was seen after the newest stop."""
        return self.link.released()

    @property
    def snapshot(self) -> Snapshot | None:
        """Returns the last snapshot, however old it is."""
        return self.link.snapshot

    @property
    def live(self) -> Snapshot | None:
        """Returns the present snapshot; None where there is none."""
        return self.link.snapshot if self.link.is_answering else None

    @property
    def session_id(self) -> str:
        """Returns the session that is open by the last snapshot; "" without one."""
        shown = self.link.snapshot
        return shown.session_id if shown is not None and shown.doing is not Doing.IDLE else ""

    @property
    def has_a_program(self) -> bool:
        """False when the process that drives it has ended; its lock is free then."""
        return is_held(self._place.lock)

    @property
    def open_facts(self) -> SessionFacts | None:
        """Returns the facts of the open session; None before they were read, and without one."""
        facts = self.facts
        return facts if facts is not None and facts.session_id == self.session_id else None

    @property
    def started_by(self) -> str:
        """Returns who asked for the open session; "" without one, and where it is not known."""
        session_id, by = self._prepared
        if session_id and session_id == self.session_id:
            return by
        return self.open_facts.opened_by if self.open_facts else ""

    @property
    def held_by(self) -> frozenset[str]:
        """Returns who asked for the open session, and who is responsible for it now."""
        session_id, responsible = self._responsible
        is_open = bool(session_id) and session_id == self.session_id
        return frozenset({self.started_by, responsible if is_open else ""} - {""})

    @property
    def checks(self) -> list[SettledCheck]:
        """Returns the self-check of the session that is open, or was last."""
        session_id = self.session_id or (self.last.session_id if self.last else "")
        said = [*self.link.checks]
        return [each.check for each in said if each.check and each.session_id == session_id]

    def keep(self) -> None:
        """Keep the newest moment for the chart, and what is known of a session until its end."""
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
        """Put each request that was followed into the chart, once."""
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
        """Returns the newest press from this console, while pages still mention it."""
        return self._press if self.pressed_for_s() <= SHOWN_S else None

    @property
    def stop_is_answered(self) -> bool:
        """Returns whether the unit's program has reported what became of the newest press."""
        press = self.newest_press()
        return press is not None and press.answer() is not None

    def pressed_for_s(self) -> float:
        """Returns how long ago the newest press was."""
        return self._clock.now_s() - self._pressed_s

    def prepare(self, filed: FiledSession, by: str) -> SentMessage:
        """Begin a session whose order is on file; its own id is the request, so it begins once."""
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
        """Have the bytes of its line captured for a while."""
        return self.link.ask(TraceOn(id=new_id(), by=by))

    def request(self, session_id: str, request: SessionRequest, request_id: str) -> SentMessage:
        """Make a request in a session; an id that was used before is that earlier request."""
        known = self.asked(request_id)
        sent = self._once(MadeRequest(id=request_id, session_id=session_id, request=request))
        if known is None and (text := MARKED.get(type(request))):
            self._unmarked.append((text, sent))
        return sent

    def asked(self, request_id: str) -> SentMessage | None:
        """Returns what was requested under an id; None for an unknown or an old one."""
        return self._asked.get(request_id)

    def _once(self, message: Prepare | GivenAnswer | MadeRequest) -> SentMessage:
        known = self._asked.get(message.id)
        if known is None:
            known = self._asked[message.id] = self.link.ask(message)
            while len(self._asked) > KEPT_REQUESTS:
                self._asked.popitem(last=False)
        return known


def new_id() -> str:
    """Returns an id of a request; a page makes one for each of its forms."""
    return uuid.uuid4().hex
