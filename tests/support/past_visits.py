"""A clinic that has treated a patient before, and whose tables have passed their weight test."""

from __future__ import annotations

from dataclasses import replace

from controller.runtime.clock import SystemClock
from firmware_bridge.connect import connect_unit
from records.keys.signing import load_or_create_key
from records.standing.kinds import UnitRecord
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.commissionings import filed, passed_record
from tests.support.reception import (
    FINDINGS,
    FIRST_TIME,
    OTHERWISE,
    medicare_patient,
    reception,
)
from tests.support.standing import example, keep
from workstation.session.commissioned import unit_as_commissioned
from workstation.visit.flow import AskedVisit, begin_visit

RETURNING = "TEST-7"
FORMER = "Table 9"
"""The table used then, which is no longer in use."""


def treated_before(records: RecordFolder) -> None:
    """A returning patient with one complete visit without findings."""
    keep(records, medicare_patient("2025-11-18", reference=RETURNING, last_name="Poe"))
    keep(records, example("unit", name=FORMER, address=ADDRESS))
    with reception(records, records.path / "claims") as held:
        held.unit = 9
        held.identifiers = replace(
            held.identifiers,
            session_id=lambda utc_ms: "20251125T000000Z-000001",
            patient_key=lambda: "c0ffee",
        )
        answers = {**FINDINGS, **OTHERWISE, **FIRST_TIME}
        begin_visit(held.desk(answers), AskedVisit(reference=RETURNING, table=FORMER))
    keep(records, example("unit", name=FORMER, address=ADDRESS, in_use=False), made_from=1)


ADDRESS = "modbus-tcp://192.0.2.9:502?unit=1"


def commissioned(records: RecordFolder) -> None:
    """Let every table in use have passed its weight test today."""
    clock = SystemClock()
    key = load_or_create_key(records)
    for table in read_standing(records).units:
        assert isinstance(table.record, UnitRecord)
        unit = connect_unit(table.record.address, clock)
        record = passed_record(unit_as_commissioned(unit), address=table.record.address)
        unit.close()
        filed(records, key, record, at_utc_ms=clock.utc_ms())
