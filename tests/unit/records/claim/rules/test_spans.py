"""Traction of several sessions beside another service: what lies between them is no overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
from hypothesis import given

from records.claim.rules.facts import Span, TimesBeside

DAY = datetime(2026, 11, 24, 8, tzinfo=UTC)
MINUTES = st.integers(min_value=0, max_value=240)


def at(minute: int) -> datetime:
    return DAY + timedelta(minutes=minute)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    begins = draw(MINUTES)
    return at(begins), at(begins + draw(st.integers(min_value=0, max_value=60)))


@given(st.lists(spans(), min_size=1, max_size=4), spans())
def test_a_visit_overlaps_where_one_of_its_sessions_does(pulled: list[Span], other: Span) -> None:
    together = TimesBeside(tuple(pulled), *other)
    alone = [TimesBeside((span,), *other) for span in pulled]
    assert together.overlap == any(one.overlap for one in alone)
    assert together.shared_minutes == sum(one.shared_minutes for one in alone)


def test_between_two_sessions_nothing_is_shared() -> None:
    pulled = ((at(0), at(5)), (at(30), at(40)))
    between = TimesBeside(pulled, at(6), at(29))
    assert (between.overlap, between.shared_minutes) == (False, 0)
    across = TimesBeside(pulled, at(3), at(33))
    assert (across.overlap, across.shared_minutes) == (True, 5)
