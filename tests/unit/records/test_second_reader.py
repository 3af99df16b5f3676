"""The numbers of the note, computed twice; the short form of the campaign."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from records.evidence.reader import read_session
from records.note.treatment_note import draft_note
from records.store.record_folder import RecordFolder
from tests.campaigns.asked import Asked
from tests.campaigns.second_reader import ORDER, as_written, run
from tests.support.random_sessions import ENDS, UNIT, RandomSession
from tests.support.second_reader import read, written


def test_a_second_reader_gets_the_same_numbers(memory_path: Path) -> None:
    ends, differences = run(Asked(count=30, seed=5), memory_path)
    assert differences == []
    assert set(ends) == set(ENDS), "every kind of end was among them"


def test_the_note_s_texts_are_compared_number_by_number(folder_in_memory: RecordFolder) -> None:
    RandomSession(folder_in_memory, "s-1", random.Random(4)).perform()
    note = draft_note(read_session(folder_in_memory, "s-1"), ORDER)
    found = as_written(note)
    assert {name for name, numbers in found.items() if numbers} >= {"started_at", "mean_hold_force"}
    stored = read(folder_in_memory.unit_database(UNIT), 1)
    offset_min = read_session(folder_in_memory, "s-1").head.utc_offset_min
    assert written(stored, offset_min) == found
    assert written(stored, offset_min + 60) != found
    shorter = replace(stored, samples=stored.samples[: -13 * 20])
    assert written(shorter, offset_min) != found
