"""`make campaign-terminals`: sessions beside displays that are held, unread, closed or gone.

Every case is a short treatment in real time with a display that goes wrong in one phase and stays
so: the treatment must go on undisturbed, or be released as its signal asks, with the exit status
and the record that are documented. How late the ticks came is compared with cases whose display
works; it is printed and not judged.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.events import EventKind, Outcome
from records.evidence.integrity import verify
from records.evidence.reader import SessionRecord, list_sessions
from records.store.record_folder import RecordFolder
from tests.support.real_time import EndedEarly, run_first, simulated_unit
from tests.support.terminals import CTRL_S, Pipe, Seated, Terminal, seated
from workstation.session.operators import PROGRAM

LANES = 8
ATTEMPTS = 3
ENDS_WITHIN_S = 10.0
"""From the end of the record to the end of the program: three displays of 2 s, and the disk."""
PHASES = ("ramping up", "holding", "releasing")
TROUBLES = {
    "pty": ("ctrl-s", "unread", "closed"),
    "pipe": ("unread", "closed"),
}
UNDISTURBED = "ended early by P. Jones: short"
HUNG_UP = "operator stop (SIGHUP)"
ORDER = """
region = "lumbar"
mode = "static"
hold_force = "40 N"
ramp_up = "10 N/s"
ramp_down = "5 N/s"
treatment_time = "1 min"
pretension_force = "0 N"
pretension_time = "0 s"
"""
"""About 3 s of ramp; a release that takes 5 s and more, so that something can happen in it."""
ENDS_SHORT = """
[[step]]
at = "5 s"
do = "end"
by = "P. Jones"
reason = "short"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What goes wrong, where and when. ``plain``: the session is shown on standard output."""

    place: str
    trouble: str
    phase: str
    plain: bool = False

    def __str__(self) -> str:
        shown = "stdout" if self.plain else "stderr"
        return f"{self.place} ({shown}) {self.trouble} while {self.phase}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of a case. ``faults`` is empty if all is as documented."""

    case: Case
    status: int
    outcome: str
    reason: str
    remarks: tuple[str, ...]
    ended_after_s: float
    p99_ms: float | None
    max_ms: float | None
    faults: tuple[str, ...]
    attempts: int = 1


FULL = Case(place="file", trouble="full", phase="checking", plain=True)
"""Standard output is /dev/full from the beginning."""


def grid() -> list[Case]:
    """Every fault of every place in every phase, and cases without any."""
    cases = [Case(place=place, trouble="none", phase="holding") for place in TROUBLES] * 2
    for place, troubles in TROUBLES.items():
        cases += [Case(place=place, trouble=t, phase=p) for t in troubles for p in PHASES]
    cases += [
        Case(place="pipe", trouble="closed", phase=p, plain=True) for p in ("checking", *PHASES)
    ]
    return [*cases, FULL]


def short_form() -> list[Case]:
    """Each trouble once, each phase in at least one place."""
    return [
        Case(place="pty", trouble="ctrl-s", phase="ramping up"),
        Case(place="pty", trouble="unread", phase="holding"),
        Case(place="pty", trouble="closed", phase="holding"),
        Case(place="pipe", trouble="unread", phase="releasing"),
        Case(place="pipe", trouble="closed", phase="checking", plain=True),
        FULL,
    ]


def run_case(case: Case, folder: Path) -> Result:
    """Run a case, repeating it if the machine was too busy for its session to get so far."""
    for attempt in range(1, ATTEMPTS):
        with suppress(EndedEarly):
            result = _run_once(case, folder / str(attempt))
            if not result.faults:
                return replace(result, attempts=attempt)
    return replace(_run_once(case, folder / "last"), attempts=ATTEMPTS)


def write_files(folder: Path) -> tuple[str, str]:
    """The order and the script of requests; returns their paths."""
    folder.mkdir(parents=True)
    order, script = folder / "order.toml", folder / "script.toml"
    order.write_text(ORDER)
    script.write_text(ENDS_SHORT)
    return str(order), str(script)


def _run_once(case: Case, folder: Path) -> Result:
    order, script = write_files(folder)
    seat = Terminal(rows=4, columns=30) if case.place == "pty" else Pipe()
    data, printed = folder / "data", folder / "printed"
    with (
        simulated_unit("tcp", "--body", "test_fixture") as (unit, uri),
        printed.open("wb") as out,
        Path("/dev/full").open("wb") as full,
    ):
        run_first(unit.process_id)
        arguments = [
            "run",
            uri,
            "--order",
            order,
            "--script",
            script,
            "--yes",
            "--data",
            str(data),
            *([] if case.plain else ["--json"]),
        ]
        session = None if case.plain else out
        with seated(arguments, seat, stdout=full if case.trouble == "full" else session) as running:
            if case.trouble != "full":
                running.wait_for(case.phase)
            make_trouble(case.trouble, running)
            status, ended_s = running.end()
    return _result(case, RecordFolder(data), status, ended_s, printed.read_text())


