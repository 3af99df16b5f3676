"""A clock that goes back between sessions is told with both sessions, and is no alteration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from records.evidence.clock_steps import clock_steps, newest_utc_ms
from records.evidence.integrity import verify
from records.store.unit_file import unit_database
from tests.support.altering import altering
from tests.support.commands import said
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded

ENDED_MS = BEGAN_MS + 64_000


@pytest.mark.parametrize(
    ("after_ms", "found"), [(64_001, 0), (64_000, 0), (62_000, 0), (61_999, 1), (-DAY_MS, 1)]
)
def test_a_step_back_is_one_of_more_than_two_seconds(
    tmp_path: Path, after_ms: int, found: int
) -> None:
    recorded(tmp_path)
    recorded(tmp_path, "s-2", began_ms=BEGAN_MS + after_ms)
    assert len(clock_steps(tmp_path)) == found


def test_verify_tells_it_and_does_not_call_it_an_alteration(tmp_path: Path) -> None:
    recorded(tmp_path)
    recorded(tmp_path, "s-2", began_ms=BEGAN_MS - DAY_MS)
    recorded(tmp_path, "s-3", began_ms=BEGAN_MS)
    (step,) = clock_steps(tmp_path)
    assert (step.before_id, step.session_id, step.unit_id) == ("s-1", "s-2", UNIT)
    assert (step.before_utc_ms, step.started_utc_ms) == (ENDED_MS, BEGAN_MS - DAY_MS)
    output = said(tmp_path, "verify", "--all")
    assert "the clock went back by 86464 s between sessions s-1 and s-2" in output
    assert "nothing was altered" in output
    assert verify(tmp_path).alterations == ()
    facts = json.loads(said(tmp_path, "verify", "--all", "--json"))
    assert [one["session_id"] for one in facts["clock_steps"]] == ["s-2"]


def test_only_the_newest_session_says_what_time_it_is(tmp_path: Path) -> None:
    assert newest_utc_ms(tmp_path) is None
    recorded(tmp_path, began_ms=BEGAN_MS + 900 * DAY_MS)
    recorded(tmp_path, "s-2", began_ms=BEGAN_MS)
    assert newest_utc_ms(tmp_path) == ENDED_MS


def test_a_clock_that_was_ahead_in_the_middle_of_a_session_is_told(tmp_path: Path) -> None:
    """The largest wall clock of what is packed counts, not only that of the end."""
    recorded(tmp_path, "s-1")
    recorded(tmp_path, "s-2", reference="TEST-2")
    before = len(clock_steps(tmp_path))
    ahead_ms = 1 << 42
    with altering(unit_database(tmp_path, UNIT)) as db:
        db.execute(
            "UPDATE packed_session SET data = edited(data, 2, 'utc_ms', ?), newest_utc_ms = ? "
            "WHERE session = 1",
            (ahead_ms, ahead_ms),
        )
    found = clock_steps(tmp_path)
    assert len(found) >= max(before, 1)
    assert found[0].before_utc_ms == ahead_ms
