"""``traction demo``: three sessions over real bytes in virtual time, and all their documents."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from controller.order.force_unit import ForceUnit
from controller.order.planner import plan
from controller.runtime.clock import SystemClock, VirtualClock
from controller.snapshot import Snapshot
from records.exports.formats import written
from records.keys.signing import NoKeyStore, load_or_create_key
from records.note.led_forces import led_field
from records.order.order import Order
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from records.visit.visit import Visit
from simulator.line.servers import SimulatedUnit
from simulator.table.patient import PassivePatient, Patient, PressTestPatient, StopsDuring
from simulator.units import virtual_unit
from workstation.output import drop_output, write_file
from workstation.session.operators import SessionOperator, Show
from workstation.session.simulated_observation import observe_simulated
from workstation.session.treat import treat
from workstation.session.workplace import Recording, Workplace
from workstation.settings import Settings, load_settings

STOP_IN_HOLD = 2
STOP_AFTER_S = 12.0
BEFORE_THE_CORD_S = 60.0
"""Time for identification, self-check and press test; they take about 5 s."""
COMMIT_INTERVAL_S = 1.0
"""Nobody is treated, so a power cut may cost a second of data."""
SHOW_EVERY = 40
"""Ticks between two updates of the progress bar."""
DOCUMENTS = {
    "pdf": "note.pdf",
    "text": "note.txt",
    "summary": "summary.txt",
    "csv": "charge.csv",
    "json": "session.json",
}
"""Exports of the demo and their file names after the act's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One of the demo's sessions; ``observed``: nobody drives the table."""

    name: str
    title: str
    body: str
    seed: int
    wire: str
    patient: Patient
    observed: bool = False


def acts(cervical_wire: str = "") -> tuple[Act, Act]:
    """Returns a completed cervical treatment, and a lumbar one in which the patient presses stop.

    ``cervical_wire``: rtu, tcp or ascii; empty: what this system has.
    """
    return (
        Act(
            name="cervical",
            title="cervical, 15 min to its end",
            body="cervical_sliding",
            seed=1,
            wire=cervical_wire or ("rtu" if hasattr(os, "openpty") else "tcp"),
            patient=PressTestPatient(),
        ),
        Act(
            name="lumbar",
            title="lumbar, patient presses stop in hold 2",
            body="lumbar_split",
            seed=2,
            wire="tcp",
            patient=StopsDuring(STOP_IN_HOLD, STOP_AFTER_S),
        ),
    )


def observed_act() -> Act:
    """Returns an old table without a socket, observed with a transmitter beside it."""
    return Act(
        name="observed",
        title="old table without a socket, observed",
        body="lumbar_split",
        seed=3,
        wire=acts()[0].wire,
        patient=PassivePatient(),
        observed=True,
    )


class DemoConsole(Console):
    """A console whose reader may close the pipe (``| head``): the demo still writes its files."""

    def on_broken_pipe(self) -> None:
        """Continue in silence when nobody reads any more."""
        self.quiet = True
        drop_output()


def run_demo(
    console: Console, output: Path, settings: Settings, *, cervical_wire: str = ""
) -> list[Path]:
    """Run all acts, write their documents below ``output`` and print the table.

    Raises OSError where a system has no pseudo-terminals and ``cervical_wire`` needs one.
    """
    folder = RecordFolder(output / "data")
    visits: list[tuple[Act, Visit]] = []
    with Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(),
        TextColumn("{task.fields[state]:<38}"),
        TimeElapsedColumn(),
        console=console,
    ) as bars:
        for act in (*acts(cervical_wire), observed_act()):
            visits.append((act, _perform(act, folder, settings, bars)))
    files = [path for act, visit in visits for path in _documents(act, visit, output)]
    console.print(_table(visits, output, settings.unit_of_force))
    return files


def document_files(output: Path) -> list[Path]:
    """Returns every document that the demo writes."""
    names = [act.name for act in (*acts(), observed_act())]
    return [_document(output, name, kind) for name in names for kind in DOCUMENTS]


def demo_visit() -> Visit:
    """Yields the cervical act, performed in a temporary folder."""
    with TemporaryDirectory() as made:
        return _perform(acts()[0], RecordFolder(Path(made)), load_settings(), None)


def demo_order(name: str) -> Order:
    """Returns one of the demo's order files."""
    file = resources.files("workstation") / "demo_orders" / f"{name}.toml"
    return parse_order(file.read_text(encoding="utf-8"), f"{name}.toml")


