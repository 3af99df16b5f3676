"""Questions of tests and campaigns about a planned force that the program does not need."""

from __future__ import annotations

from controller.order.force_profile import ForceProfile


def peak_force_n(profile: ForceProfile) -> float:
    """Returns the largest ordered force, newtons."""
    return max(max(s.start_force_n, s.end_force_n) for s in profile.segments)
