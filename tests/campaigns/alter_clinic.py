"""Random alterations of clinic.db, each of which must be found: the long form of the unit test.

python -m tests.campaigns.alter_clinic [count] [seed]
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from records.clinic.clinic_verify import verify_clinic
from records.store.record_folder import RecordFolder
from tests.support.clinic_alterations import ALTERATIONS, alter
from tests.unit.records.store.test_clinic_chain import lived

COUNT = 10_000


def main(count: int = COUNT, seed: int = 1) -> int:
    """Alter a fresh copy ``count`` times; returns the exit status."""
    random, done, missed = Random(seed), Counter[str](), []
    with TemporaryDirectory() as folder:
        data = RecordFolder(Path(folder) / "data")
        checkpoints = lived(data)
        database = data.clinic_database
        whole = Path(folder) / "whole.db"
        shutil.copy(database, whole)
        if verify_clinic(data, checkpoints=checkpoints).alterations:
            print("the unaltered file is said to be altered")
            return 1
        for _ in range(count):
            shutil.copy(whole, database)
            name = random.choice(ALTERATIONS)
            said = alter(database, name, random)
            done[name] += 1
            if not verify_clinic(data, checkpoints=checkpoints).alterations:
                missed.append(f"{name}: {said}")
    for name, number in sorted(done.items()):
        print(f"{name:<16} {number:6}")
    print(f"{sum(done.values())} alterations, {len(missed)} not found")
    print("\n".join(missed[:20]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:3])))
