"""The operator of a session without a terminal: people answer by messages.

Threads of connections put messages in; the thread that drives takes them at its tick. Neither waits
for the other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from controller.ports import Attendance
from controller.questions import Answer, Question
from controller.requests import AskedRequest, RequestSettled, Stop
from controller.snapshot import SettledCheck, Snapshot
from workstation.station.messages import Followed, GivenAnswer

REQUESTS_WAITING: Final = 50
"""With so many requests waiting no more are accepted."""
REQUESTS_AT_A_TIME: Final = 8
"""Most that one tick takes: a client that sends many must not make it late."""

Became = tuple[Followed, str]
"""The outcome of a request, and in words what it did or why it was refused."""


class Screens(Protocol):
    """Everybody who watches; no call waits."""

    def show(self, snapshot: Snapshot) -> None:
        """Show the present snapshot."""
        ...

    def tell(self, text: str) -> None:
        """Send a message that stays readable."""
        ...

    def tell_check(self, check: SettledCheck) -> None:
        """Send how an item of the self-check was settled."""
        ...

    def settle(self, request_id: str, result: Followed, reason: str = "") -> None:
        """Send the outcome to the sender of the request."""
        ...

    def attendance(self) -> Attendance:
        """Returns how long ago those who look after a session were heard."""
        ...


class RemoteOperator:
    """One per session. What it shows, sends and settles goes to ``screens`` and does not wait."""

    def __init__(self, session_id: str, begun_by: str, screens: Screens) -> None:
        self.scripted = False
        self.at_terminal = True  # the person who asked for the session can be asked
        self.session_id = session_id
        self.begun_by = begun_by
        self._screens = screens
        self._lock = threading.RLock()  # a signal handler may run while this thread holds it
        self._open: dict[Question, str] = {}
        self._answers: dict[Question, Answer] = {}
        self._requests: deque[AskedRequest] = deque()
        self._stop: Stop | None = None
        self._leaving: str | None = None

    # --- threads of connections ---------------------------------------------------------------

    def give(self, given: GivenAnswer) -> Became:
        """Take an answer; the first one counts, and only for an open question."""
        with self._lock:
            if given.question in self._open:
                del self._open[given.question]
                answer = Answer(accepted=given.accepted, answered_by=given.by)
                self._answers[given.question] = answer
                return Followed.FOLLOWED, ""
            first = self._answers.get(given.question)
        if first is None:
            return Followed.REFUSED, "the question is not open (any more)"
        word = "yes" if first.accepted else "no"
        return Followed.REFUSED, f"{first.answered_by} has answered it already with {word}"

    def put(self, asked: AskedRequest) -> Became | None:
        """Keep a request for the next tick; returns a refusal where too many wait."""
        with self._lock:
            if len(self._requests) >= REQUESTS_WAITING:
                return Followed.REFUSED, f"{REQUESTS_WAITING} requests wait already"
            self._requests.append(asked)
        return None

    def stop(self, by: str, *, fast: bool = False) -> Followed:
        """Release the patient; the first stop at the ordered rate unless it asks for more."""
        with self._lock:
            known = self._stop
            if known is None or (fast and not known.fast):
                self._stop = Stop(by=by, fast=fast)
        return Followed.ALREADY if known is not None else Followed.FOLLOWED

    def leave(self, by: str) -> None:
        """Release the patient, then end without asking anybody anything."""
        self.stop(by)
        self._leaving = by

    # --- the thread that drives ---------------------------------------------------------------

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        """Open a question; an earlier answer does not count for it."""
        with self._lock:
            self._answers.pop(question, None)
            self._open[question] = text
        self._screens.tell(text)

    def withdraw(self, question: Question) -> None:
        """Take a question back: a later answer is refused."""
        with self._lock:
            self._open.pop(question, None)
            self._answers.pop(question, None)

    def answer(self, question: Question) -> Answer | None:
        """Returns the answer once it is there."""
        return self._answers.get(question)

    def stop_requested(self) -> Stop | None:
        """Returns the strongest stop so far, or None."""
        return self._stop

    def leave_requested(self) -> str | None:
        """Returns who or what wants the process to end, or None."""
        return self._leaving

    def requests(self) -> Sequence[AskedRequest]:
        """Returns the oldest requests, a few at a time."""
        with self._lock:
            count = min(len(self._requests), REQUESTS_AT_A_TIME)
            return [self._requests.popleft() for _ in range(count)]

    def settle(self, request_id: str, outcome: RequestSettled) -> None:
        """Send the outcome to the sender of the request."""
        result = Followed.FOLLOWED if outcome.followed else Followed.REFUSED
        self._screens.settle(request_id, result, outcome.text)

    def attendance(self) -> Attendance:
        """Returns how long ago those who look after the session were heard."""
        return self._screens.attendance()

    def tell(self, text: str) -> None:
        """Send it to everybody who watches."""
        self._screens.tell(text)

    def tell_check(self, check: SettledCheck) -> None:
        """Send it to everybody who watches."""
        self._screens.tell_check(check)

    def show(self, snapshot: Snapshot) -> None:
        """Show it to everybody who watches."""
        self._screens.show(snapshot)
