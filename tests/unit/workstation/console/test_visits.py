"""A visit through its pages, from the name to the checks: what is kept, and what is refused."""

from __future__ import annotations

from tests.support.console_bench import ConsoleBench
from tests.support.console_visits import (
    FINDINGS,
    begin,
    fields_of,
    identified,
    screened,
    with_dose,
)
from workstation.station.messages import Prepare


def test_a_visit_goes_from_the_name_to_the_checks(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    assert bench.client.get(visit).headers["location"] == f"{visit}/identify"
    assert "Doe, Jane" in bench.page(f"{visit}/identify")
    identified(bench, visit)
    assert bench.client.get(visit).headers["location"] == f"{visit}/dose"
    assert "Cervical mild" in bench.page(f"{visit}/dose")
    with_dose(bench, visit)
    assert bench.client.get(visit).headers["location"] == f"{visit}/screen"
    assert "Aneurysm?" in bench.page(f"{visit}/screen")
    screened(bench, visit)
    page = bench.page(f"{visit}/order")
    form = fields_of(page)
    assert form["hold_force"] == "60 N"
    assert form["unit"] == "Table 1"
    assert form["symptoms"] == form["rationale"] == form["pain_before"] == ""
    assert bench.post(f"{visit}/order/start", **{**form, **FINDINGS}) == "/units/Table%201"
    asked = bench.links["Table 1"].asked[-1]
    assert isinstance(asked, Prepare)
    assert asked.by == "Pat Jones"
