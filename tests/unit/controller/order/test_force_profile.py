"""ForceProfile: continuous, and exact at its boundaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.order.force_profile import ForceProfile, Segment
from controller.order.phases import Phase, Stage


def _segment(start_s: float, end_s: float, start_n: float, end_n: float) -> Segment:
    return Segment(
        phase=Phase.HOLDING,
        stage=Stage.TREATMENT,
        part=0,
        start_s=start_s,
        end_s=end_s,
        start_force_n=start_n,
        end_force_n=end_n,
    )


def test_a_profile_with_a_gap_or_a_jump_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="gap"):
        ForceProfile((_segment(0.0, 1.0, 1.0, 1.0), _segment(1.1, 2.0, 1.0, 1.0)))
    with pytest.raises(ValueError, match="jump"):
        ForceProfile((_segment(0.0, 1.0, 1.0, 1.0), _segment(1.0, 2.0, 2.0, 1.0)))
    with pytest.raises(ValueError, match="without duration"):
        ForceProfile((_segment(1.0, 1.0, 1.0, 1.0),))
    with pytest.raises(ValueError, match="at least one"):
        ForceProfile(())


@st.composite
def profiles(draw: st.DrawFn) -> ForceProfile:
    durations_ms = draw(st.lists(st.integers(1, 90_000), min_size=1, max_size=12))
    forces_dn = draw(st.lists(st.integers(0, 9000), min_size=13, max_size=13))
    segments, at_ms = [], draw(st.integers(0, 100_000))
    for number, duration_ms in enumerate(durations_ms):
        ends_ms = at_ms + duration_ms
        segments.append(
            _segment(
                at_ms / 1000, ends_ms / 1000, forces_dn[number] / 10, forces_dn[number + 1] / 10
            )
        )
        at_ms = ends_ms
    return ForceProfile(tuple(segments))


@given(profiles(), st.floats(-0.1, 1.1))
def test_the_force_is_interpolated_between_the_boundaries(
    profile: ForceProfile, share: float
) -> None:
    start_s = profile.segments[0].start_s
    elapsed_s = start_s + share * (profile.end_s - start_s)
    times = [start_s, *(s.end_s for s in profile.segments)]
    forces = [profile.segments[0].start_force_n, *(s.end_force_n for s in profile.segments)]
    assert profile.target_n(elapsed_s) == pytest.approx(np.interp(elapsed_s, times, forces))


@given(profiles())
def test_boundaries_lead_back_to_their_segments_exactly(profile: ForceProfile) -> None:
    for number, segment in enumerate(profile.segments):
        end_s = segment.end_s
        following = min(number + 1, len(profile.segments) - 1)
        assert profile.index_at(segment.start_s) == number
        assert profile.index_at(end_s) == following
        assert profile.target_n(segment.start_s) == segment.start_force_n
        assert profile.target_n(end_s) == segment.end_force_n
        just_before_s = float(np.nextafter(end_s, segment.start_s))
        assert profile.index_at(just_before_s) == number


def test_outside_its_time_the_profile_keeps_its_end_forces() -> None:
    profile = ForceProfile((_segment(5.0, 7.0, 10.0, 30.0),))
    assert [profile.target_n(t) for t in (0.0, 6.0, 9.0)] == [10.0, 20.0, 30.0]
