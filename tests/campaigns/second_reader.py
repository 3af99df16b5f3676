"""`make campaign-second-reader`: every number of record and note, twice, for random sessions.

python -m tests.campaigns.second_reader [COUNT] [SEED] [--shard K/N]
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from records.evidence.reader import read_session
from records.note.delivered_dose import DeliveredDose, compute_dose
from records.note.treatment_note import TreatmentNote, draft_note
from records.order.order_file import parse_order
from records.store.record_folder import RecordFolder
from tests.campaigns.asked import Asked, ran_on
from tests.support.memory import memory_folder
from tests.support.random_sessions import UNIT, RandomSession
from tests.support.second_reader import numbers, read, written

WRITTEN = (
    "started_at",
    "ended_at",
    "delivered_minutes",
    "paused",
    "peak_force",
    "mean_hold_force",
    "hold_time",
    "time_in_band",
    "stop",
    "steps",
    "adjustments",
    "pauses",
    "check_ins",
    "remarks",
)
"""The fields of the note whose numbers come from events and samples."""
ORDER = parse_order(
    'patient_reference = "RANDOM"\nregion = "cervical"\nmode = "static"\n'
    'hold_force = "60 N"\ntreatment_time = "1 min"\n',
    "random",
)
COUNT = 1_000
PER_FILE = 20
"""Sessions in one unit's file before a new one is begun."""


def run(asked: Asked, base: Path) -> tuple[Counter[str], list[str]]:
    """How many sessions of each outcome were made, and every difference in words."""
    ends: Counter[str] = Counter()
    differences: list[str] = []
    for place, number in enumerate(asked.numbers):
        folder, session_id = base / str(place // PER_FILE), f"s-{number}"
        session = RandomSession(RecordFolder(folder), session_id, asked.chance(number))
        ends[session.perform()] += 1
        record = read_session(RecordFolder(folder), session_id)
        stored = read(RecordFolder(folder).unit_database(UNIT), record.head.number)
        second = {**numbers(stored), **written(stored, record.head.utc_offset_min)}
        first = {**as_numbers(compute_dose(record)), **as_written(draft_note(record, ORDER))}
        differences += [
            f"{session_id} of seed {asked.seed}: "
            f"{name} is {first[name]}, second reader {second[name]}"
            for name in sorted(first.keys() | second.keys())
            if first.get(name) != second.get(name)
        ]
    return ends, differences


def as_numbers(dose: DeliveredDose) -> dict[str, Any]:
    """The dose without the texts of its stops."""
    said = asdict(dose)
    said["stops"] = [{k: v for k, v in stop.items() if k != "cause"} for stop in said["stops"]]
    return said


def as_written(note: TreatmentNote) -> dict[str, list[str]]:
    """The numbers in the fields that the log fills, in order; without stops."""
    found: dict[str, list[str]] = {name: [] for name in WRITTEN}
    for field in note.device_fields:
        name = "stop" if field.name.startswith("stop") else field.name
        if name in found:
            moment = name in ("started_at", "ended_at")
            pattern = r"\d+" if moment else r"-?\d+(?:\.\d+)?"
            found[name] += re.findall(pattern, field.value or "")
    return found


def main() -> int:
    """Run the campaign and print what was made and what differs; returns 1 if anything does."""
    asked = Asked.of(__doc__ or "", count=COUNT)
    with memory_folder() as folder:
        ends, differences = run(asked, Path(folder))
    for end, number in sorted(ends.items()):
        print(f"{number:6}  {end}")
    print(f"{sum(ends.values())} sessions, {len(differences)} differences")
    print(ran_on(asked))
    for one in differences:
        print(one)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
