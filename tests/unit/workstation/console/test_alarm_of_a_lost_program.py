"""A program that was lost left an alarm to the next one: an idle unit's page takes note of it."""

from __future__ import annotations

import re

from controller.alarms import CONTROL_GONE, RaisedAlarm
from controller.requests import AcknowledgeAlarms, AlarmOnScreen
from tests.support.console_bench import ConsoleBench
from workstation.station.messages import MadeRequest

LOST = "20261130T140000Z-aaaaaa"


def test_who_sits_there_acknowledges_with_the_session_that_was_lost(bench: ConsoleBench) -> None:
    link = bench.links["Table 1"]
    alarm = RaisedAlarm(code=CONTROL_GONE, number=1, utc_ms=0)
    link.show(session_id=LOST, alarms=(alarm,))
    bench.sit_down()
    page = bench.page("/units/Table%201")
    assert "The order of this session is being read" not in page, "none is open"
    form = page[page.index('name="session"') : page.index('value="acknowledge"')]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields["session"] == LOST
    bench.post("/units/Table%201/requests", act="acknowledge", **fields)
    (asked,) = link.asked
    assert isinstance(asked, MadeRequest)
    assert asked.session_id == LOST
    assert isinstance(asked.request, AcknowledgeAlarms)
    assert asked.request.alarms == (AlarmOnScreen(code=CONTROL_GONE, number=1),)
