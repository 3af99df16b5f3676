"""Which commissionings on file are valid for the connected device, and what a start makes of them.

An instrument is known by its profile and the number on its plate, a unit by its own id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from controller.errors import JournalCorrupt, UnitNotVerified
from controller.ports import ForceSource, TractionUnit, WeightTest
from controller.start.self_check import CheckItem, commissioning_item
from firmware_bridge.instruments.source import InstrumentSource
from firmware_bridge.profiles import known_profiles
from records.clinic.commissionings import (
    CommissionedThing,
    FiledCommissioning,
    Standing,
    commissionings,
    newest_of,
    standing_of,
)
from records.store.record_folder import RecordFolder
from records.times_in_words import DayOf
from workstation.session.workplace import Workplace

HOW = "do the weight test: `traction commission ADDRESS --weight ...`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is on file of a unit or an instrument, and its standing now."""

    filed: FiledCommissioning | None
    standing: Standing

    def slowest_answer_s(self, address: str) -> float | None:
        """Returns the slowest answer measured at this address; None: measure it.

        A line is identified by the address as written: another way to the same unit is another
        line.
        """
        if self.filed is None or not self.standing.valid or self.filed.record.address != address:
            return None
        slowest_us = self.filed.record.line.slowest_us
        return None if slowest_us is None else slowest_us / 1_000_000

    @property
    def weight_test(self) -> WeightTest:
        """Returns the weight test as a start judges it."""
        standing = self.standing
        return WeightTest(valid=standing.valid, text=standing.text, days_left=standing.days_left)

    @property
    def stored_zero_n(self) -> tuple[float, ...]:
        """Returns the level of the free cell then, newtons by channel; empty when not valid."""
        if self.filed is None or not self.standing.valid:
            return ()
        return tuple(channel.zero_mn / 1000 for channel in self.filed.record.channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFiled:
    """A commissioning on file and its standing now, as far as the files tell."""

    filed: FiledCommissioning
    standing: Standing


def all_known(folder: RecordFolder, utc_ms: int, day_of: DayOf) -> list[KnownFiled]:
    """The newest commissioning of each unit and instrument, in the order in which they were made.

    No device is asked: a unit's firmware is assumed to be unchanged. A profile that is missing or
    was changed since counts as changed.
    """
    newest = {one.record.tested.unit_id: one for one in commissionings(folder)}
    profiles, _ = known_profiles(folder.path)
    found = []
    for filed in newest.values():
        tested = filed.record.tested
        _, digest = profiles.get(tested.profile, (None, ""))
        now = replace(tested, profile_digest=digest)
        found.append(KnownFiled(filed=filed, standing=standing_of(filed, now, utc_ms, day_of)))
    return found


def instrument_id(profile: str, serial: str) -> str:
    """Returns the name of an instrument's file of records: 16 hex digits."""
    named = f"traction-observed-instrument/1\n{profile}\n{serial}\n"
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def unit_as_commissioned(unit: TractionUnit) -> CommissionedThing:
    """Returns the unit with everything that its commissioning is valid for."""
    identity = unit.identity
    return CommissionedThing(
        unit_id=identity.unit_id,
        profile=unit.profile_name,
        profile_digest=unit.profile_digest,
        firmware_crc=identity.firmware_crc,
        calibration_crc=identity.calibration_crc,
    )


def instrument_as_commissioned(profile: str, digest: str, serial: str) -> CommissionedThing:
    """Returns the instrument with everything that its commissioning is valid for."""
    return CommissionedThing(
        unit_id=instrument_id(profile, serial), profile=profile, profile_digest=digest
    )


def known_of(thing: CommissionedThing, workplace: Workplace) -> Known:
    """Returns what is on file. A chain that was altered vouches for nothing, and nothing holds."""
    try:
        filed = newest_of(workplace.folder, thing.unit_id)
    except JournalCorrupt as error:
        return Known(filed=None, standing=Standing(valid=False, text=error.message))
    utc_ms, day_of = workplace.clock.utc_ms(), workplace.settings.day_at
    return Known(filed=filed, standing=standing_of(filed, thing, utc_ms, day_of))


def instrument_item(source: ForceSource, known: Known, address: str) -> CheckItem:
    """Returns the result of an instrument's weight test for an observed session.

    Sets the limits of its line as measured.

    Raises UnitNotVerified for an instrument without a valid test whose profile is verified, because
    a patient may be observed with it.
    """
    slowest_s = known.slowest_answer_s(address)
    if isinstance(source, InstrumentSource) and slowest_s is not None:
        source.know_slowest_answer(slowest_s)
    if source.verified and not known.standing.valid:
        raise UnitNotVerified(
            f"instrument of profile {source.profile_name}: {known.standing.text}, and the profile "
            f"is marked verified, so that a patient may be observed with it; {HOW}"
        )
    return commissioning_item(known.weight_test, verified=source.verified)
