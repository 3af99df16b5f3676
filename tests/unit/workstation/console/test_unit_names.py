"""What the clinic calls the unit of a session."""

from __future__ import annotations

import pytest

from records.standing.kinds import UnitRecord
from tests.support.standing import example
from workstation.console.unit_names import called_by_clinic

UNIT = "1a2b00ffee00c0ff"
ADDRESS = "modbus-tcp://192.0.2.5:502?unit=1"


def table(name: str, unit_id: str | None, address: str = ADDRESS) -> UnitRecord:
    record = example("unit", name=name, unit_id=unit_id, address=address)
    assert isinstance(record, UnitRecord)
    return record


@pytest.mark.parametrize(
    ("tables", "uri", "called"),
    [
        ([table("Table 1", UNIT)], "", "Table 1"),
        ([table("Table 1", None)], ADDRESS, "Table 1"),
        ([table("Table 1", None), table("Table 2", UNIT, "serial:x")], ADDRESS, "Table 2"),
        ([table("Table 1", "0a" * 8)], ADDRESS, "unit 1a2b…"),
        ([table("Table 1", None)], "", "unit 1a2b…"),
        ([], ADDRESS, "unit 1a2b…"),
    ],
)
def test_a_unit_is_called_as_its_table(tables: list[UnitRecord], uri: str, called: str) -> None:
    assert called_by_clinic(UNIT, tables, uri) == called
