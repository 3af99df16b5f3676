"""The dose that a visit begins with: the last order's or a preset's, and its table.

Nothing here asks a person: the terminal and the console's pages share it.
"""

from __future__ import annotations

from datetime import date

from controller.errors import PrescriptionInvalid, RequestRefused
from controller.order.prescription import Region
from records.standing.appointments import day_list
from records.standing.for_session import unit_called
from records.standing.kinds import PresetRecord, UnitRecord
from records.standing.shipped import shipped_presets
from records.standing.versions import StandingData, StandingVersion
from records.store.record_folder import RecordFolder
from records.visit.next_order import DOSE_KEYS, NextOrder

PRESET, PERFORMED_BY = "preset", "performed_by"
CHANGEABLE = (*DOSE_KEYS, "set_up_by", "supervised_by")
INTEGERS = ("progressive_steps", "regressive_steps")


def presets_in_use(held: StandingData) -> list[StandingVersion[PresetRecord]]:
    """Returns the clinic's own, as it wrote them."""
    names = [each.name for each in held.all_of("preset")]
    return [each for each in map(held.preset, names) if each.record.in_use]


def preset_called(held: StandingData, name: str) -> StandingVersion[PresetRecord]:
    """Returns a preset that somebody of the clinic has taken over; raises RequestRefused."""
    if held.newest("preset", name) is None and name in shipped_presets():
        raise RequestRefused(
            f"preset {name} comes with the program and is not the clinic's yet: take it over with "
            f'`traction presets add "{name}" --by NAME`'
        )
    preset = held.preset(name)
    if not preset.record.in_use:
        raise RequestRefused(f"{preset.words}, is no longer in use; choose another one")
    return preset


def table_called(held: StandingData, name: str) -> StandingVersion[UnitRecord]:
    """Returns a table in use; raises RecordNotFound, or RequestRefused for one no longer in use."""
    table = unit_called(held, name)
    if table is None:
        known = held.found("unit", name)
        raise RequestRefused(f"{known.words}, is no longer in use; choose another table")
    return table


def booked_tables(folder: RecordFolder, held: StandingData, reference: str, day: date) -> list[str]:
    """Returns the tables in use for which the patient has an appointment on a day."""
    found = day_list(folder, day)
    appointments = found.appointments if found else ()
    booked = {each.table for each in appointments if each.reference == reference}
    return [each.name for each in held.units if each.name in booked]


def region_of(order: NextOrder) -> Region:
    """Returns the region that an order is for; raises PrescriptionInvalid."""
    try:
        return Region(str(order.values.get("region")))
    except ValueError as error:
        raise PrescriptionInvalid(
            f"region={order.values.get('region')!r} is not one of cervical, lumbar"
        ) from error
