"""An update, and the way back, over records of every format that was released.

``tests/data`` holds files that earlier versions wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from controller.errors import UpdateRefused
from controller.runtime.clock import SystemClock
from records.evidence.integrity import verify
from records.evidence.migration import recording_schema
from records.keys.signing import load_or_create_key
from records.store.clinic_file import CLINIC_SCHEMA
from records.store.database import open_for_checking, open_for_writing, schema_version
from records.store.file_digest import file_sha256
from records.store.record_folder import CLINIC, RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from tests.support.released import (
    RELEASED,
    UNIT_OF_RELEASED,
    place_released,
    take_key_of_released,
    without_its_open_session,
)
from tests.support.updating import installed_by_hand, make_clinic
from workstation.updating.altered import NOTHING_ALTERED, TakenAlong

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links"),
    pytest.mark.usefixtures("quick"),
]


class Released(NamedTuple):
    """The schemas that a version wrote."""

    unit: int
    clinic: int

    @property
    def altered(self) -> TakenAlong:
        """The orders of the sessions in the older files of ``tests/data`` never were on file."""
        if self.unit == UNIT_SCHEMA.version:
            return NOTHING_ALTERED
        return TakenAlong(names=(CLINIC,), reason="these sessions never had an order")


def of_before(released: Released, folder: RecordFolder) -> None:
    """Records as a version of before left them."""
    place_released(folder, f"unit-schema-{released.unit}.db", f"clinic-schema-{released.clinic}.db")
    take_key_of_released(folder)


def schema_of(folder: RecordFolder) -> int:
    db = open_for_checking(folder.unit_database(UNIT_OF_RELEASED), UNIT_SCHEMA)
    try:
        return schema_version(db)
    finally:
        db.close()


def write_as_the_new_version(folder: RecordFolder) -> None:
    """What the first session after the update does to the unit's file."""
    schema = recording_schema(load_or_create_key(folder), SystemClock().utc_ms)
    open_for_writing(folder.unit_database(UNIT_OF_RELEASED), schema).close()


def assert_whole(folder: RecordFolder) -> None:
    found = verify(folder)
    assert (found.sessions, found.alterations) == (1, ())


@pytest.mark.parametrize(
    "released",
    [Released(1, 1), Released(2, 1), Released(3, 2), Released(4, 2), Released(5, 2)],
    ids=lambda one: f"unit-{one.unit}-clinic-{one.clinic}",
)
def test_records_of_each_released_format_are_updated_and_gone_back_from(
    released: Released, tmp_path: Path
) -> None:
    clinic = make_clinic(tmp_path, record=lambda folder: of_before(released, folder))
    formats = {"unit": released.unit, "clinic": CLINIC_SCHEMA.version}
    installed_by_hand(clinic.there, "0.9", formats=formats)
    clinic.there.switch("0.9")
    file = clinic.records.unit_database(UNIT_OF_RELEASED)
    with pytest.raises(UpdateRefused, match=r"-2 on unit .* was interrupted"):
        clinic.update(clinic.release("1.1"))
    without_its_open_session(file)
    before = file_sha256(file)

    clinic.update(clinic.release("1.1"), altered=released.altered)
    assert clinic.said()[-1] == "updated from 0.9 to 1.1"
    assert file_sha256(file) == before, "the rehearsal is on a copy"
    assert_whole(clinic.records)
    assert clinic.back().after == "0.9"

    clinic.backup.unlink()
    clinic.update(clinic.release("1.2"), altered=released.altered)
    write_as_the_new_version(clinic.records)
    assert schema_of(clinic.records) == UNIT_SCHEMA.version
    assert_whole(clinic.records)
    if released.unit < UNIT_SCHEMA.version:
        with pytest.raises(UpdateRefused, match=f"has schema 5 since .* knows {released.unit}"):
            clinic.back()
    restored = clinic.restored(*released.altered.names)
    assert schema_of(restored) == released.unit
    assert_whole(restored)
    assert clinic.back("0.9", restored).after == "0.9"
    assert_whole(restored)


def test_every_released_file_is_among_them() -> None:
    units = {f"unit-schema-{number}.db" for number in range(1, UNIT_SCHEMA.version + 1)}
    clinics = {f"clinic-schema-{number}.db" for number in range(1, CLINIC_SCHEMA.version + 1)}
    assert {path.name for path in RELEASED.glob("*.db")} == units | clinics
