"""Stop tests: presses in whole sessions on the simulated frame, and how they compare."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.errors import RequestRefused
from records.clinic.audit import accesses
from records.clinic.clinic_verify import verify_clinic
from records.evidence.believed import read_checked
from records.keeping.stop_tests import FiledStopTest, file_stop_test, judge_press, stop_tests
from records.note.delivered_dose import compute_dose
from records.store.author import Author
from records.store.record_folder import RecordFolder
from simulator.table.patient import PressTestPatient, StopsDuring
from tests.support.observed import observed_session
from tests.support.sessions import Stage, fixed_key, staged

FRAME = """
region = "lumbar"
mode = "static"
hold_force = "150 N"
treatment_time = "1 min"
"""


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "data")


def author(stage: Stage, by: str = "A. Example") -> Author:
    key = fixed_key(stage.folder)
    return Author(by=by, user="tester", at_utc_ms=stage.clock.utc_ms(), key=key)


def pressed(stage: Stage, number: int = 1, order: str = FRAME) -> str:
    """A session on the frame in which somebody presses in the hold; returns its id."""
    name = f"session-{number}"
    stage.identifiers = replace(stage.identifiers, session_id=lambda utc_ms: name)
    return stage.treat(order).session_id


def on_the_frame(folder: RecordFolder) -> AbstractContextManager[Stage]:
    return staged(folder, body="test_fixture", patient=StopsDuring(1, 5.0))


def test_a_press_in_the_hold_is_the_stop_test_and_its_time_is_that_of_the_record(
    folder: RecordFolder,
) -> None:
    with on_the_frame(folder) as stage:
        session_id = pressed(stage)
        test = file_stop_test(folder, author(stage), session_id)
        dose = compute_dose(stage.visit(session_id).record)
    assert test.passed, test.text
    assert test.release_ms == dose.stops[0].to_15_n_ms
    assert 50 < test.release_ms < test.limit_ms == 4_000
    assert test.force_dn == pytest.approx(1500, abs=50)
    assert "no test before it at this force; passed" in test.text
    (filed,) = stop_tests(folder, test.unit_id)
    assert (filed.test, filed.by) == (test, "A. Example")
    assert not verify_clinic(folder).alterations
    assert {one.kind for one in accesses(folder)}.isdisjoint({"stop_tested"})


def test_a_session_is_filed_once(folder: RecordFolder) -> None:
    with on_the_frame(folder) as stage:
        session_id = pressed(stage)
        file_stop_test(folder, author(stage), session_id)
        with pytest.raises(RequestRefused, match="is on file already"):
            file_stop_test(folder, author(stage), session_id)


@pytest.mark.parametrize(("before", "passed"), [(1.2, True), (1.0, True), (0.75, False)])
def test_a_release_that_is_30_percent_slower_than_the_last_ten_is_not_passed(
    folder: RecordFolder, before: float, passed: bool
) -> None:
    """Neither older ones count, nor those that failed, nor those from another force."""
    with on_the_frame(folder) as stage:
        session_id = pressed(stage)
        first = file_stop_test(folder, author(stage), session_id)
    (filed,) = stop_tests(folder, first.unit_id)
    earlier_ms = round(before * first.release_ms)
    others = [
        _earlier(filed, release_ms=9_000, passed=False),
        _earlier(filed, release_ms=9_000, force_dn=3_000),
    ]
    older = [_earlier(filed, release_ms=9_000)] * 5
    earlier = [_earlier(filed, release_ms=earlier_ms)] * 10
    test = judge_press(read_checked(folder, session_id).believed(), [*older, *earlier, *others])
    assert test.compared_ms == (earlier_ms,) * 10
    assert test.passed is passed
    assert ("slower than before" in test.text) is not passed


def _earlier(filed: FiledStopTest, **changes: Any) -> FiledStopTest:
    return replace(filed, test=replace(filed.test, **changes))


def test_what_is_no_stop_test_is_refused_in_words(folder: RecordFolder, tmp_path: Path) -> None:
    with staged(folder, body="test_fixture", patient=PressTestPatient()) as stage:
        session_id = pressed(stage)
        with pytest.raises(RequestRefused, match="nobody pressed the patient switch under force"):
            file_stop_test(folder, author(stage), session_id)
    weak = RecordFolder(tmp_path / "weak")
    with on_the_frame(weak) as stage:
        session_id = pressed(stage, order=FRAME.replace("150 N", "40 N"))
        with pytest.raises(RequestRefused, match="and 50 N are needed"):
            file_stop_test(weak, author(stage), session_id)
    seen = observed_session(tmp_path / "observed")
    with pytest.raises(RequestRefused, match="must be driven by this program"):
        file_stop_test(seen.folder, author(stage), seen.result.session_id)
