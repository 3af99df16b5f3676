"""What the soak judges; the soak itself needs real time (`make campaign-soak`)."""

from __future__ import annotations

from records.order.order_file import parse_order
from tests.campaigns.soak import Soaked, failures, order_text


def session(p999_ms: float, max_ms: float) -> dict[str, object]:
    return {"session_id": "S-1", "tick_lateness": {"p999_ms": p999_ms, "max_ms": max_ms}}


def test_lateness_is_judged_per_session() -> None:
    soaked = Soaked("lumbar", sessions=[session(50.0, 150.0), session(50.1, 150.1)])
    assert failures(soaked) == [
        "lumbar, S-1: p999_ms 50.1 (limit 50)",
        "lumbar, S-1: max_ms 150.1 (limit 150)",
    ]


def test_a_soak_without_a_session_and_an_ended_one_fail() -> None:
    assert failures(Soaked("cervical", troubles=["status 5"])) == [
        "cervical: status 5",
        "cervical: no session ended",
    ]


def test_the_orders_of_the_soak_are_valid() -> None:
    for region, force in (("cervical", "60 N"), ("lumbar", "200 N")):
        order = parse_order(order_text(region, force, 15), "soak").prescription
        assert order.treatment_s == 900.0
