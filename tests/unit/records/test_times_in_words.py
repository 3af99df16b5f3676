"""Moments as people read them, around a change of the clock and in zones without a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.times_in_words import minute_in_words, moment_in_words

CHICAGO = ZoneInfo("America/Chicago")
CHANGE = datetime(2026, 11, 1, 7, 0, tzinfo=UTC)
"""01:59:59 CDT is followed by 01:00:00 CST."""


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/Chicago", "2026-11-30 14:03:22 CST"),
        ("America/Sao_Paulo", "2026-11-30 17:03:22 UTC-03:00"),
        ("Asia/Kathmandu", "2026-12-01 01:48:22 UTC+05:45"),
        ("UTC", "2026-11-30 20:03:22 UTC"),
    ],
)
def test_a_zone_has_its_name_or_its_offset(zone: str, shown: str) -> None:
    moment = datetime(2026, 11, 30, 20, 3, 22, tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert moment_in_words(moment) == shown
    assert minute_in_words(moment) == f"{shown[:16]}{shown[19:]}"


def test_an_offset_without_a_zone_says_so() -> None:
    assert moment_in_words(datetime.fromisoformat("2026-11-30 14:03:22-06:00")) == (
        "2026-11-30 14:03:22 UTC-06:00"
    )


@given(st.integers(-7200, 7200), st.integers(-7200, 7200))
def test_no_two_seconds_around_the_change_read_alike(one_s: int, other_s: int) -> None:
    read = {
        moment_in_words((CHANGE + timedelta(seconds=each)).astimezone(CHICAGO))
        for each in (one_s, other_s)
    }
    assert len(read) == (1 if one_s == other_s else 2)
