"""Whether a refusal has a record, and of which session."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import JournalUnavailable, RequestRefused, SelfCheckFailed
from records.evidence.start_check import REFUSE_BELOW_BYTES
from records.store.record_folder import RecordFolder
from tests.support.sessions import staged
from workstation.session.recorded_refusal import recorded_as


def test_a_refusal_carries_the_id_of_the_session_that_was_open() -> None:
    with pytest.raises(RequestRefused) as refused, recorded_as("s-1"):
        raise RequestRefused("not now")
    assert refused.value.session_id == "s-1"
    assert str(refused.value) == "not now [1001]"


def test_the_first_session_that_a_refusal_came_from_stays() -> None:
    with pytest.raises(RequestRefused) as refused, recorded_as("s-2"), recorded_as("s-1"):
        raise RequestRefused("not now")
    assert refused.value.session_id == "s-1"


def test_without_a_session_there_is_none() -> None:
    with recorded_as("s-1"):
        pass
    assert RequestRefused("not now").session_id is None


def test_a_start_that_is_refused_before_its_record_has_no_session(tmp_path: Path) -> None:
    with staged(RecordFolder(tmp_path)) as stage:
        stage.free_bytes = lambda folder: REFUSE_BELOW_BYTES - 1
        with pytest.raises(JournalUnavailable) as refused:
            stage.treat()
    assert refused.value.session_id is None


def test_a_start_that_is_refused_in_its_record_says_in_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SelfCheckFailed("an item refuses")

    monkeypatch.setattr("workstation.session.treat.Session.run", refuse)
    with staged(RecordFolder(tmp_path)) as stage, pytest.raises(SelfCheckFailed) as refused:
        stage.treat()
    assert refused.value.session_id == "session-1"
