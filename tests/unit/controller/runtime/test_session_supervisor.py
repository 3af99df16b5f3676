"""What the session tells its supervisor of the unit: the rate down and the second channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.events import EventKind
from controller.order.planner import plan
from controller.order.prescription import Prescription
from controller.runtime.lateness import Lateness
from controller.runtime.session import Session
from controller.telemetry import Telemetry
from tests.safety.obedient_unit import ORDER
from tests.unit.controller.builders import start_facts
from tests.unit.controller.runtime.test_session import SessionBench


class OrderedBench(SessionBench):
    """A session of another order."""

    def __init__(self, order: Prescription) -> None:
        super().__init__()
        self.session = Session(
            ports=self.ports(),
            plan=plan(order),
            facts=start_facts(identified_at_s=self._started_s),
            lateness=Lateness(),
        )


@pytest.mark.parametrize(("rate_down", "after_s"), [(20.0, 3.5), (10.0, 4.0)])
def test_a_release_is_judged_by_the_rate_at_which_the_unit_was_armed_to_come_down(
    rate_down: float, after_s: float
) -> None:
    """60 N that stay.

    10 N more than the ramp has left a second and 10 N / rate after the order, and found when that
    has lasted for 2 s.
    """
    bench = OrderedBench(replace(ORDER, ramp_down_n_per_s=rate_down))

    def jam(since_s: float | None) -> None:
        if since_s is not None and since_s > 12.0 and not bench.details(EventKind.SAFETY_ACTED):
            bench.unit.changes = {"force_n": 60.0 + 0.1 * (len(bench.unit.attempts) % 2)}

    bench.each_exchange = jam
    bench.run()
    assert [detail["code"] for detail in bench.details(EventKind.SAFETY_ACTED)] == ["release_slow"]
    ordered_ms, found_ms = (
        next(event.at_ms for event in bench.journal.events if event.kind is kind)
        for kind in (EventKind.RELEASE_ORDERED, EventKind.SAFETY_ACTED)
    )
    assert (found_ms - ordered_ms) / 1000 == pytest.approx(after_s, abs=0.2)


def test_a_second_channel_that_the_unit_says_it_has_is_missed_from_the_first_tick_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = SessionBench()
    find_order = bench.unit.find_order

    def find_without_it(ceiling_n: float) -> Telemetry:
        return replace(find_order(ceiling_n), second_force_n=None)

    monkeypatch.setattr(bench.unit, "find_order", find_without_it)

    def lose(since_s: float | None) -> None:
        if since_s is not None:
            bench.unit.changes = {"second_force_n": None}

    bench.each_exchange = lose
    ending = bench.run()
    assert ending.reason == "second channel lost"
    assert {detail["code"] for detail in bench.details(EventKind.SAFETY_ACTED)} == {
        "second_channel_lost"
    }
