"""A probe of one address, and a commissioning that follows it: connect, test, file, close."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from controller.errors import AddressInvalid, RequestRefused, UnitBusy
from controller.start.self_check import CheckItem
from firmware_bridge.commissioning.guided import Guide, KnownLoad, LoadTested, hang_and_lift
from firmware_bridge.commissioning.probe import (
    Probed,
    open_to_measure,
    probe_instrument,
    probe_unit,
)
from firmware_bridge.commissioning.readers import InstrumentReader, UnitReader
from firmware_bridge.commissioning.readings import ForceReader
from firmware_bridge.commissioning.round_trips import ENOUGH_TRIPS, RoundTrips, TripTimes
from firmware_bridge.commissioning.who import UNIT, Tried, find_out, not_one
from firmware_bridge.connect import connect_unit
from firmware_bridge.line.line import Capture
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import DeviceProfile, find_profile, known_profiles
from firmware_bridge.units.map_unit import MapUnit
from records.clinic.commissionings import (
    ChannelResult,
    CommissionedThing,
    CommissioningRecord,
    ItemResult,
    MeasuredLine,
    Standing,
    file_commissioning,
)
from records.keeping.private_check import check_private
from records.store.author import Author
from records.store.unit_lock import UnitLock
from workstation.session.commissioned import (
    Known,
    instrument_as_commissioned,
    known_of,
    unit_as_commissioned,
)
from workstation.session.opening import PROGRAM
from workstation.session.workplace import Workplace

UNIT_SETTLING_S: Final = 0.5
"""Three time constants of 60 ms and the sample's age; a unit has no setting of its own for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is probed: the address, the profile's name ("": find out), the number on the plate.

    ``capture`` receives every byte.
    """

    address: str
    profile: str = ""
    serial: str = ""
    capture: Capture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What a probe found, and what is on file. ``thing`` is None for an instrument without number.

    ``tried`` are the profiles that were tried, none where one was named.
    """

    profile: DeviceProfile
    digest: str
    probed: Probed
    thing: CommissionedThing | None
    known: Known | None
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissioned:
    """A commissioning: the probe, both tests, and what was filed (None: there was no reading)."""

    probe: ProbeResult
    tested: LoadTested
    record: CommissioningRecord | None
    standing: Standing | None

    @property
    def items(self) -> tuple[CheckItem, ...]:
        """Returns everything that was judged."""
        return self.tested.behind(self.probe.probed.items)

    @property
    def passed(self) -> bool:
        """Returns True when a patient may be treated."""
        return self.record is not None and self.record.passed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """The connected device; ``reader`` reads its ``channels``, ``run`` is the probe."""

    thing: CommissionedThing | None
    title: str
    serial: str
    known: Known | None
    reader: ForceReader
    capacity_n: float | None
    settling_s: float
    run: Callable[[Callable[[], bool]], Probed]


def probe(asked: Asked, workplace: Workplace) -> ProbeResult:
    """Read and judge, write nothing; raises TractionError."""
    profile, digest, tried = _profile_at(asked, workplace)
    with _connected(asked, profile, digest, workplace, RoundTrips(asked.capture)) as one:
        workplace.warn("watching the free cell for 60 s: leave it alone")
        probed = one.run(lambda: True)
    return ProbeResult(
        profile=profile,
        digest=digest,
        probed=probed,
        thing=one.thing,
        known=one.known,
        tried=tried,
    )


def commission(
    asked: Asked,
    workplace: Workplace,
    guide: Guide,
    author: Author,
    *,
    weight_kg: float,
    capacity_n: float | None,
) -> Commissioned:
    """Probe, have the weight hung and lifted off, file the result; raises TractionError."""
    check_private(workplace.folder, workplace.settings.readers_group)
    profile, digest, tried = _profile_at(asked, workplace)
    trips = RoundTrips(asked.capture)
    with _connected(asked, profile, digest, workplace, trips) as one:
        load = _load(one, weight_kg, capacity_n)
        if one.thing is None:
            raise RequestRefused(
                "an instrument does not say who it is; give the number on its plate with --serial"
            )
        workplace.warn(
            f"watching the free cell for 60 s and {ENOUGH_TRIPS} answers: leave it alone"
        )
        probed = one.run(lambda: trips.exchanges >= ENOUGH_TRIPS)
        tested = LoadTested(items=())
        if probed.good and probed.watched is not None:
            zero_n = [channel.mean_n for channel in probed.watched.channels]
            tested = hang_and_lift(one.reader, workplace.clock, guide, zero_n, load)
    result = ProbeResult(
        profile=profile,
        digest=digest,
        probed=probed,
        thing=one.thing,
        known=one.known,
        tried=tried,
    )
    record = _record(asked.address, one, result, tested, load)
    if record is None:
        return Commissioned(probe=result, tested=tested, record=None, standing=None)
    file_commissioning(workplace.folder, author, record)
    known = known_of(one.thing, workplace)
    return Commissioned(probe=result, tested=tested, record=record, standing=known.standing)


# --- who is there -----------------------------------------------------------------------------


def _profile_at(asked: Asked, workplace: Workplace) -> tuple[DeviceProfile, str, tuple[Tried, ...]]:
    """Returns the named profile, else the only one that fits; raises TractionError."""
    folder = workplace.folder.path
    if asked.profile:
        return *find_profile(asked.profile, folder), ()
    known, refusals = known_profiles(folder)
    for refusal in refusals:
        workplace.warn(f"left out: {refusal}")
    tried = find_out(asked.address, known, workplace.clock, asked.capture, workplace.warn)
    fitting = [one for one in tried if one.fits]
    if len(fitting) != 1:
        raise not_one(asked.address, tried)
    return *known[fitting[0].name], tuple(tried)


