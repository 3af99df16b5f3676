"""The command ``traction``. Exit status: 0 done, 2 wrong order or usage, 3 refused, 4 the record
cannot be kept or was altered, 5 the session ended early.

What a command needs is imported inside of it: `--help` and a wrong option answer at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import (
    AddressInvalid,
    AnswerMissing,
    JournalError,
    PrescriptionInvalid,
    ProfileInvalid,
    ProgramFailed,
    RecordNotFound,
    RequestRefused,
    TractionError,
    UnitNotVerified,
)
from controller.events import Outcome
from controller.order.prescription import Region
from controller.words import ADDRESS_CHARACTERS, check_name, check_text, fault_of, one_line
from workstation.commands import backup as commands_backup
from workstation.commands import billing as commands_billing
from workstation.commands import evidence as commands_evidence
from workstation.commands import export as commands_export
from workstation.commands import keys as commands_keys
from workstation.commands import note as commands_note
from workstation.commands import order as commands_order
from workstation.commands import retention as commands_retention
from workstation.commands import sessions as commands_sessions
from workstation.commands import unit_files as commands_quarantine
from workstation.output import say, say_json_text, say_text

if TYPE_CHECKING:
    from controller.ports import Clock
    from records.order.order import Order
    from workstation.session.operators import SessionOperator
    from workstation.session.treat import SessionResult
    from workstation.settings import Settings
    from workstation.terminal.screen import Screen

COMPLETED, WRONG, REFUSED, RECORD_BAD, ENDED_EARLY = 0, 2, 3, 4, 5
NOT_A_DEVICE = "An engineering system, not a cleared medical device."

app = typer.Typer(
    help=f"Drives a traction unit, keeps the evidence, writes note and charge line. {NOT_A_DEVICE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
order_app = typer.Typer(help="Order files.", no_args_is_help=True)
app.add_typer(order_app, name="order")
commands_order.register(order_app)
commands_backup.register(app)
commands_billing.register(app)
commands_export.register(app)
commands_keys.register(app)
commands_evidence.register(app)
commands_note.register(app)
commands_quarantine.register(app)
commands_retention.register(app)
commands_sessions.register(app)

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder where records live.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


class PatientName(StrEnum):
    """Simulated patients."""

    PRESSES = "press-test"
    PASSIVE = "passive"


class Wire(StrEnum):
    """How a simulated unit is served."""

    TCP = "tcp"
    RTU = "rtu"


def main() -> None:
    """Entry point; the command line's door: no traceback reaches a user."""
    _open_closed_streams()
    try:
        _check_arguments(sys.argv[1:])
        app()
    except TractionError as error:
        _end_with(one_line(f"traction: {error}"), exit_status(error))
    except Exception as error:
        _end_with(
            one_line(
                f"traction: this should not have happened ({type(error).__name__}: {error}); "
                "please report it with what you did"
            ),
            1,
        )


def _end_with(text: str, status: int) -> None:
    """End whether or not the terminal takes the text."""
    from controller.runtime.clock import SystemClock
    from workstation.terminal.screen import last_words

    last_words(text, SystemClock().now_s)
    sys.exit(status)


