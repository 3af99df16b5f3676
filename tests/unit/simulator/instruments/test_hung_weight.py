"""A weight on a simulated cell: hung and lifted off between two readings, never beyond itself."""

from __future__ import annotations

import pytest

from simulator.instruments.hung_weight import MOVED_S, HungWeight


def test_it_is_free_until_somebody_hangs_it_and_free_again_once_it_is_lifted_off() -> None:
    weight = HungWeight(49.0)
    assert [weight.force_at(at_s) for at_s in (7.0, 7.1)] == [0.0, 0.0]
    weight.hang()
    weight.hang()
    hung = [weight.force_at(7.1 + MOVED_S * share) for share in (0.25, 0.5, 1.0, 9.0)]
    assert hung == pytest.approx([12.25, 24.5, 49.0, 49.0])
    weight.lift()
    weight.lift()
    lifted = [weight.force_at(9.0 + MOVED_S * share) for share in (0.5, 1.0, 9.0)]
    assert lifted == pytest.approx([0.0, 0.0, 0.0]), "nobody looked for longer than the hand took"


def test_a_reading_in_the_fall_is_between_both() -> None:
    weight = HungWeight(49.0)
    weight.force_at(0.0)
    weight.hang()
    weight.force_at(1.0)
    weight.lift()
    assert weight.force_at(1.0 + MOVED_S / 2) == pytest.approx(24.5)
    weight.hang()
    assert weight.force_at(1.0 + MOVED_S) == pytest.approx(49.0)


def test_the_first_reading_finds_it_free() -> None:
    weight = HungWeight(49.0)
    weight.hang()
    assert weight.force_at(100.0) == 0.0
    assert weight.force_at(100.0 + MOVED_S) == pytest.approx(49.0)
