"""``traction run``: one session in real time."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RequestRefused
from controller.words import ADDRESS_CHARACTERS, check_text
from workstation.commands.options import Place, RecordsOptions, SessionOptions, grouped
from workstation.commands.session_end import run_to_its_end, screen_of, workplace_of

if TYPE_CHECKING:
    from controller.order.force_unit import ForceUnit
    from controller.ports import Clock, TractionUnit
    from firmware_bridge.line.line import Capture
    from records.clinic.visit_steps import VisitBegun
    from records.order.planned_order import PlannedOrder
    from workstation.session.operators import PersonAtTerminal, SessionOperator
    from workstation.session.session_script import SessionScript
    from workstation.session.treat import SessionResult
    from workstation.session.workplace import Workplace
    from workstation.terminal.screen import Screen


PORT_IN_USE = "a session of `traction run` uses the port; end it first"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedOptions:
    """The order of a session, and who answers its questions."""

    order: Annotated[
        Path | None, typer.Option("--order", help="Order file.", show_default=False)
    ] = None
    visit: Annotated[
        str, typer.Option("--visit", help="Id of a visit whose order was typed; `visit` prints it.")
    ] = ""
    yes: Annotated[bool, typer.Option("--yes", help="A script answers the questions.")] = False

    def read(self, place: Place) -> tuple[PlannedOrder, VisitBegun | None]:
        """Returns the planned order of the file, or of the visit with its steps.

        Raises RequestRefused where neither or both are named, and PrescriptionInvalid.
        """
        from records.clinic.visit_steps import prepared_visit
        from records.order.order_file import parse_entered_order, read_order
        from records.order.planned_order import PlannedOrder

        if (self.order is None) == (not self.visit):
            raise RequestRefused("say which order: --order FILE")
        if self.order is not None:
            return PlannedOrder.of(read_order(self.order)), None
        text, begun = prepared_visit(place.folder, self.visit)
        return PlannedOrder.of(parse_entered_order(text, "of this visit")), begun


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("run")(run)


@grouped
def run(
    unit: Annotated[
        str, typer.Argument(help="Address (modbus-tcp://host:5020?unit=1), or a unit's name.")
    ],
    *,
    ordered: OrderedOptions,
    records: RecordsOptions,
    script: Annotated[
        Path | None, typer.Option(help="Timed requests to make (TOML).", show_default=False)
    ] = None,
    session: SessionOptions,
) -> None:
    """Run one session in real time. Ctrl-C releases the patient and closes the record.

    At a terminal, lines such as "pause", "-5 N", "check NAME" or "help" steer the session.
    """
    from controller.runtime.clock import SystemClock
    from firmware_bridge.connect import unit_profile
    from workstation.session.capturing import captured
    from workstation.session.realtime import as_ordinary_work
    from workstation.session.signals import caught_signals
    from workstation.texts.plan_text import plan_text
    from workstation.texts.refusals import refusals_in

    check_text("UNIT", unit, ADDRESS_CHARACTERS)
    by, scripted = session.by, ordered.yes
    place = records.place.at_the_clinic()
    forces = place.settings.unit_of_force
    clock = SystemClock()
    with refusals_in(forces):
        unit = _address(place, unit)
        order, begun = ordered.read(place)
        steps = _steps(script, order, scripted=scripted)
        with (
            screen_of(place, clock, as_json=records.as_json) as screen,
            caught_signals() as signals,
        ):
            screen.message(plan_text(order.plan, forces))
            screen.settle()
            operator = _operator(screen, _person(screen, by, forces), steps, scripted=scripted)
            signals.hand_to(operator)
            workplace = workplace_of(place, clock, screen)
            with captured(session.capture, unit, unit_profile()[1], clock, screen.message) as heard:
                treating = _Treating(unit, order, workplace, operator, begun)
                status = treating.to_its_end(screen, heard)
            with as_ordinary_work(screen.message):
                _leave_checkpoints(place, screen)
    raise typer.Exit(status)


def _steps(script: Path | None, order: PlannedOrder, *, scripted: bool) -> SessionScript | None:
    """Returns the timed requests of a script; raises where nobody can answer the questions."""
    from workstation.session.operators import check_somebody_answers
    from workstation.session.session_script import read_script
    from workstation.terminal.typed_lines import is_terminal

    steps = read_script(script) if script else None
    check_somebody_answers(order.plan.order, scripted=scripted, terminal=is_terminal(sys.stdin))
    return steps


def _address(place: Place, unit: str) -> str:
    """Returns the address of the table of that name; anything else is taken as an address."""
    from records.standing.for_session import unit_called
    from records.standing.versions import read_standing

    called = unit_called(read_standing(place.folder), unit) if "://" not in unit else None
    return called.record.address if called else unit


def _person(screen: Screen, by: str, forces: ForceUnit) -> PersonAtTerminal | None:
    """Returns who types here; None without a terminal."""
    from workstation.session.operators import PersonAtTerminal
    from workstation.session.request_lines import help_text

    typed = screen.typed_lines()
    if typed is None:
        return None
    return PersonAtTerminal(
        read_line=typed.read_line, by=by, asking=screen.ask, help_words=help_text(forces)
    )


def _operator(
    screen: Screen, person: PersonAtTerminal | None, script: SessionScript | None, *, scripted: bool
) -> SessionOperator:
    from workstation.session.operators import SessionOperator

    return SessionOperator(
        scripted=scripted,
        show=screen.show,
        person=person,
        tell=screen.tell,
        script=script,
        notices=screen.notices,
    )


@dataclass(frozen=True, slots=True)
class _Treating:
    """A session that is about to be run; ``begun`` are the steps of its visit."""

    unit: str
    ordered: PlannedOrder
    workplace: Workplace
    operator: SessionOperator
    begun: VisitBegun | None

    def to_its_end(self, screen: Screen, capture: Capture | None) -> int:
        """Treat, and report how it ended; returns the exit status."""
        return run_to_its_end(
            lambda: self._treat(screen, capture),
            screen,
            not_free="release not seen: look at the patient, open the clutch",
        )

    def _treat(self, screen: Screen, capture: Capture | None) -> SessionResult:
        from firmware_bridge.connect import connect_unit
        from workstation.session.realtime import take_realtime_rights
        from workstation.session.treat import treat
        from workstation.session.workplace import Recording
        from workstation.station.kept_address import beside_a_station

        # Loading takes 0.1 s of processor, for which the loops of other units need not wait.
        screen.message(str(take_realtime_rights()))

        def connect(uri: str, clock: Clock) -> TractionUnit:
            return connect_unit(uri, clock, self.workplace.warn, capture)

        with beside_a_station(self.workplace.folder.path, self.unit, PORT_IN_USE):
            return treat(
                self.unit,
                self.ordered,
                workplace=self.workplace,
                operator=self.operator,
                connect=connect,
                recording=Recording(begun=self.begun),
            )


def _leave_checkpoints(place: Place, screen: Screen) -> None:
    """Copy checkpoints after the session: what this needs is not loaded while one is open."""
    from workstation.anchors import leave_checkpoints

    leave_checkpoints(place.settings, place.folder, screen.message)
