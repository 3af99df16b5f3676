"""Both channels of the force: range, agreement, zero and sign, one step below, at and above.

A step is what the unit resolves: 0.1 N, 0.1 mm, 0.1 mm/s, or one tick.
"""

from __future__ import annotations

import pytest

from controller.safety.limits import SafetyLimits
from controller.safety.verdict import Action
from controller.telemetry import UnitFault
from tests.unit.controller.safety.bench import Bench, codes

VALID = UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_2_VALID


@pytest.mark.parametrize(("force_n", "tripped"), [(499.9, False), (500.0, True), (500.1, True)])
def test_a_force_at_the_capacity_of_the_cell_is_saturated(force_n: float, tripped: bool) -> None:
    limits = SafetyLimits().narrowed(capacity_n=500.0)
    bench = Bench(limits, force_n=480.0, order={"force_n": 480.0, "ceiling_n": 600.0})
    (verdict,) = bench.ticks(1, force_n=force_n)
    assert ("force_saturated" in codes(verdict)) is tripped
    if tripped:
        (finding,) = verdict.findings
        assert (finding.measured, finding.limit) == (force_n, 500.0)


def test_an_overload_bit_states_at_least_the_capacity() -> None:
    overload = VALID | UnitFault.CHANNEL_1_OVERLOAD
    for gross_n, measured in ((100.0, 500.0), (612.0, 612.0), (None, 500.0)):
        verdict = Bench(gross_force_n=gross_n).tick(faults=overload)
        (finding,) = verdict.findings
        assert (finding.measured, finding.limit) == (measured, 500.0)


@pytest.mark.parametrize(("force_n", "tripped"), [(-19.9, False), (-20.0, False), (-20.1, True)])
def test_a_force_below_the_negative_limit_is_found(force_n: float, tripped: bool) -> None:
    bench = Bench(force_n=-19.0)
    verdict = bench.tick(force_n=force_n)
    assert ("force_negative" in codes(verdict)) is tripped


@pytest.mark.parametrize(
    ("apart_n", "ticks", "tripped"),
    [(9.9, 20, False), (10.0, 20, False), (10.1, 5, False), (10.1, 6, False), (10.1, 7, True)],
)
def test_channels_disagree_by_10_n_for_300_ms(apart_n: float, ticks: int, tripped: bool) -> None:
    for sign in (-1, 1):
        bench = Bench(force_n=90.0)
        verdicts = [
            bench.tick(
                force_n=90.0 + 0.1 * (n % 2), second_force_n=90.0 + sign * apart_n + 0.1 * (n % 2)
            )
            for n in range(ticks)
        ]
        assert ("channels_disagree" in codes(*verdicts)) is tripped
    if tripped:
        (finding,) = verdicts[-1].findings
        assert (finding.action, round(finding.measured, 3), finding.limit) == (
            Action.RELEASE,
            10.1,
            10.0,
        )


def test_above_100_n_the_channels_may_differ_by_a_tenth() -> None:
    limits = SafetyLimits()
    bench = Bench(limits, force_n=400.0)
    bench.order |= {"force_n": 400.0, "ceiling_n": 450.0}
    even = [bench.tick(force_n=400.0 + n % 2, second_force_n=360.0 + n % 2) for n in range(20)]
    assert codes(*even) == []
    assert "channels_disagree" in codes(
        *[bench.tick(force_n=400.0 + n % 2, second_force_n=359.0) for n in range(8)]
    )


def test_a_channel_that_is_gone_ends_a_disagreement() -> None:
    bench = Bench(force_n=90.0)
    found = codes(*[bench.tick(force_n=90.0 + n % 2, second_force_n=105.0) for n in range(5)])
    assert found == []
    assert codes(bench.tick(second_force_n=None), bench.tick(second_force_n=None)) == [
        "second_channel_lost"
    ]


def test_a_disagreement_that_ends_is_forgotten() -> None:
    bench = Bench()
    for _ in range(5):
        assert codes(*bench.ticks(5, second_force_n=120.0 - 8.0), bench.tick()) == []


def test_a_second_channel_that_was_gone_before_the_first_reading_is_missed() -> None:
    assert codes(Bench(second_force_n=None).tick()) == []
    bench = Bench(second_force_n=None, second_channel=True, taking_up_slack=True)
    assert codes(bench.tick()) == ["second_channel_lost"]


def test_one_channel_alone_cannot_disagree() -> None:
    assert codes(*Bench(second_force_n=None).ticks(20)) == []


@pytest.mark.parametrize(
    ("shift_n", "tripped"),
    [(4.9, False), (5.0, False), (5.1, True), (-4.9, False), (-5.1, True)],
)
def test_a_gross_force_that_moves_apart_from_the_net_one_is_a_shifted_zero(
    shift_n: float, tripped: bool
) -> None:
    bench = Bench(force_n=100.0, gross_force_n=102.0)
    bench.tick(force_n=100.0, gross_force_n=102.0)
    verdict = bench.tick(force_n=100.0, gross_force_n=102.0 + shift_n)
    assert (codes(verdict) == ["zero_shifted"]) is tripped


def test_without_a_gross_force_the_zero_is_not_covered() -> None:
    for first_n, later_n in ((None, 120.0), (120.0, None)):
        bench = Bench(gross_force_n=first_n)
        assert codes(bench.tick(gross_force_n=later_n)) == []


@pytest.mark.parametrize(
    ("force_n", "mm", "tripped"),
    [
        (-3.0, 3.1, False),
        (-3.1, 3.1, True),
        (-3.1, 3.0, False),
        (-10.0, 2.9, False),
        (3.0, 10.0, False),
    ],
)
def test_a_sign_that_is_wrong_is_seen_while_slack_is_taken_up(
    force_n: float, mm: float, tripped: bool
) -> None:
    bench = Bench(taking_up_slack=True, force_n=0.0, extension_mm=-2.0)
    verdict = bench.tick(force_n=force_n, extension_mm=-2.0 + mm)
    assert (codes(verdict) == ["sign_wrong"]) is tripped


def test_a_sign_that_proved_right_is_not_judged_again() -> None:
    bench = Bench(taking_up_slack=True, force_n=2.0, extension_mm=0.0)
    bench.ticks(3, force_n=5.0, extension_mm=1.0)
    assert codes(bench.tick(force_n=-2.0, extension_mm=9.0)) == ["tension_lost"]
    bench = Bench(taking_up_slack=True, force_n=2.0, extension_mm=0.0)
    bench.ticks(3, force_n=4.9, extension_mm=1.0)
    assert "sign_wrong" in codes(bench.tick(force_n=-2.0, extension_mm=9.0))


def test_without_a_position_the_sign_is_not_covered() -> None:
    for first, later in ((None, 9.0), (0.0, None)):
        bench = Bench(taking_up_slack=True, force_n=0.0, extension_mm=first)
        assert codes(bench.tick(force_n=-4.0, extension_mm=later)) == []


def test_without_a_force_the_sign_is_not_covered() -> None:
    for first_n, later_n in ((None, -4.0), (0.0, None)):
        bench = Bench(taking_up_slack=True, force_n=first_n, extension_mm=0.0)
        verdict = bench.tick(force_n=later_n, extension_mm=9.0)
        assert "sign_wrong" not in codes(verdict)
