"""A commissioning as ``traction commission`` files it after a passed test, with changes."""

from __future__ import annotations

from typing import Any

from controller.ports import WeightTest
from records.clinic.commissionings import (
    DAY_MS,
    ChannelResult,
    CommissionedThing,
    CommissioningRecord,
    ItemResult,
    MeasuredLine,
    file_commissioning,
)
from records.keys.signing import SigningKey
from records.store.author import Author
from records.store.record_folder import RecordFolder
from tests.support.sessions import Stage, fixed_key
from workstation.session.commissioned import unit_as_commissioned

TESTED = WeightTest(
    valid=True,
    text="weight test of 2026-11-02 by A. Example, valid for 3 days more",
    days_left=3,
)
LINE = MeasuredLine(
    answers=1200,
    lost=0,
    p50_us=20_000,
    p95_us=21_000,
    p99_us=22_000,
    longest_us=120_000,
    slowest_us=90_000,
)


def passed_record(thing: CommissionedThing, **changes: Any) -> CommissioningRecord:
    """A passed test, with 5.000 kg on one channel."""
    facts: dict[str, Any] = {
        "tested": thing,
        "title": "SIM",
        "serial": "4711",
        "address": "direct line",
        "program": "test",
        "capacity_mn": 500_000,
        "weight_g": 5_000,
        "expected_mn": 49_033,
        "channels": (ChannelResult(zero_mn=120, noise_mn=50, drift_mn=-10, weight_mn=49_010),),
        "step_ms": 180,
        "line": LINE,
        "items": (ItemResult(item="weight", state="passed", value="49.0 N", todo=""),),
        "passed": True,
    }
    return CommissioningRecord(**(facts | changes))


def filed(
    folder: RecordFolder,
    key: SigningKey,
    record: CommissioningRecord,
    *,
    at_utc_ms: int,
    by: str = "A. Example",
) -> None:
    """File the record, signed with ``key``."""
    author = Author(by=by, user="tester", at_utc_ms=at_utc_ms, key=key)
    file_commissioning(folder, author, record)


def commissioned(stage: Stage, *, days_ago: int = 0, **changes: Any) -> None:
    """Let the unit of a stage have passed its test so many days ago.

    ``changes`` apply to the record.
    """
    unit = stage.connect(stage.uri, stage.clock)
    record = passed_record(unit_as_commissioned(unit), **({"address": stage.uri} | changes))
    unit.close()
    at_utc_ms = stage.clock.utc_ms() - days_ago * DAY_MS
    filed(stage.folder, fixed_key(stage.folder), record, at_utc_ms=at_utc_ms)
