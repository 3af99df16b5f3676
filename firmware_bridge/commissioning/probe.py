"""A probe: identifies the device at an address, its settings and 60 s of its unloaded cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from controller.errors import InstrumentFaulted, LinkError, LinkLost, UnitBusy, UnitFaulted
from controller.ports import WATCHDOG_S, Clock
from controller.start.self_check import (
    CheckItem,
    CheckState,
    identity_item,
    judged,
    second_channel_item,
)
from controller.start.unit_word import unit_word_items
from firmware_bridge.commissioning.items import (
    InstrumentProfile,
    answers_item,
    fault_item,
    instrument_items,
    watched_items,
)
from firmware_bridge.commissioning.readers import InstrumentReader, UnitReader
from firmware_bridge.commissioning.readings import DRIFT_S, ForceReader, Watched, watch
from firmware_bridge.commissioning.round_trips import LISTENED_S, RoundTrips, TripTimes
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.force_decoding.registers import RegisterImage
from firmware_bridge.instruments.gauge import GaugeSource
from firmware_bridge.instruments.transmitter import TransmitterSource
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.units.map_unit import MapUnit

Enough = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a probe found. ``watched`` and ``times`` are None if it ended before."""

    items: tuple[CheckItem, ...]
    watched: Watched | None = None
    times: TripTimes | None = None

    @property
    def good(self) -> bool:
        """True if nothing was found that prevents use."""
        return not any(item.state is CheckState.FAILED for item in self.items)


def open_to_measure(
    uri: str,
    profile: InstrumentProfile,
    digest: str,
    clock: Clock,
    trips: RoundTrips,
    say: Callable[[str], None] = lambda _: None,
) -> TransmitterSource | GaugeSource:
    """Open an instrument with a timeout long enough to measure how late its answers come.

    ``say`` is called with anything that could not be checked.
    """
    source = connect_instrument(uri, profile, digest, clock, trips, say)
    source.listen_for(LISTENED_S)
    return source


def probe_instrument(
    source: TransmitterSource | GaugeSource,
    profile: InstrumentProfile,
    clock: Clock,
    *,
    trips: RoundTrips,
    stored_zero_n: Sequence[float] = (),
    enough: Enough = lambda: True,
) -> Probed:
    """Read and judge an instrument without writing; a reported fault becomes an item, not an error.

    Raises LinkError if no valid answer comes at all.
    """
    reader = InstrumentReader(source)
    shown: list[CheckItem] = []
    try:
        ask_twice(reader)
        shown = instrument_items(profile, registers_of(source))
        trips.forget()
        watched = watch(reader, clock, DRIFT_S, enough)
    except InstrumentFaulted as error:
        failed = fault_item(error)
        return Probed(items=(*(item for item in shown if item.name != failed.name), failed))
    return _result(reader, shown, watched, trips, stored_zero_n, always_moves=False)


def probe_unit(
    unit: MapUnit[UnitLink],
    clock: Clock,
    *,
    trips: RoundTrips,
    stored_zero_n: Sequence[float] = (),
    enough: Enough = lambda: True,
) -> Probed:
    """Read and judge an identified unit in the same way.

    Raises UnitBusy if it is not at rest, or LinkError.
    """
    reader = UnitReader(unit, clock)
    ask_twice(reader)
    days = unit.capabilities.days_since_stop_test
    shown = [
        identity_item(unit.identity),
        *unit_word_items(unit.capabilities, watchdog_s=WATCHDOG_S),
        second_channel_item(unit.capabilities),
        judged("unit", True, "0.1 N, fixed by the register map", ""),
        judged("word_order", True, "high first; its order and sign probes are right", ""),
        judged("stop_test", True, f"{days} days ago as reported by the unit", ""),
    ]
    unit.link.timeout_s, kept_s = LISTENED_S, unit.link.timeout_s
    try:
        trips.forget()
        watched = watch(reader, clock, DRIFT_S, enough)
    finally:
        unit.link.timeout_s = kept_s
    always_moves = unit.capabilities.force_shows_noise
    return _result(reader, shown, watched, trips, stored_zero_n, always_moves=always_moves)


def ask_twice(reader: ForceReader) -> None:
    """Read once; a failed request is repeated once, and then its error counts.

    The repeat is not affected by remains of an earlier request in the input of a slave or a gauge.
    Raises LinkError, InstrumentFaulted, UnitBusy or UnitFaulted.
    """
    try:
        reader.read()
    except (LinkLost, UnitBusy):
        raise
    except (LinkError, UnitFaulted):
        reader.read()


def registers_of(source: TransmitterSource | GaugeSource) -> RegisterImage | None:
    """Returns the latest registers of a transmitter; None for a gauge."""
    return source.image if isinstance(source, TransmitterSource) else None


def _result(
    reader: ForceReader,
    shown: list[CheckItem],
    watched: Watched,
    trips: RoundTrips,
    stored_zero_n: Sequence[float],
    *,
    always_moves: bool,
) -> Probed:
    times = trips.times()
    times = replace(times, lost=max(times.lost, watched.failed))
    items = [
        *shown,
        *watched_items(watched, stored_zero_n, always_moves=always_moves),
        answers_item(times, reader.period_s),
    ]
    return Probed(items=tuple(items), watched=watched, times=times)