def _open_closed_streams() -> None:
    """A file or socket that is opened later must not become the standard output of messages."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _check_arguments(arguments: Sequence[str]) -> None:
    """What hides or steers, and bytes that are no text, are refused before anything reads them."""
    for number, (before, argument) in enumerate(pairwise(["", *arguments]), start=1):
        if fault := fault_of(argument, len(argument)):
            name = next((a.partition("=")[0] for a in (argument, before) if a.startswith("--")), "")
            name = name if name.isprintable() and name else f"argument {number}"
            raise RequestRefused(f"{name} {fault}")


def exit_status(error: TractionError, *, session_opened: bool = False) -> int:
    """The exit status of an error; once a session is open, a refusal is 3 whatever its kind."""
    if isinstance(error, RecordNotFound):
        return WRONG
    if isinstance(error, JournalError):
        return RECORD_BAD
    if isinstance(error, ProgramFailed):
        return ENDED_EARLY
    usage = (PrescriptionInvalid, AddressInvalid, AnswerMissing, ProfileInvalid)
    plain_refusal = isinstance(error, RequestRefused) and not isinstance(error, UnitNotVerified)
    if not session_opened and (isinstance(error, usage) or plain_refusal):
        return WRONG
    return REFUSED


@dataclass(frozen=True, slots=True)
class _Place:
    settings: Settings
    data_dir: Path


def _place(data: Path | None) -> _Place:
    from workstation.settings import load_settings

    settings = load_settings()
    return _Place(settings, data or settings.data)


# --- sessions ---------------------------------------------------------------------------------


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for documents and records.")] = Path(
        "demo-output"
    ),
) -> None:
    """Treat two simulated patients over real bytes and write all documents."""
    from workstation.demo import DemoConsole, run_demo
    from workstation.settings import load_settings

    run_demo(DemoConsole(), out, load_settings())
    say(NOT_A_DEVICE)


@app.command()
def simulate(
    wire: Annotated[Wire, typer.Option(help="Modbus TCP, or RTU on a pseudo-terminal.")] = Wire.TCP,
    port: Annotated[int, typer.Option(help="TCP port; 0 lets the system choose.")] = 5020,
    baudrate: Annotated[int, typer.Option(help="Baud rate of the RTU line.")] = 38400,
    body: Annotated[str, typer.Option(help="Who is on the table.")] = "cervical_sliding",
    patient: Annotated[
        PatientName, typer.Option(help="press-test: presses the switch while the unit is idle.")
    ] = PatientName.PRESSES,
    clock_ppm: Annotated[float, typer.Option(help="How slow the unit's clock is, ppm.")] = 300.0,
    seed: Annotated[int, typer.Option(help="Seed of noise, breath and token.")] = 1,
    faults: Annotated[
        Path | None, typer.Option(help="Fault script: JSON lines of time and call.")
    ] = None,
) -> None:
    """Serve a simulated unit in real time until Ctrl-C."""
    from workstation.session import treat as compose

    if body not in compose.BODIES:
        raise AddressInvalid(f"body={body} is not one of {', '.join(compose.BODIES)}")
    presses = patient is PatientName.PRESSES
    somebody = compose.PressTestPatient() if presses else compose.PassivePatient()
    unit = compose.simulated_unit(
        body,
        somebody if faults is None else compose.with_faults(somebody, faults),
        compose.system_device_time(),
        seed=seed,
        clock_ppm=clock_ppm,
        boot_count=compose.boot_count_now(),
    )
    try:
        if wire is Wire.RTU:
            unit.serve_rtu(baudrate)
        else:
            unit.serve_tcp(port=port)
    except OSError as error:
        way_out = "serve with --wire tcp" if wire is Wire.RTU else "choose another --port"
        raise AddressInvalid(f"{error}; {way_out}") from error
    with unit:
        say(f"simulated unit at {unit.uri}")
        say("serving in real time; end with Ctrl-C")
        _wait_for_end()


def _wait_for_end() -> None:
    """Until SIGINT or SIGTERM."""
    import signal
    import threading

    ended = threading.Event()
    for name in ("SIGINT", "SIGTERM"):
        signal.signal(getattr(signal, name), lambda *_: ended.set())
    while not ended.wait(0.5):
        pass


@order_app.command("new")
def order_new(
    region: Annotated[Region, typer.Option(help="Body region.")],
    out: Annotated[Path | None, typer.Option(help="File to write; default: print it.")] = None,
) -> None:
    """Print a commented order file with every key, valid as it stands."""
    from workstation.texts.order_template import order_template

    text = order_template(region)
    if out is None:
        say_text(text)
        return
    if out.exists():
        raise PrescriptionInvalid(f"{out} exists already; choose another name")
    from workstation.output import write_file

    say(f"written to {write_file(out, text.encode())}")


@app.command()
def run(
    unit: Annotated[
        str, typer.Argument(help="Address, for instance modbus-tcp://host:5020?unit=1")
    ],
    order: Annotated[Path, typer.Option("--order", help="Order file.")],
    yes: Annotated[bool, typer.Option("--yes", help="A script answers the questions.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    script: Annotated[
        Path | None, typer.Option(help="Requests at given times (TOML).", show_default=False)
    ] = None,
    operator_name: Annotated[
        str, typer.Option("--operator", help="Who sits here; default: the login name.")
    ] = "",
) -> None:
    """Run one session in real time. Ctrl-C releases the patient and closes the record.

    At a terminal, lines such as "pause", "-5 N", "check NAME" or "help" steer the session.
    """
    from controller.runtime.clock import SystemClock
    from records.order.order_file import read_order
    from workstation.session.operators import SessionOperator, check_somebody_answers
    from workstation.session.realtime import take_realtime_rights
    from workstation.session.session_script import read_script
    from workstation.session.signals import caught_signals
    from workstation.terminal.screen import Screen
    from workstation.terminal.typed_lines import is_terminal, typed_lines
    from workstation.texts.plan_text import plan_text

    check_text("UNIT", unit, ADDRESS_CHARACTERS)
    by = check_name("--operator", operator_name) if operator_name else ""
    place = _place(data)
    ordered = read_order(order)
    steps = read_script(script) if script else None
    check_somebody_answers(ordered.prescription, scripted=yes, terminal=is_terminal(sys.stdin))
    clock = SystemClock()
    with Screen(clock.now_s, as_json=as_json) as screen, caught_signals() as signals:
        screen.message(plan_text(ordered.prescription))
        screen.message(str(take_realtime_rights()))
        screen.settle()
        typed = typed_lines(sys.stdin)
        operator = SessionOperator(
            scripted=yes,
            show=screen.show,
            read_line=typed.read_line if typed else None,
            tell=screen.tell,
            script=steps,
            by=by,
            notices=screen.notices,
        )
        signals.hand_to(operator)
        status = _treat(unit, ordered, place, clock, operator, screen)
        _leave_checkpoints(place, screen)
    raise typer.Exit(status)


def _treat(
    unit: str, ordered: Order, place: _Place, clock: Clock, operator: SessionOperator,
    screen: Screen,
) -> int:  # fmt: skip
    """Treat, and say how it ended; returns the exit status, raises TractionError before a session.

    Once the session is open every refusal is 3, and says which session keeps it.
    """
    from workstation.session.treat import treat

    opened: list[str] = []
    try:
        result = treat(
            unit,
            ordered,
            data_dir=place.data_dir,
            clock=clock,
            operator=operator,
            settings=place.settings,
            opened=opened.append,
            warn=screen.message,
        )
    except TractionError as error:
        if not opened:
            raise
        screen.end_session()
        screen.message(f"traction: {error}")
        screen.message(f"traction: recorded as session {opened[0]}")
        return exit_status(error, session_opened=True)
    _report_run(result, screen)
    return COMPLETED if result.ending.outcome == Outcome.COMPLETED else ENDED_EARLY


def _leave_checkpoints(place: _Place, screen: Screen) -> None:
    """Behind the session: what this needs is not loaded while one is open."""
    from workstation.anchors import leave_checkpoints

    leave_checkpoints(place.settings, place.data_dir, screen.message)


def _report_run(result: SessionResult, screen: Screen) -> None:
    ending = result.ending
    facts = {"session_id": result.session_id, **asdict(ending), "tick_lateness": result.lateness}
    if not screen.document(facts):
        for session_id in result.recovered:
            screen.tell(f"closed as interrupted: session {session_id}")
        screen.tell(f"session {result.session_id}: {ending.outcome} ({ending.reason})")
        screen.tell(f"read its note with: traction note {result.session_id}")
    screen.end_session()
    if not ending.release_seen:
        screen.message("traction: release not seen: look at the patient, open the clutch")


# --- what is on file --------------------------------------------------------------------------


SessionArgument = Annotated[str, typer.Argument(help="Session id or its beginning.")]


@app.command()
def show(session: SessionArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show what happened in a session, event by event."""
    from records.exports.formats import written
    from records.visit.load import audited_visit
    from workstation.author_now import reader_now

    place = _place(data)
    person = reader_now(place.data_dir)
    visit = audited_visit(
        place.data_dir, session, place.settings, person, "show", altered_too=not as_json
    )
    if as_json:
        say_json_text(written(visit, "json").decode().rstrip("\n"))
        return
    if visit.mark:
        say(visit.mark)
    say(f"session {visit.note.session_id}: {visit.record.outcome}")
    say(f"events {len(visit.record.events)}, samples {len(visit.record.samples)}")
    for event in visit.record.events:
        detail = json.dumps(dict(event.detail), sort_keys=True, ensure_ascii=False)
        if event.sequence == 0:
            detail = "(the opening; --json shows it)"
        say(f"{event.at_ms / 1000:10.3f} s  {event.kind.name.lower():<22} {detail}")
    if visit.mark:
        say(visit.mark)
        raise typer.Exit(RECORD_BAD)


if __name__ == "__main__":
    main()
