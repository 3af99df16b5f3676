"""The words of a visit are read in one look: one connection, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from records.clinic.visit_sessions import visits_of
from records.evidence.believed import read_checked
from records.store import clinic_file
from records.store.database import Database
from records.store.record_folder import RecordFolder
from records.visit.words import visit_words
from tests.support.notes import BEGAN_MS, DAY_MS, recorded

Opening = Callable[..., AbstractContextManager[Database]]


def test_a_visit_with_one_before_it_opens_the_words_once(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(folder, "s-1")
    recorded(folder, "s-2", began_ms=BEGAN_MS + DAY_MS)
    record = read_checked(folder, "s-2").believed()
    visits = visits_of(folder)
    opened: list[str] = []

    def counted(name: str) -> Opening:
        opening: Opening = getattr(clinic_file, name)

        def open_it(*arguments: Any) -> AbstractContextManager[Database]:
            opened.append(name)
            return opening(*arguments)

        return open_it

    for name in ("reading_file", "checking_file"):
        monkeypatch.setattr(clinic_file, name, counted(name))
    found = visit_words(folder, [record], visits)
    assert found.last_visit is not None
    assert found.last_visit.session_id == "s-1"
    assert opened == ["checking_file"]
