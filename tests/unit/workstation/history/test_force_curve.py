"""The curve keeps every peak and every gap; the part that is shown stays inside the session."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import RequestRefused
from controller.events import SampleFlag
from records.store.canonical import ABSENT_DN, SAMPLE_DTYPE, SampleArray
from workstation.history.force_curve import force_curve
from workstation.history.plot_range import LEAST_MS, PlotRange, time_text, typed_range

TICK_MS = 50


def samples(count: int) -> SampleArray:
    """An hour and less of 60 N, a sample every 50 ms."""
    made = np.zeros(count, dtype=SAMPLE_DTYPE)
    made["taken_at_ms"] = np.arange(count) * TICK_MS
    made["target_dn"] = made["force_1_dn"] = 600
    made["phase"] = 6
    return made


@given(st.integers(0, 71_999), st.integers(-50, 3000))
def test_no_single_reading_is_smoothed_away(at: int, force_dn: int) -> None:
    an_hour = samples(72_000)
    an_hour["force_1_dn"][at] = force_dn
    curve = force_curve(an_hour, (0, 3_600_000))
    forces = [*curve.pieces[0].lowest_dn, *curve.pieces[0].highest_dn]
    assert force_dn in forces
    assert len(curve.pieces) == 1
    assert len(curve.pieces[0].times_ms) <= 600


def test_where_nothing_was_read_there_is_a_gap() -> None:
    ten_minutes = samples(12_000)
    ten_minutes["flags"][4000:5000] = int(SampleFlag.NO_READING)
    ten_minutes["force_1_dn"][4000:5000] = ABSENT_DN
    first, second = force_curve(ten_minutes, (0, 600_000)).pieces
    assert first.times_ms[-1] < 200_000
    assert second.times_ms[0] >= 250_000
    (piece,) = force_curve(ten_minutes, (0, 190_000)).pieces
    assert piece.times_ms[-1] <= 190_000
    assert force_curve(ten_minutes, (210_000, 240_000)).is_empty


WHOLE = (1_000, 601_000)
RANGES = st.tuples(st.integers(*WHOLE), st.integers(*WHOLE)).map(sorted)


@given(RANGES, st.sampled_from((0.5, 2.0)), st.sampled_from((-0.5, 0.5)), st.integers(0, 700_000))
def test_links_never_lead_out_of_the_session(
    ends: list[int], factor: float, share: float, at_ms: int
) -> None:
    shown = PlotRange(first_ms=ends[0], last_ms=ends[1], whole=WHOLE)
    for other in (shown.zoomed(factor), shown.moved(share), shown.around(at_ms, 15_000)):
        assert WHOLE[0] <= other.first_ms <= other.last_ms <= WHOLE[1]
    assert shown.zoomed(0.5).last_ms - shown.zoomed(0.5).first_ms >= min(
        LEAST_MS, ends[1] - ends[0]
    )


@given(RANGES)
def test_what_an_address_says_is_what_is_shown(ends: list[int]) -> None:
    first, last = (time_text(at_ms, 20_000) for at_ms in ends)
    try:
        shown = typed_range(first, last, 20_000, WHOLE)
    except RequestRefused:
        assert ends[1] - ends[0] < LEAST_MS + 1000
        return
    assert abs(shown.first_ms - ends[0]) <= 500
    assert abs(shown.last_ms - ends[1]) <= 500


@pytest.mark.parametrize(("at_ms", "text"), [(0, "-0:20"), (20_000, "0:00"), (95_400, "1:15")])
def test_times_count_from_the_beginning_of_traction(at_ms: int, text: str) -> None:
    assert time_text(at_ms, 20_000) == text