def make_trouble(trouble: str, running: Seated) -> None:
    """Do to the display what the case describes."""
    match trouble:
        case "ctrl-s":
            assert isinstance(running.seat, Terminal)
            running.seat.type(CTRL_S)
        case "unread":
            running.seat.leave_unread()
        case "closed":
            running.seat.leave()
        case _:
            assert trouble in ("none", "full"), "the whole session long"


def _result(case: Case, data: RecordFolder, status: int, ended_s: float, printed: str) -> Result:
    (record,) = list_sessions(data)
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    late = json.loads(printed)["tick_lateness"] if printed else {}
    reason = str(ended.detail["reason"])
    remarks = tuple(
        str(event.detail["text"])
        for event in record.of_kind(EventKind.REMARK_RECORDED)
        if event.detail["by"] == PROGRAM
    )
    ended_after_s = ended_s - ended.utc_ms / 1000
    faults = _faults(case, record, status, reason)
    if (noticed := _noticed(case)) and not any(noticed in remark for remark in remarks):
        faults.append(f"the record does not say {noticed!r}")
    if ended_after_s > ENDS_WITHIN_S:
        faults.append(f"the program ended {ended_after_s:.1f} s after its session")
    if verify(data).alterations:
        faults.append("the record does not verify")
    return Result(
        case=case,
        status=status,
        outcome=record.outcome,
        reason=reason,
        remarks=remarks,
        ended_after_s=ended_after_s,
        p99_ms=late.get("p99_ms"),
        max_ms=late.get("max_ms"),
        faults=tuple(faults),
    )


def _noticed(case: Case) -> str:
    """The record's statements about the display; empty if the session may be over before it."""
    if case.trouble == "none" or case.phase == "releasing":
        return ""
    if case.trouble == "full":
        return "No space left on device"
    if case.trouble == "closed":
        return "Input/output error" if case.place == "pty" else "Broken pipe"
    return "nothing was taken for 5 s" if case.phase == "ramping up" else ""


def _faults(case: Case, record: SessionRecord, status: int, reason: str) -> list[str]:
    """Deviations from the documentation."""
    hung_up = (case.place, case.trouble) == ("pty", "closed") and case.phase != "releasing"
    wanted = HUNG_UP if hung_up else UNDISTURBED
    kinds = [event.detail["kind"] for event in record.of_kind(EventKind.RELEASE_ORDERED)]
    checks = {
        f"exit status {status}, not 5": status == 5,
        f"outcome {record.outcome}, not stopped": record.outcome == Outcome.STOPPED,
        f"reason {reason!r}, not {wanted!r}": reason == wanted,
        f"releases {kinds}, not one normal one": kinds == ["release"],
        "the release was not observed": len(record.of_kind(EventKind.RELEASE_OBSERVED)) == 1,
        "the record is not sealed": record.seal is not None,
    }
    return [fault for fault, holds in checks.items() if not holds]


def run_cases(cases: Sequence[Case], folder: Path) -> list[Result]:
    """Run all cases, some in parallel; results in the order of the cases."""
    with ThreadPoolExecutor(LANES) as pool:
        running = [
            pool.submit(run_case, case, folder / str(number)) for number, case in enumerate(cases)
        ]
        return [each.result() for each in running]


def table(results: Sequence[Result]) -> list[str]:
    """The rows of a page's table."""
    rows = [
        "| display | goes wrong | status | reason | the program ended after, s | p99 ms | max ms |"
        " remark of the program |",
        "| --- | --- | --: | --- | --: | --: | --: | --- |",
    ]
    for result in results:
        case = result.case
        late = [f"{ms:.1f}" if ms is not None else "-" for ms in (result.p99_ms, result.max_ms)]
        rows.append(
            f"| {case.place}, {'stdout' if case.plain else 'stderr'} | {case.trouble}, "
            f"{case.phase} | {result.status} | {result.reason} | {result.ended_after_s:.1f} | "
            f"{late[0]} | {late[1]} | {'; '.join(result.remarks) or '-'} |"
        )
    return rows


def main() -> None:
    """Run the grid and print its table; returns 1 if something was not as documented."""
    with TemporaryDirectory() as folder:
        results = run_cases(grid(), Path(folder))
    print("\n".join(table(results)))
    faulty = [result for result in results if result.faults]
    for result in faulty:
        print(f"{result.case}: {'; '.join(result.faults)}")
    anew = sum(result.attempts - 1 for result in results)
    print(
        f"{len(results)} cases, {len(faulty)} not as documented; {anew} starts went otherwise and "
        f"were repeated; {os.cpu_count()} cores"
    )
    sys.exit(1 if faulty else 0)


if __name__ == "__main__":
    main()
