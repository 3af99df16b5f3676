"""A clock that goes back between sessions is told with both sessions, and is no alteration."""

from __future__ import annotations

import json

import pytest

from records.evidence.clock_steps import clock_steps, newest_utc_ms
from records.evidence.integrity import verify
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import said
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded

ENDED_MS = BEGAN_MS + 64_000


@pytest.mark.parametrize(
    ("after_ms", "found"), [(64_001, 0), (64_000, 0), (62_000, 0), (61_999, 1), (-DAY_MS, 1)]
)
def test_a_step_back_is_one_of_more_than_two_seconds(
    folder: RecordFolder, after_ms: int, found: int
) -> None:
    recorded(folder)
    recorded(folder, "s-2", began_ms=BEGAN_MS + after_ms)
    assert len(clock_steps(folder)) == found


def test_verify_tells_it_and_does_not_call_it_an_alteration(folder: RecordFolder) -> None:
    recorded(folder)
    recorded(folder, "s-2", began_ms=BEGAN_MS - DAY_MS)
    recorded(folder, "s-3", began_ms=BEGAN_MS)
    (step,) = clock_steps(folder)
    assert (step.before_id, step.session_id, step.unit_id) == ("s-1", "s-2", UNIT)
    assert (step.before_utc_ms, step.started_utc_ms) == (ENDED_MS, BEGAN_MS - DAY_MS)
    output = said(folder, "verify", "--all")
    assert "the clock went back by 86464 s between sessions s-1 and s-2" in output
    assert "nothing was altered" in output
    assert verify(folder).alterations == ()
    facts = json.loads(said(folder, "verify", "--all", "--json"))
    assert [one["session_id"] for one in facts["clock_steps"]] == ["s-2"]


def test_only_the_newest_session_says_what_time_it_is(folder: RecordFolder) -> None:
    assert newest_utc_ms(folder) is None
    recorded(folder, began_ms=BEGAN_MS + 900 * DAY_MS)
    recorded(folder, "s-2", began_ms=BEGAN_MS)
    assert newest_utc_ms(folder) == ENDED_MS


def test_a_clock_that_was_ahead_in_the_middle_of_a_session_is_told(folder: RecordFolder) -> None:
    """The largest wall clock of what is packed counts, not only that of the end."""
    recorded(folder, "s-1")
    recorded(folder, "s-2", reference="TEST-2")
    before = len(clock_steps(folder))
    ahead_ms = 1 << 42
    with altering(folder.unit_database(UNIT)) as db:
        db.execute(
            "UPDATE packed_session SET data = edited(data, 2, 'utc_ms', ?), newest_utc_ms = ? "
            "WHERE session = 1",
            (ahead_ms, ahead_ms),
        )
    found = clock_steps(folder)
    assert len(found) >= max(before, 1)
    assert found[0].before_utc_ms == ahead_ms
