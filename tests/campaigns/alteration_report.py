"""``make campaign-alteration-kinds``: each kind of alteration, and who finds it.

Writes docs/reports/alterations.md; exits with 1 if somebody other than expected finds one. Half a
minute on two idle cores.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.errors import TractionError
from controller.runtime.clock import SystemClock, VirtualClock
from records.clinic.clinic_verify import verify_clinic
from records.evidence.integrity import issued_checkpoints, verify
from records.evidence.journal import left_open_sessions
from records.evidence.start_check import check_before_start
from records.store.checkpoint import Checkpoint, parse_checkpoint
from records.store.record_folder import RecordFolder
from tests.campaigns.alteration_kinds import KINDS, Kind, prepare
from tests.campaigns.asked import commit
from tests.campaigns.key_kinds import KEY_KINDS, prepare_keys
from tests.campaigns.year_kinds import YEAR_KINDS, prepare_years
from tests.support.altered_records import KEY, UNIT
from tools.markdown import wrapped

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reports" / "alterations.md"
ITSELF, START, OUTSIDE, NOT_CHECKED, NOBODY = (
    "itself",
    "the next start",
    "a checkpoint",
    "not checked",
    "nobody",
)
GROUNDS = ((prepare, KINDS), (prepare_keys, KEY_KINDS), (prepare_years, YEAR_KINDS))
"""Each folder that is altered, and in which ways."""
_HEAD = (
    "# Kinds of alteration, and what detects them\n\nWritten by `make campaign-alteration-kinds` "
    "on {day}, commit {commit}: {count} kinds. Do not edit by hand.\n\nEach kind is applied to a "
    "copy of a folder with three sealed sessions whose seals are noted in clinic.db, and an "
    "interrupted one; kinds about rotated keys to a copy of a folder whose third session was "
    "sealed after a rotation; kinds about closed and moved years to a copy of a folder with "
    "closed files of 2023 (one session) and 2024 (two), a sealed and an interrupted session of "
    "2025 in the present file, and noted seals. Then `verify --all` is run without anything from "
    "outside; then the checks of the next start (if they refuse, nothing is sealed or signed); "
    "then `verify` again with the checkpoints that were stored outside the machine. *Itself*: "
    "`verify --all` alone, which everybody can run. *The next start*: needs the workstation's "
    "key. *A checkpoint*: only a checkpoint stored elsewhere shows it. *Not checked*: `verify` "
    "says which file it could not check, and nothing else shows it. *Nobody*: nothing in this "
    "program can detect it.\n\n| found by | kinds |\n|---|--:|\n{counts}\n\n| what | of | in "
    "hand | found by | first message |\n|---|---|---|---|---|\n"
)


@dataclass(frozen=True, slots=True)
class Found:
    """Who found a kind, and the first message about it."""

    kind: Kind
    finder: str
    message: str


def outside_of(data: RecordFolder) -> list[Checkpoint]:
    """The checkpoints kept outside the machine: of every sealed session, and of clinic.db."""
    given = [parse_checkpoint(one.text) for one in issued_checkpoints(data)]
    return [*given, parse_checkpoint(verify_clinic(data).checkpoint)]


def find(kind: Kind, ground: RecordFolder, outside: list[Checkpoint], place: RecordFolder) -> Found:
    """Alter a copy and ask, in turn, everybody who could find it."""
    shutil.rmtree(place.path, ignore_errors=True)
    shutil.copytree(ground.path, place.path)
    kind.apply(place)
    for finder, said in (
        (ITSELF, _said_by_verify(place, [])),
        (START, _said_by_the_next_start(place)),
        (OUTSIDE, _said_by_verify(place, outside)),
        (NOT_CHECKED, _said_by_verify(place, [], unread=True)),
    ):
        message = next(said, "")
        if message:
            shown = message.replace(str(place), "DIR").replace(str(place.path.parent), "...")
            return Found(kind, finder, shown)
    return Found(kind, NOBODY, "")


def _said_by_verify(
    data: RecordFolder, outside: list[Checkpoint], *, unread: bool = False
) -> Iterator[str]:
    """Returns what was altered, or with ``unread`` what could not be checked."""
    for one in verify(
        data, checkpoints=[c for c in outside if "clinic." not in c.name]
    ).alterations:
        if one.unread is unread:
            yield f"{one.session_id} {one.where}: {one.what}".strip()
    for clinic in verify_clinic(data, checkpoints=outside).alterations:
        if clinic.unread is unread:
            yield f"clinic.db, {clinic.where}: {clinic.what}"


def _said_by_the_next_start(data: RecordFolder) -> Iterator[str]:
    try:
        list(check_before_start(data, UNIT, KEY, free_bytes=lambda folder: 10**12))
        for left in left_open_sessions(data, UNIT, VirtualClock(), key=KEY):
            if left.has_dropped_rows:
                yield f"{left.dropped_links} links dropped from session {left.head.session_id}"
    except TractionError as error:
        yield error.message


def page(found: list[Found], day: str) -> str:
    """The report."""
    counts = Counter(one.finder for one in found)
    rows = (
        f"| {name} | {counts[name]} |" for name in (ITSELF, START, OUTSIDE, NOT_CHECKED, NOBODY)
    )
    head = _HEAD.format(day=day, commit=commit(), count=len(found), counts="\n".join(rows))
    return head + "".join(
        f"| {one.kind.name} | {one.kind.of} | {one.kind.in_hand} | {one.finder} | "
        f"{_cell(one.message)} |\n"
        for one in found
    )


def _cell(message: str) -> str:
    shown = " ".join(message.replace("|", "/").split())
    return shown if len(shown) <= 160 else f"{shown[:157]}..."


def main() -> int:
    """Run every kind and write the page; returns 1 if somebody other than expected finds one."""
    found: list[Found] = []
    for make, kinds in GROUNDS:
        with TemporaryDirectory() as folder:
            ground = make(Path(folder))
            outside, place = outside_of(ground), RecordFolder(Path(folder) / "copy")
            found += [find(kind, ground, outside, place) for kind in kinds]
    day = datetime.fromtimestamp(SystemClock().utc_ms() / 1000, UTC).date().isoformat()
    PAGE.write_text(wrapped(page(found, day)), encoding="utf-8")
    wrong = [one for one in found if one.finder != one.kind.expected]
    for one in wrong:
        print(
            f"{one.kind.name}: found by {one.finder}, expected {one.kind.expected}: {one.message}"
        )
    print(f"{len(found)} kinds, {len(wrong)} found by somebody else than expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