@contextmanager
def _connected(
    asked: Asked,
    profile: DeviceProfile,
    digest: str,
    workplace: Workplace,
    trips: RoundTrips,
) -> Iterator[_Open]:
    """Connect, and always release the port at the end."""
    if isinstance(profile, TractionUnitProfile):
        if profile.name != UNIT:
            raise AddressInvalid(
                f"profile {profile.name}: units are driven by {UNIT} only; name that one"
            )
        unit = connect_unit(asked.address, workplace.clock, workplace.warn, trips)
        try:
            _check_nobody_drives(unit.identity.unit_id, workplace)
            yield _open_unit(unit, workplace, trips)
        finally:
            unit.close()
        return
    thing = None
    if asked.serial:
        thing = instrument_as_commissioned(profile.name, digest, asked.serial)
        _check_nobody_drives(thing.unit_id, workplace)
    source = open_to_measure(asked.address, profile, digest, workplace.clock, trips, workplace.warn)
    try:
        known = _known(thing, workplace)
        yield _Open(
            thing=thing,
            title=profile.title,
            serial=asked.serial,
            known=known,
            reader=InstrumentReader(source),
            capacity_n=None,
            settling_s=profile.timing.settling_ms / 1000,
            run=lambda enough: probe_instrument(
                source,
                profile,
                workplace.clock,
                trips=trips,
                stored_zero_n=known.stored_zero_n if known else (),
                enough=enough,
            ),
        )
    finally:
        source.close()


def _check_nobody_drives(unit_id: str, workplace: Workplace) -> None:
    """Check that no session drives it; only looks at the lock and reads the unit's state."""
    if UnitLock(workplace.folder.unit_database(unit_id)).is_held():
        raise UnitBusy(
            f"a session is open on this workstation, perhaps on unit {unit_id}: no other "
            "unit is asked meanwhile; try again when it has ended"
        )


def _open_unit(unit: MapUnit[UnitLink], workplace: Workplace, trips: RoundTrips) -> _Open:
    thing = unit_as_commissioned(unit)
    known = _known(thing, workplace)
    return _Open(
        thing=thing,
        title=unit.identity.model,
        serial=str(unit.identity.serial_number),
        known=known,
        reader=UnitReader(unit, workplace.clock),
        capacity_n=unit.capabilities.cell_capacity_n,
        settling_s=UNIT_SETTLING_S,
        run=lambda enough: probe_unit(
            unit,
            workplace.clock,
            trips=trips,
            stored_zero_n=known.stored_zero_n if known else (),
            enough=enough,
        ),
    )


def _known(thing: CommissionedThing | None, workplace: Workplace) -> Known | None:
    return None if thing is None else known_of(thing, workplace)


# --- what is filed ----------------------------------------------------------------------------


def _load(one: _Open, weight_kg: float, capacity_n: float | None) -> KnownLoad:
    capacity_n = one.capacity_n or capacity_n
    if capacity_n is None:
        raise RequestRefused(
            "the capacity of the cell is not known; give the value on its plate with --capacity, "
            'for instance "1000 N"'
        )
    load = KnownLoad(weight_kg=weight_kg, capacity_n=capacity_n, settling_s=one.settling_s)
    if load.expected_n > capacity_n:
        raise RequestRefused(
            f"--weight {weight_kg:g} kg is {load.expected_n:z.0f} N, above the cell's capacity of "
            f"{capacity_n:z.0f} N; hang less"
        )
    return load


def _record(
    address: str, one: _Open, result: ProbeResult, tested: LoadTested, load: KnownLoad
) -> CommissioningRecord | None:
    """Returns the result in integers; None where there was never a reading."""
    probed = result.probed
    if one.thing is None or probed.watched is None or probed.times is None:
        return None
    items = tested.behind(probed.items)
    added = [*(_milli(force_n) for force_n in tested.added_n), *[None] * 2]
    return CommissioningRecord(
        tested=one.thing,
        title=one.title,
        serial=one.serial,
        address=address,
        program=f"{PROGRAM} {version(PROGRAM)}",
        capacity_mn=_milli(load.capacity_n),
        weight_g=_milli(load.weight_kg),
        expected_mn=_milli(load.expected_n),
        channels=tuple(
            ChannelResult(
                zero_mn=_milli(channel.mean_n),
                noise_mn=_milli(channel.noise_n),
                drift_mn=_milli(channel.drift_n),
                weight_mn=weight_mn,
            )
            for channel, weight_mn in zip(probed.watched.channels, added, strict=False)
        ),
        step_ms=None if tested.step_s is None else _milli(tested.step_s),
        line=_measured(probed.times),
        items=tuple(
            ItemResult(item=item.name, state=item.state.value, value=item.value, todo=item.todo)
            for item in items
        ),
        passed=probed.good and tested.passed,
    )


def _measured(times: TripTimes) -> MeasuredLine:
    slowest_s = times.slowest_answer_s
    return MeasuredLine(
        answers=times.trips,
        lost=times.lost,
        p50_us=_micro(times.p50_s),
        p95_us=_micro(times.p95_s),
        p99_us=_micro(times.p99_s),
        longest_us=_micro(times.longest_s),
        slowest_us=None if slowest_s is None else _micro(slowest_s),
    )


def _milli(value: float) -> int:
    return round(value * 1000)


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)
