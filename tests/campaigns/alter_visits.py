"""Alterations of a visit's log and words, each of which every face must say or refuse with.

The long form of tests/unit/records/visit/test_altered_visits.py: each named alteration before every
face, then ``count`` random ones of each kind, of the words and of the log, each before ``faces``
faces in turn, so that each kind meets every face. A row a kind says how many were asked and missed.

python -m tests.campaigns.alter_visits [count] [faces] [seed]
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from unittest.mock import patch

from records.store.record_folder import RecordFolder
from records.visit import billing
from tests.support.altered_visits import (
    ALTERATIONS,
    FACES,
    Alteration,
    alter_visit,
    fault_of_face,
    flipped,
    lived_visit,
)
from tests.support.clinic_alterations import alter
from tests.support.code_lists import AnyDay

COUNT = 100
FACES_OF_EACH = 8
NAMED, LOG = "named", "a bit of the log"
KINDS_OF_WORDS = ("edit", "delete", "insert", "reorder", "swap", "rename the key")
"""Those that need no checkpoint to be found."""
ANYWHERE = Alteration(lambda db: None, "")
PACKED_BYTES = 4096
"""Place of a flipped bit, taken modulo the length of what is packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One alteration: its name, what a face must name, the change, and the faces to ask."""

    kind: str
    name: str
    said: Alteration
    act: Callable[[RecordFolder], object]
    faces: Sequence[str]


@dataclass(slots=True, kw_only=True)
class OfKind:
    """The counts of one kind."""

    alterations: int = 0
    questions: int = 0
    missed: int = 0


def main(count: int = COUNT, faces: int = FACES_OF_EACH, seed: int = 1) -> int:
    """Ask the faces; returns the exit status."""
    os.environ["TRACTION_TIME_ZONE"] = "America/Chicago"
    quick = patch.object(billing, "code_list_for", lambda *_: AnyDay())
    rows: dict[str, OfKind] = {}
    with TemporaryDirectory() as folder, quick:
        whole = RecordFolder(Path(folder) / "whole")
        lived_visit(whole)
        missed = list(_missed(whole, Path(folder), cases(count, faces, Random(seed)), rows))
    print(table(rows))
    print("\n".join(missed[:20]))
    return 1 if missed else 0


def _missed(
    whole: RecordFolder, folder: Path, asked: Iterator[Case], rows: dict[str, OfKind]
) -> Iterator[str]:
    """Ask every face of every case, each on its own altered copy; yields what was not reported."""
    for case in asked:
        row = rows.setdefault(case.kind, OfKind())
        row.alterations += 1
        for face in case.faces:
            row.questions += 1
            copy = RecordFolder(folder / "copy")
            shutil.rmtree(copy.path, ignore_errors=True)
            shutil.copytree(whole.path, copy.path)
            case.act(copy)
            if fault := fault_of_face(copy, face, case.said, folder / "out"):
                row.missed += 1
                yield f"{case.name}: {fault}"


def cases(count: int, faces: int, random: Random) -> Iterator[Case]:
    """Every named alteration for all faces, then ``count`` of each kind for some faces in turn."""
    for name, said in ALTERATIONS.items():
        act = partial(alter_visit, alteration=said)
        yield Case(kind=NAMED, name=name, said=said, act=act, faces=tuple(FACES))
    for kind in (*KINDS_OF_WORDS, LOG):
        turn = cycle(FACES)
        for number in range(count):
            yield _random_case(kind, number, tuple(islice(turn, faces)), random)


def _random_case(kind: str, number: int, faces: Sequence[str], random: Random) -> Case:
    if kind == LOG:
        place = random.randrange(PACKED_BYTES)
        said = Alteration(flipped(place), "", of_words=False)
        name, act = f"log {number}: bit {place}", partial(alter_visit, alteration=said)
        return Case(kind=kind, name=name, said=said, act=act, faces=faces)
    seed = random.getrandbits(32)
    name = f"words {number}: {kind} of {seed}"
    return Case(
        kind=kind, name=name, said=ANYWHERE, act=partial(_alter_words, kind, seed), faces=faces
    )


def _alter_words(kind: str, seed: int, data: RecordFolder) -> None:
    alter(data.clinic_database, kind, Random(seed))


def table(rows: dict[str, OfKind]) -> str:
    """One line for each kind, and their sum."""
    lines = [
        f"{kind:<18} {row.alterations:>4} alterations {row.questions:>6} questions "
        f"{row.missed:>3} not said"
        for kind, row in rows.items()
    ]
    asked, missed = (sum(getattr(r, n) for r in rows.values()) for n in ("questions", "missed"))
    return "\n".join([*lines, f"{asked} questions to {len(FACES)} faces, {missed} not said"])


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:4])))
