"""Answers the questions of a session: a person at the terminal, or ``--yes`` where it may.

An operator is polled by the loop and never makes it wait: a thread reads the terminal.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from controller.errors import AnswerMissing, RequestRefused
from controller.order.force_unit import ForceUnit
from controller.order.prescription import Prescription
from controller.ports import NOBODY_WATCHES, Attendance
from controller.questions import Answer, Question
from controller.requests import (
    AcknowledgeAlarms,
    AlarmOnScreen,
    AskedRequest,
    Remark,
    RequestSettled,
    SessionRequest,
    Stop,
    TakeOver,
)
from controller.snapshot import SettledCheck, Snapshot
from controller.start.before_start import needs_person, questions_before_start
from workstation.login import login_name
from workstation.session.request_lines import help_text, parse_request
from workstation.session.session_script import SessionScript

SCRIPT = "script (--yes)"

ONLY_YES = frozenset({Question.END_ACKNOWLEDGED})
"""Questions that can only be answered with yes; they wait for it."""

PROGRAM = "traction run"
"""The author of remarks about the workstation itself: a failed display, a closed terminal."""

STOP = "stop"
"""The line that releases the patient."""
LINES_AT_A_TIME = 8
"""Most lines that one poll takes: a pasted page must not make a tick late."""
LINES_WAITING = 50
"""With so many lines waiting no more are read; they stay in the terminal."""
ROOM_EVERY_S = 0.1

ReadLine = Callable[[], str]
"""Waits for a line; raises RequestRefused for an invalid one, EOFError at the end."""
Show = Callable[[Snapshot], None]
Tell = Callable[[str], None]
Notices = Callable[[], Sequence[str]]
"""New troubles of the display, or their end, in words."""


def _say_nothing(text: str) -> None:
    """For sessions without a listener; all messages are in the journal as well."""


def _nothing_to_report() -> Sequence[str]:
    """For sessions whose display cannot fail."""
    return ()


def certain_questions(order: Prescription) -> list[Question]:
    """Returns the questions that every session with this order asks, in the order of asking."""
    asked = [
        *questions_before_start(order),
        Question.PATIENT_AND_ORDER,
        Question.START_TRACTION,
    ]
    if order.pretension_force_n or order.pretension_s:
        asked.append(Question.PRETENSION_LOOKS_RIGHT)
    return [*asked, Question.END_ACKNOWLEDGED]


def in_words(questions: Iterable[Question]) -> str:
    """Returns the question by name: "lift locked, call bell in hand"."""
    return ", ".join(question.value.replace("_", " ") for question in questions)


def possible_questions(order: Prescription) -> list[Question]:
    """Returns every question that a session with this order may ask: certain ones first."""
    certain = certain_questions(order)
    others = {Question.LONG_TREATMENT, Question.FORCE_ABOVE_SOFT_LIMIT, Question.TABLE_MOVES_FREELY}
    others |= {Question.PRETENSION_LOOKS_RIGHT, *certain}
    return [*certain, *(question for question in Question if question not in others)]


def check_somebody_answers(
    order: Prescription, *, scripted: bool, terminal: bool, verified: bool = False
) -> None:
    """Refuse before anything is opened when nobody could answer; raises AnswerMissing.

    ``verified`` tells whether the unit's profile is verified; before the unit is known it counts as
    not.
    """
    if terminal:
        return
    missing = possible_questions(order)
    if scripted:
        missing = [q for q in certain_questions(order) if needs_person(q, verified=verified)]
    if missing:
        names = in_words(missing)
        way_out = "answer at a terminal" if scripted else "answer at a terminal or give --yes"
        raise AnswerMissing(f"nobody is there to answer: {names}; {way_out}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAtTerminal:
    """Who types: ``by`` is the name (default: that of the login), ``read_line`` returns the lines.

    ``asking`` gets the question to be answered next, or None. ``help_words`` lists what can be
    typed.
    """

    read_line: ReadLine
    by: str = ""
    asking: Tell = _say_nothing
    help_words: str = help_text(ForceUnit.NEWTON)


class SessionOperator:
    """Answers by script where that is allowed, otherwise by the person at the terminal.

    One thread reads lines: "y" and "n" answer the oldest question, everything else is a request.
    ``script`` makes requests automatically at its times. What ``notices`` reports becomes a remark
    of the program in the record.

    ``show`` and ``tell`` are called by the loop's thread and must not wait: a real display puts
    things into its mailbox (``workstation.terminal.display``).
    """

    def __init__(
        self,
        *,
        scripted: bool,
        show: Show,
        person: PersonAtTerminal | None = None,
        tell: Tell = _say_nothing,
        script: SessionScript | None = None,
        notices: Notices = _nothing_to_report,
    ) -> None:
        self.scripted = scripted
        self._show = show
        self._is_read = person is not None
        self.begun_by = self._by = (person.by if person else "") or login_name()
        self._tell = tell
        self._asking = person.asking if person else _say_nothing
        self._help_words = person.help_words if person else ""
        self._script = script or SessionScript()
        self._answers: dict[Question, Answer] = {}
        self._open: dict[Question, str] = {}
        self._notices = notices
        self._lines: queue.SimpleQueue[str | RequestRefused | None] = queue.SimpleQueue()
        self._room = threading.Event()
        self._reminders: deque[str] = deque()
        self._requests: list[SessionRequest] = []
        self._since_start_s: float | None = None
        self._alarms: tuple[AlarmOnScreen, ...] = ()
        self._ids = itertools.count(1)
        self._stop: Stop | None = None
        self._leaving: str | None = None
        self.reader_ended = threading.Event()
        if person is not None:
            lines = (person.read_line,)
            threading.Thread(target=self._read_lines, args=lines, daemon=True).start()

    @property
    def at_terminal(self) -> bool:
        """Returns True while somebody at a terminal can be asked."""
        return self._is_read

    def ask(self, question: Question, text: str, *, person_only: bool) -> None:
        """Ask the question; the answer comes through ``answer``.

        Lines typed earlier answer earlier questions, or nothing: no yes typed in advance can start
        a pull.
        """
        self._answers.pop(question, None)
        for _ in range(LINES_WAITING):
            self._take_lines()
        if self.scripted and not person_only:
            self._answers[question] = Answer(accepted=True, answered_by=SCRIPT)
        elif self._is_read:
            choices = "[y]" if question in ONLY_YES else "[y/n]"
            self._open[question] = f"{choices} {text}"
            self._tell(f"{text} {choices}")
            self._asking(next(iter(self._open.values())))
        else:
            self._answers[question] = Answer(accepted=False, answered_by="nobody at the terminal")

    def answer(self, question: Question) -> Answer | None:
        """Returns the answer once it is there."""
        self._take_lines()
        return self._answers.get(question)

    def withdraw(self, question: Question) -> None:
        """Withdraw the question; a late answer does not count."""
        self._answers.pop(question, None)
        if (text := self._open.pop(question, "")) != "":
            self._tell(f"no answer is needed any more: {text}")
            self._asking(next(iter(self._open.values()), ""))

    def requests(self) -> list[AskedRequest]:
        """Returns what was typed or is due by the script since the last call."""
        self._take_lines()
        while self._reminders:
            self._tell(self._reminders.popleft())
        self._requests += [Remark(by=PROGRAM, text=notice) for notice in self._notices()]
        due = [self._by_script(request) for request in self._script.due(self._since_start_s)]
        taken, self._requests = [*self._requests, *due], []
        return [AskedRequest(id=f"line {next(self._ids)}", request=request) for request in taken]

    def _by_script(self, request: SessionRequest) -> SessionRequest:
        """Make the script's request; when due it acknowledges what is on the screen."""
        self._know_who_types(request)
        if isinstance(request, AcknowledgeAlarms):
            return replace(request, alarms=self._alarms)
        return request

    def settle(self, request_id: str, outcome: RequestSettled) -> None:
        """Do nothing: at a terminal every outcome is printed in words."""

    def stop(self, by: str) -> None:
        """Ask the loop for a release; safe in a signal handler.

        The first stop releases at the ordered rate, every further one as fast as the unit can.
        """
        self._stop = Stop(by=by, fast=self._stop is not None)

    def leave(self, by: str) -> None:
        """Ask for a release and the end of the program; safe in a signal handler."""
        self.stop(by)
        self._leaving = by

    def remind(self, text: str) -> None:
        """Print it in the next tick; safe in a signal handler."""
        self._reminders.append(text)

    def stop_requested(self) -> Stop | None:
        """Returns the strongest stop so far, or None."""
        return self._stop

    def leave_requested(self) -> str | None:
        """Returns who or what wants the program to end, or None."""
        return self._leaving

    def attendance(self) -> Attendance:
        """Returns neither console nor page: the person who answers sits at the terminal."""
        return NOBODY_WATCHES

    def tell(self, text: str) -> None:
        """Print it on a line of its own."""
        self._tell(text)

    def tell_check(self, check: SettledCheck) -> None:
        """Print it on a line of its own."""
        self._tell(check.told)

    def show(self, snapshot: Snapshot) -> None:
        """Pass the tick's figures to the display."""
        self._since_start_s = snapshot.since_start_s
        self._alarms = snapshot.alarms_on_screen
        self._show(snapshot)

    # --- lines of the terminal ----------------------------------------------------------------

    def _read_lines(self, read_line: ReadLine) -> None:
        """Run the reader thread, which passes lines on; None says that there will be no more.

        A stop does not wait for other lines.
        """
        try:
            while True:
                line = _line_or_refusal(read_line)
                if isinstance(line, str) and line.strip().lower() == STOP:
                    self.stop(self._by)
                else:
                    self._lines.put(line)
                while self._lines.qsize() >= LINES_WAITING:
                    self._room.wait(ROOM_EVERY_S)
        except EOFError:
            pass
        except Exception as error:
            name = type(error).__name__
            self._lines.put(RequestRefused(f"the terminal cannot be read any more ({name})"))
        finally:
            self._lines.put(None)
            self.reader_ended.set()

    def _take_lines(self) -> None:
        for _ in range(min(self._lines.qsize(), LINES_AT_A_TIME)):
            line = self._lines.get()
            if line is None:
                self._close_terminal()
            elif isinstance(line, RequestRefused):
                self._refuse(line)
            elif line.strip():
                self._take(line.strip())

    def _take(self, line: str) -> None:
        word = line.lower()
        if self._open and word in ("y", "yes", "n", "no"):
            self._answer_oldest(accepted=word.startswith("y"))
        elif word == "help":
            self._tell(self._help_words)
        else:
            try:
                request = parse_request(line, self._by, self._alarms)
            except RequestRefused as refusal:
                self._refuse(refusal)
            else:
                self._requests.append(request)
                self._know_who_types(request)

    def _know_who_types(self, request: SessionRequest) -> None:
        """Note who takes over and types from now on."""
        if isinstance(request, TakeOver):
            self._by = request.by

    def _answer_oldest(self, *, accepted: bool) -> None:
        question = next(iter(self._open))
        if question in ONLY_YES and not accepted:
            self._tell(f'"n" confirms nothing; answer y once it is so: {self._open[question]}')
            return
        del self._open[question]
        self._answers[question] = Answer(accepted=accepted, answered_by=self._by)
        self._asking(next(iter(self._open.values()), ""))

    def _refuse(self, refusal: RequestRefused) -> None:
        first = "answer the question with y or n; " if self._open else ""
        self._tell(f"{first}{refusal.message}")

    def _close_terminal(self) -> None:
        """Answer every open and future question with no: the person at the terminal has gone."""
        self._is_read = False
        self._requests.append(Remark(by=PROGRAM, text="the terminal closed: nobody can type"))
        for question in self._open:
            self._answers[question] = Answer(accepted=False, answered_by="terminal closed")
        self._open = {}
        self._asking("")


def _line_or_refusal(read_line: ReadLine) -> str | RequestRefused:
    try:
        return read_line()
    except RequestRefused as refusal:
        return refusal
