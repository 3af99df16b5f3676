"""The page that `make campaign-matrix` writes: docs/reports/matrix.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.safety.matrix_expected import Fault
from tests.safety.matrix_faults import FAULTS
from tests.safety.matrix_judge import FREE_N, Cell
from tests.safety.matrix_phases import CYCLE, PHASES

VIEWS = (("cervical", False), ("cervical", True), ("lumbar", False), ("lumbar", True))
GUARDS = {False: "blind", True: "with the unit's guards"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the whole matrix; ``utc_ms`` is its start."""

    commit: str
    utc_ms: int
    minutes: float
    cells: tuple[Cell, ...]


def page(run: Run) -> str:
    """The whole page."""
    lines = [*_head(run), *_worst(run), *_problems(run)]
    for region, guards in VIEWS:
        lines += _grid(run, region, guards)
    return "\n".join([*lines, *_no_cells(), *_not_tried()]) + "\n"


def _head(run: Run) -> Iterator[str]:
    day = datetime.fromtimestamp(run.utc_ms / 1000, UTC).date().isoformat()
    wrong = sum(bool(cell.problems) for cell in run.cells)
    hold = {region: f"{cycle['hold']:g}/{cycle['rest']:g} N" for region, cycle in CYCLE.items()}
    yield "# Every fault in every phase"
    yield ""
    yield (
        f"Written by `make campaign-matrix` on {day}, commit {run.commit}: {len(run.cells)} cells, "
        f"**{wrong} with a problem**, {run.minutes:.0f} minutes. Do not edit by hand."
    )
    yield ""
    yield (
        "A cell is one session of the whole program (session machine, loop, supervisor, bridge, "
        "frames, journal; only table and line are simulated) with one fault in one phase: "
        f"cervical {hold['cervical']} in every phase, lumbar {hold['lumbar']} in some; "
        '"releasing" is a slow release at 5 N/s from the hold force. *Blind*: the unit\'s own '
        "supervision of the force is off, so that the host must detect the fault; switch, "
        "emergency stop, stroke and watchdog of the unit still work. Each injection proves that "
        "it took effect."
    )
    yield ""
    yield (
        "These conditions are checked: the cause is on record; the release order is sent within "
        f"the row's time; the cord has at most {FREE_N:g} N within the row's time (R1: 2 s "
        "cervical, 4 s lumbar after the order; R2: at the ordered rate; R3: 2 s later), if the "
        "unit can still move; for 60 s after that nothing is wound in; in a release the force "
        "never goes more than max(10 N, 10 %) above its start, except for what the body or the "
        "drive itself adds; the session ends as stopped or link lost with exit status 5. If "
        "nothing can move any more: an alarm calls for a person, the tokenless release is sent "
        "once a second, and the record says that the release was not seen. While the end is "
        "awaited, nothing changes the outcome of the session, and only force above 20 N is an "
        "alarm."
    )
    yield ""


def _worst(run: Run) -> Iterator[str]:
    yield "## Worst times of each fault"
    yield ""
    yield (
        "Seconds from the injection, maximum over all cells of the fault: until the release "
        "order is sent / until the cord is paid out / until 15 N. The required times are those "
        "of most phases; in others they can be longer if the fault shows later (a jam at a "
        "constant force shows when the order changes)."
    )
    yield ""
    yield (
        "| row | fault | owed | cells | "
        + " | ".join(f"{region}, {GUARDS[guards]}" for region, guards in VIEWS)
        + " |"
    )
    yield "|--:|---|---|--:|" + "---|" * len(VIEWS)
    for fault in FAULTS:
        cells = [cell for cell in run.cells if cell.fault == fault.name]
        views = [_worst_of([c for c in cells if (c.region, c.guards) == view]) for view in VIEWS]
        yield (
            f"| {fault.row} | {fault.name} | {fault.expected.owed.value} | {len(cells)} | "
            + " | ".join(views)
            + " |"
        )
    yield ""


def _worst_of(cells: list[Cell]) -> str:
    """The longest times of the cells in which something was required."""
    if not cells:
        return "-"
    return _times(
        [c.order_s for c in cells if c.order_limit_s is not None],
        [c.pays_out_s for c in cells if c.free_limit_s is not None],
        [c.free_s for c in cells if c.free_limit_s is not None],
    )


def _times(*columns: list[float | None]) -> str:
    """The longest known value of each time."""
    known = [[value for value in column if value is not None] for column in columns]
    return " / ".join(f"{max(values):.2f}" if values else "-" for values in known)


def _problems(run: Run) -> Iterator[str]:
    wrong = [cell for cell in run.cells if cell.problems]
    yield f"## Cells with a problem: {len(wrong)}"
    yield ""
    if not wrong:
        return
    yield "| fault | phase | region | guards | found | came to | problem |"
    yield "|---|---|---|---|---|---|---|"
    for cell in wrong:
        yield (
            f"| {cell.fault} | {cell.phase} | {cell.region} | {GUARDS[cell.guards]} | "
            f"{', '.join(cell.codes) or '-'} | {cell.outcome}: {cell.reason} | "
            f"{'; '.join(cell.problems)} |"
        )
    yield ""


def _grid(run: Run, region: str, guards: bool) -> Iterator[str]:
    cells = {
        (cell.fault, cell.phase): cell
        for cell in run.cells
        if (cell.region, cell.guards) == (region, guards)
    }
    phases = [p.name for p in PHASES if any(phase == p.name for _, phase in cells)]
    yield f"## {region.capitalize()}, {GUARDS[guards]}"
    yield ""
    yield (
        "Order / cord goes out / 15 N, seconds from the injection; `-` if no time is required, "
        "`goes on` if the session must continue and does, `unchanged` after the end, `stuck` if "
        "nothing can move."
    )
    yield ""
    yield "| fault | " + " | ".join(phases) + " |"
    yield "|---|" + "---|" * len(phases)
    for fault in FAULTS:
        row = [_grid_cell(cells.get((fault.name, phase))) for phase in phases]
        if any(text for text in row):
            yield f"| {fault.name} | " + " | ".join(row) + " |"
    yield ""


def _grid_cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.problems:
        return "**problem**"
    if cell.phase == "awaiting the end":
        return "unchanged"
    if cell.free_limit_s is None:
        return "stuck" if cell.free_s is None else "refused" if cell.exit == 3 else "goes on"
    order_s = None if cell.order_limit_s is None else cell.order_s
    return _times([order_s], [cell.pays_out_s], [cell.free_s])


def _no_cells() -> Iterator[str]:
    yield "## Combinations that do not exist"
    yield ""
    for fault in FAULTS:
        for phase, text in fault.elsewhere.items():
            if isinstance(text, str):
                yield f"- {fault.name}, {phase.name}: {text}."
        if fault.phases is not PHASES:
            yield f"- {fault.name}: only {_names(fault)}."
        if len(fault.regions) == 1:
            yield f"- {fault.name}: only {fault.regions[0]}."
    yield ""


def _names(fault: Fault) -> str:
    return ", ".join(phase.name for phase in fault.phases)


def _not_tried() -> Iterator[str]:
    yield "## What was not tried"
    yield ""
    yield "- Two faults at once, but for a core that does not listen while the patient presses."
    yield "- A real unit. Table, unit and line are models written from the reference map."
    yield "- Faults of the console and of a display: the program's other reports and tests."
