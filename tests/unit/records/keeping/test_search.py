"""Sessions are found by the words that stand in order and note now, however they were typed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest

from records.evidence.reader import find_session
from records.evidence.unit_reading import reading
from records.keeping import listed_sessions
from records.keeping.listed_sessions import last_visit_of, others_of_day
from records.keeping.search import SessionQuery, find_sessions
from records.note.lifecycle import amend, complete, sign
from records.store.database import Database
from records.store.record_folder import RecordFolder
from tests.support.notes import ALL_WORDS, ORDER, author, note_of, recorded
from tests.support.sessions import SETTINGS
from tools.bench.history import QUERIES, bare_sql, search

TYPED = r"""# how this order was written
patient_reference = "TEST-2"
region = "cervical"
mode = "static"
hold_force = "60 N"
treatment_time = "1 min"
symptoms = "a \"burning\" pain, Gr\u00fc\u00dfe"
diagnosis = [
  "M50.120",
]
"""


def found(folder: RecordFolder, *words: str, **asked: object) -> list[str]:
    """The sessions that fit, newest first."""
    query = SessionQuery(words=words, **asked)  # type: ignore[arg-type]
    return [one.head.session_id for one in find_sessions(folder, query, SETTINGS.day_at)]


@pytest.mark.parametrize(
    ("words", "sessions"),
    [
        (("BURNING",), ["s-2"]),
        (('"burning"',), ["s-2"]),
        (("grüsse",), []),
        (("grüße",), ["s-2"]),
        (("m50.120",), ["s-2", "s-1"]),
        (("written",), []),  # a remark of the file is no word of the order
        (("symptoms",), []),  # nor is a key
        (("static", "arm"), ["s-1"]),
        (("static", "nowhere"), []),
    ],
)
def test_words_of_an_order_are_its_values(
    folder: RecordFolder, words: tuple[str, ...], sessions: list[str]
) -> None:
    recorded(folder, "s-1")
    recorded(folder, "s-2", order=TYPED, reference="TEST-2", began_ms=1_767_312_000_000)
    assert found(folder, *words) == sessions


def test_of_a_note_the_newest_words_count(folder: RecordFolder) -> None:
    recorded(folder, "s-1")
    words = {**ALL_WORDS, "harness": 'the "old" halter'}
    complete(folder, note_of(folder), words, author(folder))
    assert found(folder, '"old"') == ["s-1"]  # a draft
    sign(folder, note_of(folder), "PT", author(folder))
    assert found(folder, '"old"', "arm") == ["s-1"]
    assert found(folder, "halter", patient="TEST-1") == ["s-1"]
    assert found(folder, "said_by") == []
    changed = {"harness": "two-piece harness"}
    amend(folder, note_of(folder), changed, "taken for another", author(folder), "PT")
    assert found(folder, '"old"') == []
    assert found(folder, "two-piece") == ["s-1"]


def test_a_day_at_the_end_of_the_calendar_asks_nothing_impossible(folder: RecordFolder) -> None:
    recorded(folder, "s-1", order=ORDER)
    assert found(folder, first_day=date.min, last_day=date.max) == ["s-1"]
    assert found(folder, first_day=date.max) == []


def test_what_is_measured_is_found(folder: RecordFolder) -> None:
    """The benchmark's statements fetch rows, and its search finds what it names."""
    recorded(folder, "s-1")
    for name, query in QUERIES.items():
        assert bare_sql(folder, query) > 0, name
    assert search(folder, QUERIES["a word of every order"]).count == 1
    assert search(folder, QUERIES["a word of nothing"]).count == 0


def test_a_patient_s_other_visits_are_looked_up_by_their_names(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(folder, "s-1")
    recorded(folder, "s-2", began_ms=1_767_312_000_000)
    recorded(folder, "s-3", began_ms=1_767_315_600_000)
    newest, opened = find_session(folder, "s-3"), list[Path]()

    def counted(path: Path) -> AbstractContextManager[Database]:
        opened.append(path)
        return reading(path)

    monkeypatch.setattr(listed_sessions, "reading", counted)
    assert last_visit_of(folder, newest, {"s-1", "s-3"}) == "s-1"
    same_day = others_of_day(folder, newest, {"s-1", "s-2", "s-3"}, SETTINGS.day_at)
    assert [other.session_id for other in same_day] == ["s-2"]
    assert len(opened) == 2
    assert last_visit_of(folder, newest, {"s-3"}) is None
    assert others_of_day(folder, newest, set(), SETTINGS.day_at) == []
    assert len(opened) == 2, "no file is opened for a patient who was treated once"
