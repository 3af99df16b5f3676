"""Holds a visit through the pages of the console, as a browser without scripts does."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from controller.order.prescription import Region
from records.visit.screen import screen_items
from tests.support.console_bench import ConsoleBench
from workstation.session.workplace import FiledSession
from workstation.station.messages import Prepare

FINDINGS: Mapping[str, str] = {
    "symptoms": "left arm pain to the elbow",
    "rationale": "arm pain centralised with manual distraction",
    "pain_before": "6",
}
PRESET = "preset Cervical mild"


def begin(bench: ConsoleBench, reference: str = "TEST-1", **more: str) -> str:
    """A new visit; returns its address."""
    return bench.post("/visits", reference=reference, **more)


def identified(bench: ConsoleBench, visit: str) -> None:
    """Confirm that name and birth date were compared."""
    bench.post(f"{visit}/identify", way="compared", name="1", birth_date="1")


def with_dose(bench: ConsoleBench, visit: str, basis: str = PRESET, **more: str) -> None:
    """Enter an initial dose."""
    bench.post(f"{visit}/dose", basis=basis, **more)


def answers(region: Region = Region.CERVICAL) -> dict[str, str]:
    """Answer that none of the screening items applies."""
    return {f"answer {item}": "no" for item in screen_items(region)}


def screened(bench: ConsoleBench, visit: str) -> None:
    """Answer every item of the screening."""
    bench.post(f"{visit}/screen", **answers())


def at_the_order(bench: ConsoleBench, **more: str) -> str:
    """A visit whose next page is the order; returns its address."""
    visit = begin(bench, **more)
    identified(bench, visit)
    with_dose(bench, visit)
    screened(bench, visit)
    return visit


def fields_of(page: str) -> dict[str, str]:
    """The fields that the order form of a page would send unchanged."""
    form = page[page.index('id="order"') :]
    form = form[: form.index("</form>")]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        told = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        ticked = told.get("type") not in ("checkbox", "radio") or " checked" in tag
        if "name" in told and ticked:
            found[told["name"]] = unescape(told.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', form):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = unescape(chosen[1]) if chosen else ""
    return found


def check(bench: ConsoleBench, visit: str, **changes: str) -> dict[str, Any]:
    """Returns the result of the live check of the form with some fields changed."""
    form = fields_of(bench.page(f"{visit}/order"))
    answer = bench.client.post(
        f"{visit}/order/check", data={**form, **changes}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.text)
    return found


def sent(bench: ConsoleBench, visit: str, **changes: str) -> Any:
    """Returns the response to [Go to the checks] with some fields changed."""
    form = fields_of(bench.page(f"{visit}/order"))
    return bench.client.post(f"{visit}/order/start", data={**form, **FINDINGS, **changes})


def filed(bench: ConsoleBench) -> FiledSession:
    """The last session that the table was asked for."""
    asked = bench.links["Table 1"].asked[-1]
    assert isinstance(asked, Prepare)
    return FiledSession(
        session_id=asked.session_id, patient_key=asked.patient_key, order_digest=asked.order_digest
    )