def began_ms(act: Act, now_ms: int) -> int:
    """Returns when an act is dated to begin, UTC milliseconds: in sequence, all in the past.

    A note can then be signed at once, because no note is signed before its session's end.
    """
    performed = [each.name for each in (*acts(), observed_act())]
    still_to_come = performed[performed.index(act.name) :]
    return now_ms - sum(longest_ms(demo_order(name)) for name in still_to_come)


def longest_ms(order: Order) -> int:
    """Returns the longest time that an act takes, milliseconds."""
    times = plan(order.prescription).times
    return round((BEFORE_THE_CORD_S + times.slack_limit_s + times.total_s) * 1000)


def _perform(act: Act, folder: RecordFolder, settings: Settings, bars: Progress | None) -> Visit:
    order = demo_order(act.name)
    clock = VirtualClock(utc_origin_ms=began_ms(act, SystemClock().utc_ms()))
    workplace = Workplace(folder=folder, settings=settings, clock=clock)
    recording = Recording(
        key=load_or_create_key(folder, store=NoKeyStore()), commit_interval_s=COMMIT_INTERVAL_S
    )
    show = _bar(act, bars, settings.unit_of_force)
    if act.observed:
        result = observe_simulated(
            PlannedOrder.of(order),
            body=act.body,
            workplace=workplace,
            clock=clock,
            show=show,
            recording=recording,
        )
        return load_visit(folder, result.session_id, settings)
    with virtual_unit(clock, act.body, act.patient, seed=act.seed) as unit:
        _serve(unit, act.wire)
        result = treat(
            unit.uri,
            PlannedOrder.of(order),
            workplace=workplace,
            operator=SessionOperator(scripted=True, show=show),
            recording=recording,
        )
    return load_visit(folder, result.session_id, settings)


def _serve(unit: SimulatedUnit, wire: str) -> None:
    if wire == "rtu":
        unit.serve_rtu()
    elif wire == "ascii":
        unit.serve_ascii()
    else:
        unit.serve_tcp()


def _bar(act: Act, bars: Progress | None, forces: ForceUnit) -> Show:
    if bars is None:
        return lambda snapshot: None
    task = bars.add_task(f"{act.title} ({act.wire.upper()})", total=None, state="")
    ticks = 0

    def show(snapshot: Snapshot) -> None:
        nonlocal ticks
        ticks += 1
        if ticks % SHOW_EVERY == 0 or snapshot.phase == "releasing":
            force = "" if snapshot.force_n is None else forces.in_unit(snapshot.force_n, 6)
            state = f"{snapshot.phase.replace('_', ' ')} {snapshot.elapsed_s / 60:5.1f} min {force}"
            bars.update(task, completed=snapshot.elapsed_s, total=snapshot.planned_s, state=state)

    return show


def _documents(act: Act, visit: Visit, output: Path) -> list[Path]:
    return [
        write_file(_document(output, act.name, kind), written(visit, kind)) for kind in DOCUMENTS
    ]


def _document(output: Path, act: str, kind: str) -> Path:
    return output / f"{act}-{DOCUMENTS[kind]}"


def _table(visits: list[tuple[Act, Visit]], output: Path, forces: ForceUnit) -> Table:
    table = Table(title="Demo: prescribed and delivered", show_lines=True)
    table.add_column("")
    rows: dict[str, list[str]] = {}
    for act, visit in visits:
        table.add_column(f"{act.name} over {act.wire.upper()}")
        for label, value in _cells(act, visit, output, forces).items():
            rows.setdefault(label, []).append(value)
    for label, values in rows.items():
        table.add_row(label, *values)
    return table


def _cells(act: Act, visit: Visit, output: Path, forces: ForceUnit) -> dict[str, str]:
    note = visit.note

    def value(name: str) -> str:
        return led_field(note.field(name), forces).value or "not recorded"

    return {
        "prescribed": f"{value('hold_force')} / {value('rest_force')}, {value('treatment_time')}",
        "delivered": f"{value('delivered_minutes')}, mean in hold {value('mean_hold_force')}",
        "peak": value("peak_force"),
        "outcome": value("outcome"),
        "stop": value("stop"),
        "session": note.session_id,
        "charge line": f"97012 x 1, open: {len(visit.charge().open_fields)} cells",
        "files": "\n".join(str(path) for path in sorted(output.glob(f"{act.name}-*"))),
    }
