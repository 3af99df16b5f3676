"""Each STOP of a page leads to the table whose name it has; each page has its own table's first."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from controller.runtime.clock import VirtualClock
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.reception import open_clinic
from tests.support.standing import example, keep
from workstation.console.gate import door_address
from workstation.station.stop_page import stop_path

TABLES = ("Table 1", "Table 2", "Table 3")
FORM = re.compile(
    r'<form class="stop[^"]*" method="post" action="([^"]*)" data-stops="([^"]*)"[^>]*>\s*'
    r"<button>STOP ([^<]*?)\s*<"
)


@pytest.fixture
def tables(folder: RecordFolder) -> Iterator[ConsoleBench]:
    """A clinic of three tables."""
    open_clinic(folder)
    keep(folder, example("unit", name=TABLES[0], unit_id="01" * 8), made_from=1)
    for number, name in enumerate(TABLES[1:], 2):
        place = {"address": f"modbus-tcp://192.0.2.{number}:502", "unit_id": f"0{number}" * 8}
        keep(folder, example("unit", name=name, **place))
    with console_bench(folder, VirtualClock()) as bench:
        yield bench


@pytest.mark.parametrize("own", TABLES)
def test_each_stop_of_a_table_s_page_leads_where_it_says(tables: ConsoleBench, own: str) -> None:
    door = door_address("http", "127.0.0.1", tables.site.settings.stop_port)
    forms = FORM.findall(tables.page(f"/units/{own}"))
    others = [each for each in TABLES if each != own]
    assert forms == [(door + stop_path(name), name, name) for name in (own, *others)]
