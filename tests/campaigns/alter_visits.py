"""Alterations of a visit's log and words, each of which every face must say or refuse with.

The long form of tests/unit/records/visit/test_altered_visits.py: each named alteration before each
face, then ``count`` random ones of the words and as many of the log, each before every face.

python -m tests.campaigns.alter_visits [count] [seed]
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
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
from tests.unit.workstation.commands.test_billing import AnyDay

COUNT = 100
FOUND_WITHOUT_CHECKPOINTS = ("edit", "delete", "insert", "reorder", "swap", "rename the key")
ANYWHERE = Alteration(lambda db: None, "")
PACKED_BYTES = 4096
"""Place of a flipped bit, taken modulo the length of what is packed."""


Case = tuple[str, Alteration, Callable[[RecordFolder], object]]
"""Name, what a face must say, and the act."""


def main(count: int = COUNT, seed: int = 1) -> int:
    """Ask every face; returns the exit status."""
    os.environ["TRACTION_TIME_ZONE"] = "America/Chicago"
    quick = patch.object(billing, "code_list_for", lambda *_: AnyDay())
    with TemporaryDirectory() as folder, quick:
        whole = RecordFolder(Path(folder) / "whole")
        lived_visit(whole)
        asked, faults = 0, list[str]()
        for case in _cases(count, Random(seed)):
            faults += _ask(whole, Path(folder), case)
            asked += len(FACES)
    print(f"{asked} questions to {len(FACES)} faces, {len(faults)} not said")
    print("\n".join(faults[:20]))
    return 1 if faults else 0


def _ask(whole: RecordFolder, folder: Path, case: Case) -> list[str]:
    """Every face, each on its own altered copy; returns those that did not say it."""
    name, alteration, act = case
    faults = []
    for face in FACES:
        copy = RecordFolder(folder / "copy")
        shutil.rmtree(copy.path, ignore_errors=True)
        shutil.copytree(whole.path, copy.path)
        act(copy)
        if fault := fault_of_face(copy, face, alteration, folder / "out"):
            faults.append(f"{name}: {fault}")
    return faults


def _cases(count: int, random: Random) -> Iterator[Case]:
    """Every named alteration, then random ones of the words and of the log."""
    for name, alteration in ALTERATIONS.items():
        yield name, alteration, partial(alter_visit, alteration=alteration)
    for number in range(count):
        kind, seed = random.choice(FOUND_WITHOUT_CHECKPOINTS), random.getrandbits(32)
        yield f"words {number}: {kind} of {seed}", ANYWHERE, partial(_alter_words, kind, seed)
        place = random.randrange(PACKED_BYTES)
        bit = Alteration(flipped(place), "", of_words=False)
        yield f"log {number}: bit {place}", bit, partial(alter_visit, alteration=bit)


def _alter_words(kind: str, seed: int, data: RecordFolder) -> None:
    alter(data.clinic_database, kind, Random(seed))


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:3])))
