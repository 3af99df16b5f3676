"""Random alterations of clinic.db, each of which must be found: the long form of the unit test.

python -m tests.campaigns.alter_clinic [COUNT] [SEED] [--shard K/N]
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from records.clinic.clinic_verify import verify_clinic
from records.store.record_folder import RecordFolder
from tests.campaigns.asked import Asked, ran_on
from tests.support.clinic_alterations import ALTERATIONS, alter
from tests.unit.records.store.test_clinic_chain import lived

COUNT = 10_000


def main() -> int:
    """Alter a fresh copy as often as requested; returns the exit status."""
    asked, done, missed = Asked.of(__doc__ or "", count=COUNT), Counter[str](), []
    with TemporaryDirectory() as folder:
        data = RecordFolder(Path(folder) / "data")
        checkpoints = lived(data)
        database = data.clinic_database
        whole = Path(folder) / "whole.db"
        shutil.copy(database, whole)
        if verify_clinic(data, checkpoints=checkpoints).alterations:
            print("the unaltered file is said to be altered")
            return 1
        for number in asked.numbers:
            shutil.copy(whole, database)
            chance = asked.chance(number)
            name = chance.choice(ALTERATIONS)
            said = alter(database, name, chance)
            done[name] += 1
            if not verify_clinic(data, checkpoints=checkpoints).alterations:
                missed.append(f"number {number} of seed {asked.seed}: {name}: {said}")
    for name, number in sorted(done.items()):
        print(f"{name:<16} {number:6}")
    print(f"{sum(done.values())} alterations, {len(missed)} not found")
    print(ran_on(asked))
    print("\n".join(missed[:20]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
