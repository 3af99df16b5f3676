"""A weight test holds by the clinic's days, and a unit was armed on one of them."""

from __future__ import annotations

from datetime import datetime

import pytest

from records.clinic.commissionings import CommissionedThing, FiledCommissioning, standing_of
from tests.support.commissionings import passed_record
from tests.support.sessions import SETTINGS

THING = CommissionedThing(unit_id="5443bc0000000001", profile="map_v1", profile_digest="ab" * 32)


def utc_ms_of(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1000)


EVENING = FiledCommissioning(
    record=passed_record(THING), by="A. Example", at_utc_ms=utc_ms_of("2026-11-02 20:00-06:00")
)
"""In UTC this is a moment of the day behind it."""


@pytest.mark.parametrize(
    ("at", "left", "told"),
    [
        ("2026-11-02 20:00-06:00", 30, "valid for 30 days more"),
        ("2026-12-01 08:00-06:00", 1, "valid for 1 day more"),
        ("2026-12-01 23:59-06:00", 1, "valid for 1 day more"),
        ("2026-12-02 00:00-06:00", 0, "ran out today"),
        ("2026-12-03 08:00-06:00", 0, "ran out 1 day ago"),
    ],
)
def test_a_weight_test_runs_out_between_two_of_the_clinics_days(
    at: str, left: int, told: str
) -> None:
    standing = standing_of(EVENING, THING, utc_ms_of(at), SETTINGS.day_at)
    assert standing.text.startswith("weight test of 2026-11-02 by A. Example")
    assert standing.text.endswith(told)
    assert (standing.days_left, standing.valid) == (left, left > 0)
