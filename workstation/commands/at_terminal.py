"""One session in real time with whoever sits at the terminal: ``traction run`` and ``visit``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.errors import TractionError
from workstation.commands.options import Place
from workstation.commands.session_end import run_to_its_end, workplace_of

if TYPE_CHECKING:
    from controller.ports import Clock, TractionUnit
    from firmware_bridge.line.line import Capture
    from records.clinic.visit_steps import VisitBegun
    from records.order.order import PlannedOrder
    from workstation.session.operators import PersonAtTerminal, SessionOperator
    from workstation.session.session_script import SessionScript
    from workstation.session.treat import SessionResult
    from workstation.session.workplace import Workplace
    from workstation.terminal.screen import Screen

READER_ENDS_S = 5.0
"""The reader of a session's terminal looks five times a second whether it is still wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who sits here, and what else a session is run with.

    ``scripted``: a script answers what it may; ``begun`` are the steps of the visit.
    """

    by: str = ""
    scripted: bool = False
    script: SessionScript | None = None
    capture: Path | None = None
    as_json: bool = False
    begun: VisitBegun | None = None


@dataclass(slots=True)
class SessionHere:
    """What became of it: ``status`` is the exit status; "" and "refused" before it was open."""

    status: int = 0
    session_id: str = ""
    outcome: str = "refused"


def treat_at_terminal(unit: str, ordered: PlannedOrder, place: Place, seat: Seat) -> SessionHere:
    """Treat on the unit at an address, and say how it ended; raises TractionError before it opens.

    Ctrl-C and every other signal release the patient while this lasts.
    """
    from controller.runtime.clock import SystemClock
    from firmware_bridge.connect import unit_profile
    from workstation.session.capturing import captured
    from workstation.session.realtime import take_realtime_rights
    from workstation.session.signals import caught_signals
    from workstation.terminal.screen import Screen
    from workstation.texts.plan_text import plan_text

    clock = SystemClock()
    with Screen(clock, as_json=seat.as_json) as screen, caught_signals() as signals:
        screen.message(plan_text(ordered.plan))
        screen.message(str(take_realtime_rights()))
        screen.settle()
        operator = _operator(screen, _person(screen, seat.by), seat)
        signals.hand_to(operator)
        workplace = workplace_of(place, clock, screen)
        with captured(seat.capture, unit, unit_profile()[1], clock, screen.message) as heard:
            run = _Run(unit, ordered, workplace, operator, seat.begun)
            done = run.to_its_end(screen, heard)
        _leave_checkpoints(place, screen)
    if operator.is_read_here:
        operator.reader_ended.wait(READER_ENDS_S)
    return done


def _person(screen: Screen, by: str) -> PersonAtTerminal | None:
    """Who types here; None without a terminal."""
    from workstation.session.operators import PersonAtTerminal

    typed = screen.typed_lines()
    if typed is None:
        return None
    return PersonAtTerminal(read_line=typed.read_line, by=by, asking=screen.ask)


def _operator(screen: Screen, person: PersonAtTerminal | None, seat: Seat) -> SessionOperator:
    from workstation.session.operators import SessionOperator

    return SessionOperator(
        scripted=seat.scripted,
        show=screen.show,
        person=person,
        tell=screen.tell,
        script=seat.script,
        notices=screen.notices,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """A session that is about to be run."""

    unit: str
    ordered: PlannedOrder
    workplace: Workplace
    operator: SessionOperator
    begun: VisitBegun | None

    def to_its_end(self, screen: Screen, capture: Capture | None) -> SessionHere:
        """Run it, and say how it ended."""
        done = SessionHere()

        def session() -> SessionResult:
            try:
                result = self._treat(capture)
            except TractionError as error:
                done.session_id = error.session_id or ""
                raise
            done.session_id, done.outcome = result.session_id, result.ending.outcome
            return result

        done.status = run_to_its_end(
            session, screen, not_free="release not seen: look at the patient, open the clutch"
        )
        return done

    def _treat(self, capture: Capture | None) -> SessionResult:
        from firmware_bridge.connect import connect_unit
        from workstation.session.treat import treat
        from workstation.session.workplace import Recording

        def connect(uri: str, clock: Clock) -> TractionUnit:
            return connect_unit(uri, clock, self.workplace.warn, capture)

        return treat(
            self.unit,
            self.ordered,
            workplace=self.workplace,
            operator=self.operator,
            connect=connect,
            recording=Recording(begun=self.begun),
        )


def _leave_checkpoints(place: Place, screen: Screen) -> None:
    """Behind the session: what this needs is not loaded while one is open."""
    from workstation.anchors import leave_checkpoints

    leave_checkpoints(place.settings, place.folder, screen.message)
