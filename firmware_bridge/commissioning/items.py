"""The items that a probe judges: settings of an instrument, zero, noise, drift, answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.errors import InstrumentFaulted
from controller.start.self_check import ZERO_LIMIT_N, CheckItem, CheckState, judged
from controller.telemetry import InstrumentFault
from firmware_bridge.commissioning.readings import Watched
from firmware_bridge.commissioning.round_trips import TripTimes
from firmware_bridge.force_decoding.registers import RegisterImage, decode_registers
from firmware_bridge.instruments.liveliness import FROZEN_S
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile

InstrumentProfile = TransmitterProfile | GaugeProfile

NOISE_LIMIT_N: Final = 1.0
"""Equal to the permitted error of the known weight: with more, the test would judge noise; ours."""
DRIFT_LIMIT_N: Final = 1.0
"""In 60 s, for the same reason; our choice."""
LOST_SHARE: Final = 0.01
"""A fifth of the share that ends a session within 10 s (hazards.md, row 2); our choice."""
IMPLAUSIBLE_N: Final = 10_000.0
"""Twice the range of the largest gauges; no cell of a traction table carries so much; ours."""
_OF_FAULT: Final = {
    InstrumentFault.OTHER_UNIT: "unit",
    InstrumentFault.OTHER_FAMILY: "instrument",
    InstrumentFault.OTHER_LINE: "instrument",
    InstrumentFault.REFUSED_REQUEST: "instrument",
    InstrumentFault.UNKNOWN_CODE: "instrument",
    InstrumentFault.NO_NUMBER: "instrument",
    InstrumentFault.CHECKSUM: "instrument",
    InstrumentFault.ZERO_TRACKING: "settings",
    InstrumentFault.COMPRESSION_ONLY: "settings",
    InstrumentFault.PEAK_HOLD: "settings",
    InstrumentFault.NO_ZERO: "settings",
    InstrumentFault.TARE_ACTIVE: "settings",
    InstrumentFault.NOT_CALIBRATED: "settings",
    InstrumentFault.DECIMALS_CHANGED: "settings",
    InstrumentFault.SIGN_INVERTED: "sign",
    InstrumentFault.OUT_OF_RANGE: "word_order",
}
"""The item that a fault fails; faults that are not listed fail the cell."""
NOT_THIS_MODEL: Final = frozenset(
    fault for fault, item in _OF_FAULT.items() if item in ("instrument", "word_order")
)
"""Faults that indicate another model at the address rather than a wrong setting of this one."""


def fault_item(error: InstrumentFaulted) -> CheckItem:
    """Returns the item that the reported fault of an instrument fails."""
    fault = InstrumentFault(error.fault)
    return judged(_OF_FAULT.get(fault, "cell"), False, error.message, "then probe again")


def instrument_items(profile: InstrumentProfile, image: RegisterImage | None) -> list[CheckItem]:
    """Returns the items that one good reading of an instrument settles.

    ``image``: its registers, if it has any.
    """
    models = ", ".join(profile.models)
    return [
        CheckItem(
            name="instrument",
            state=CheckState.NOT_COVERED,
            value=f"reads as {profile.title} ({profile.name}); it does not identify itself",
            todo=f"compare the plate: {models}",
        ),
        _settings_item(profile),
        _unit_item(profile),
        word_order_item(profile, image),
    ]


def _settings_item(profile: InstrumentProfile) -> CheckItem:
    """Returns the item of the held settings, all of which were compared before the reading."""
    held = "; ".join(held.means for held in profile.held)
    if held:
        return judged("settings", True, held, "")
    return CheckItem(
        name="settings",
        state=CheckState.NOT_COVERED,
        value="its settings cannot be read over the line",
        todo="look at its menu: " + (" ".join(profile.caveats) or "zero tracking off"),
    )


def _unit_item(profile: InstrumentProfile) -> CheckItem:
    expected = profile.unit.expected
    if profile.unit.where != "constant":
        return judged("unit", True, f"{expected}, compared with every sample", "")
    return CheckItem(
        name="unit",
        state=CheckState.NOT_COVERED,
        value=f"must be {expected}; the instrument does not report it",
        todo="do the weight test: `traction commission`",
    )


def word_order_item(profile: InstrumentProfile, image: RegisterImage | None) -> CheckItem:
    """Checks the order of two words; only a value that is impossible when swapped proves it."""
    if not isinstance(profile, TransmitterProfile) or image is None:
        return judged("word_order", True, "text, as it is displayed", "")
    if profile.net.word_order is None:
        return judged("word_order", True, f"{profile.net.type}: nothing to swap", "")
    order = profile.net.word_order.replace("_", " ")
    try:
        other_n = decode_registers(_swapped(profile), image).net_n
    except InstrumentFaulted:
        return judged("word_order", True, f"{order}; swapped it would be no reading", "")
    if abs(other_n) > IMPLAUSIBLE_N:
        return judged("word_order", True, f"{order}; swapped it would be {other_n:z.0f} N", "")
    return CheckItem(
        name="word_order",
        state=CheckState.NOT_COVERED,
        value=f"{order} as the profile says; this reading does not show it",
        todo="do the weight test: `traction commission`",
    )


def _swapped(profile: TransmitterProfile) -> TransmitterProfile:
    other = "low_first" if profile.net.word_order == "high_first" else "high_first"
    return profile.model_copy(
        update={"net": profile.net.model_copy(update={"word_order": other}), "gross": None}
    )


def watched_items(
    watched: Watched, stored_zero_n: Sequence[float], *, always_moves: bool
) -> list[CheckItem]:
    """Judges zero (against the stored one, else 0), noise and drift of an unloaded cell.

    There is an item for each channel. ``always_moves``: the value is a converter's count, whose
    noise always shows, so that a constant value is stuck; a display may show the same number for
    minutes.
    """
    channels = watched.channels
    zeros = [*stored_zero_n, *[0.0] * len(channels)]
    names = [f" of channel {n}" for n in range(1, len(channels) + 1)] if channels[1:] else [""]
    levels, noises, drifts = [], [], []
    for name, channel in zip(names, channels, strict=True):
        levels.append(f"{channel.mean_n:z.2f} N{name}")
        noises.append(f"{channel.noise_n:z.3f} N{name}")
        drifts.append(f"{channel.drift_n:+z.2f} N in 60 s{name}")
    at_zero = all(abs(c.mean_n - z) <= ZERO_LIMIT_N for c, z in zip(channels, zeros, strict=False))
    still = all(abs(c.drift_n) <= DRIFT_LIMIT_N for c in channels)
    stood = "free cell: at most 3 N from its stored zero; take everything off, set it to zero"
    return [
        judged("zero", at_zero, ", ".join(levels), stood),
        _noise_item(watched, ", ".join(noises), always_moves=always_moves),
        judged(
            "drift",
            still,
            ", ".join(drifts),
            f"at most {DRIFT_LIMIT_N:g} N: let it warm up for 30 min, keep the cable still, "
            "look for something that touches the cell",
        ),
    ]


def _noise_item(watched: Watched, value: str, *, always_moves: bool) -> CheckItem:
    channels = watched.channels
    still_s = max(channel.still_s for channel in channels)
    if still_s >= FROZEN_S and always_moves:
        value = f"{value}: not one step in {still_s:.1f} s"
        return judged("noise", False, value, "it is stuck: have it checked")
    if still_s >= watched.lasted_s:
        return CheckItem(
            name="noise",
            state=CheckState.NOT_COVERED,
            value=f"{value}: the display stands still",
            todo="only a changing force shows that it works: `traction commission`",
        )
    quiet = all(channel.noise_n <= NOISE_LIMIT_N for channel in channels)
    todo = f"at most {NOISE_LIMIT_N:g} N: check shield, earth and filter, keep the cell still"
    return judged("noise", quiet, value, todo)


def answers_item(times: TripTimes, period_s: float) -> CheckItem:
    """Judges round trips by percentiles, and the share of lost answers."""
    total = times.trips + times.lost
    value = (
        f"{times.p50_s * 1000:.1f} ms (50 %), {times.p95_s * 1000:.1f} ms (95 %), "
        f"{times.p99_s * 1000:.1f} ms (99 %), {times.p999_s * 1000:.1f} ms (99.9 %), longest "
        f"{times.longest_s * 1000:.1f} ms of {total}; {times.lost} without a valid answer"
    )
    good = times.lost <= LOST_SHARE * total and times.p99_s <= period_s
    todo = (
        f"at most {LOST_SHARE:.0%} without one, and 99 % within the poll period of "
        f"{period_s * 1000:.0f} ms: check cable, baud rate, the adapter's latency timer and the "
        "gateway"
    )
    return judged("answers", good, value, todo)
