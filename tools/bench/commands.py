"""`make bench`: processor time of commands on a stored session, in turns, as ratios.

Besides bare Python and `traction --help` there are note, show, scrub and each export of the demo's
completed session, each as a command of its own, and every export in one process. A refused export
costs as much as writing it would: loading, checking, scrubbing. Each run has a fresh copy of the
records, because the row of an access is one more link for the next run.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from records.evidence.reader import list_sessions
from records.exports.formats import KINDS
from records.store.record_folder import RecordFolder

ROUNDS = 7
HELP_GOAL, COMMAND_GOAL, TOGETHER_GOAL_S = 12.0, 3.0, 2.0
"""Times bare Python; times `traction --help`; processor seconds of every export in one process."""
BARE, HELP, TOGETHER = "python -c pass", "traction --help", "every export in one process"
TRACTION = ("-m", "workstation.cli")
HELP_COMMAND = (*TRACTION, "--help")
KEPT, FRESH = Path("demo", "data"), Path("run", "data")
"""The records as the demo left them, and the copy that a command works on."""
CONTEXT = Path(__file__).parents[2] / "docs" / "how-to" / "claim-context-example.toml"


def commands_table(rounds: int = ROUNDS) -> Table:
    """The benchmark as ``make bench`` prints it."""
    with TemporaryDirectory() as made:
        place = Path(made)
        commands = commands_of(place)
        for command in commands.values():
            run(command, place)  # writes the compiled files and fills the disk cache
        taken_s: dict[str, list[float]] = {name: [] for name in commands}
        statuses: dict[str, int] = {}
        for _ in range(rounds):
            for name, command in commands.items():
                seconds, statuses[name] = run(command, place)
                taken_s[name].append(seconds)
    return _table(taken_s, statuses)


def commands_of(place: Path) -> dict[str, tuple[str, ...]]:
    """Returns the measured commands by name, on copies of the records of a demo made now."""
    _measured((*TRACTION, "demo", "--out", str(place / "demo")), place)
    kept, folder = RecordFolder(place / KEPT), str(place / FRESH)
    heads = (record.head for record in list_sessions(kept) if record.reached_holding)
    session = min(heads, key=lambda head: head.started_utc_ms).session_id
    records = (session, "--data", folder)
    claim = (*records, "--context", str(CONTEXT))
    exports = {f"export {name}": (*TRACTION, "export", *claim, "--format", name) for name in KINDS}
    return {
        BARE: ("-c", "pass"),
        HELP: HELP_COMMAND,
        "note": (*TRACTION, "note", *records),
        "show": (*TRACTION, "show", *records),
        "scrub": (*TRACTION, "scrub", *claim),
        **exports,
        "export bundle": (*TRACTION, "export", *records, "--format", "bundle"),
        TOGETHER: ("-m", "tools.bench.commands", "together", folder, session),
    }


def run(command: tuple[str, ...], place: Path) -> tuple[float, int]:
    """``_measured`` with a fresh copy of the records, in an empty folder."""
    shutil.rmtree(place / FRESH.parent, ignore_errors=True)
    shutil.copytree(place / KEPT, place / FRESH)
    return _measured(command, place / FRESH.parent)


def _measured(command: tuple[str, ...], place: Path) -> tuple[float, int]:
    """Processor seconds of a Python process, user's and system's, and its exit status."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed modules are compiled
    with (place / "printed").open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=place, env=environment, stdout=printed, stderr=printed
        )
        _, waited, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(waited)
    return used.ru_utime + used.ru_stime, process.returncode


def together(folder: RecordFolder, session: str) -> None:
    """Write every export of a visit that is loaded and scrubbed once."""
    from controller.errors import RequestRefused
    from records.claim.context_file import imported_claim
    from records.exports.formats import written
    from records.exports.ready import scrubbed
    from records.visit.load import load_visit
    from workstation.settings import load_settings

    visit = load_visit(folder, session, load_settings())
    visit = scrubbed(folder, visit, imported=imported_claim(CONTEXT))
    for name in KINDS:
        try:
            print(f"{name}: {len(written(visit, name))} bytes")
        except RequestRefused as error:
            print(f"{name}: {error}")


def _table(taken_s: dict[str, list[float]], statuses: dict[str, int]) -> Table:
    middle_s = {name: statistics.median(values) for name, values in taken_s.items()}
    rounds = len(taken_s[BARE])
    table = Table(
        title=f"Processor time of commands (n = {rounds}), goals: --help at most {HELP_GOAL:.0f} x "
        f"bare Python, a command {COMMAND_GOAL:.0f} x --help, together {TOGETHER_GOAL_S:.0f} s"
    )
    for column in ("command", "status", "s", "least to most", "x bare", "x --help"):
        table.add_column(column, justify="left" if column == "command" else "right")
    for name, seconds in middle_s.items():
        table.add_row(
            name,
            str(statuses[name]),
            f"{seconds:.3f}",
            f"{min(taken_s[name]):.3f} to {max(taken_s[name]):.3f}",
            f"{seconds / middle_s[BARE]:.1f}",
            f"{seconds / middle_s[HELP]:.2f}",
        )
    return table


if __name__ == "__main__":
    if sys.argv[1:2] == ["together"]:
        together(RecordFolder(Path(sys.argv[2])), sys.argv[3])
    else:
        Console().print(commands_table())
