"""What is remembered of the exchanges of the last 10 s."""

from __future__ import annotations

import pytest

from controller.safety.limits import SafetyLimits
from controller.safety.link_memory import LINK_WINDOW_S, LinkMemory
from tests.unit.controller.builders import health

TICK_S = 0.05


class Exchanges:
    """A link memory that gets one exchange a tick."""

    def __init__(self) -> None:
        self.link = LinkMemory(SafetyLimits())
        self.now_s = 100.0

    def one(self, *, missed: bool = False, **host: float) -> None:
        self.now_s += TICK_S
        self.link.take(health(**host), self.now_s, missed=missed)

    def some(self, missed: str) -> LinkMemory:
        """One exchange for each letter; an ``x`` is missed."""
        for letter in missed:
            self.one(missed=letter == "x")
        return self.link


def test_a_share_is_that_of_the_exchanges_of_10_s() -> None:
    assert LINK_WINDOW_S == 10.0
    exchanges = Exchanges()
    link = exchanges.some("x..x")
    assert link.share(link.missed) == pytest.approx(2 / 200)
    exchanges.one(missed=True, tick_s=0.1)
    assert link.share(link.missed) == pytest.approx(3 / 100)


@pytest.mark.parametrize(
    ("missed", "pairs"),
    [("", 0), ("x.x.x", 0), ("xx", 1), ("xxx", 1), ("xxxx", 1), ("xx.xx", 2), ("x.xx.xxx.x", 2)],
)
def test_a_gap_of_two_or_more_is_one_pair(missed: str, pairs: int) -> None:
    exchanges = Exchanges()
    assert exchanges.some(missed).missed_pairs.count(exchanges.now_s) == pairs


@pytest.mark.parametrize(("exchange_s", "slow"), [(0.0299, 0), (0.03, 0), (0.0301, 1)])
def test_an_exchange_is_slow_above_six_tenths_of_a_tick(exchange_s: float, slow: int) -> None:
    exchanges = Exchanges()
    exchanges.one(exchange_s=exchange_s)
    assert exchanges.link.slow.count(exchanges.now_s) == slow


def test_each_answer_of_another_request_counts_once() -> None:
    exchanges = Exchanges()
    for mismatches, count in ((0, 0), (2, 2), (2, 2), (3, 3)):
        exchanges.one(mismatches=mismatches)
        assert exchanges.link.mixed_up.count(exchanges.now_s) == count


def test_trouble_lasts_while_too_many_are_missed_or_pairs_come_again() -> None:
    exchanges = Exchanges()
    assert exchanges.some("x." * 10).troubled.lasting_s(exchanges.now_s) == 0.0
    exchanges.some("x")
    assert exchanges.some("..").troubled.lasting_s(exchanges.now_s) == pytest.approx(0.1)
    again = Exchanges()
    assert again.some("xx.x").troubled.lasting_s(again.now_s) == 0.0
    again.some("x")
    assert again.some("....").troubled.lasting_s(again.now_s) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("steps", "sent"),
    [
        ([1, 1, 1], [1, 1, 1]),
        ([0, 1, 2], [1, 2, 1]),
        ([0, 0, 3, 1], [1, 2, 3, 1]),
        ([0, 0, 1, 1], [1, 2, 3, 1]),
        ([5, 1], [1, 1]),
    ],
)
def test_what_the_unit_did_not_accept_yet_may_come_with_the_next_reading(
    steps: list[int], sent: list[int]
) -> None:
    exchanges, told = Exchanges(), []
    assert exchanges.link.sent_before_reading == 0
    for count in steps:
        exchanges.one()
        exchanges.link.accepted(count)
        told.append(exchanges.link.sent_before_reading)
    assert told == sent


def test_commands_of_missed_readings_were_sent_too() -> None:
    exchanges = Exchanges()
    exchanges.some("xx.").accepted(3)
    assert exchanges.link.sent_before_reading == 3


def test_answers_of_another_request_count_from_the_first_exchange_on() -> None:
    exchanges = Exchanges()
    exchanges.one(mismatches=2)
    assert exchanges.link.mixed_up.count(exchanges.now_s) == 2
