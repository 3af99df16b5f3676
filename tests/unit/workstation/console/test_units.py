"""What a unit keeps of what is asked on pages."""

from __future__ import annotations

from controller.requests import AdjustForce, CheckIn, Remark
from controller.snapshot import Snapshot
from tests.support.console_bench import ConsoleBench
from tests.support.unit_stages import HOLDING
from workstation.station.messages import Followed

SESSION = "20261130T140000Z-aaaaaa"


def test_what_was_asked_stands_in_the_chart_once_it_was_followed(bench: ConsoleBench) -> None:
    unit, link = bench.site.units["Table 1"], bench.links["Table 1"]
    link.snapshot = Snapshot(number=1, utc_ms=0, **HOLDING)
    link.follows = None
    sent = unit.request(SESSION, AdjustForce(by="Pat Jones", change_n=-5.0), "less")
    unit.keep()
    assert unit.chart.marks == []
    link.follows = Followed.FOLLOWED
    unit.request(SESSION, CheckIn(by="Pat Jones"), "looked")
    unit.request(SESSION, CheckIn(by="Pat Jones"), "looked")
    unit.request(SESSION, Remark(by="Pat Jones", text="is asleep"), "said")
    link.follows = Followed.REFUSED
    unit.request(SESSION, AdjustForce(by="Pat Jones", change_n=5.0), "more")
    unit.keep()
    assert [each.text for each in unit.chart.marks] == ["check-in"]
    answered = unit.asked("looked")
    assert answered is not None
    sent.outcome = answered.outcome
    unit.keep()
    unit.keep()
    assert [each.text for each in unit.chart.marks] == ["check-in", "force changed"]
