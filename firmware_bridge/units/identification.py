"""Identifies the unit at the address and its capabilities before anything is written (B.1, B.2).

Every refusal names what was found, what was expected and what to check.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from controller.errors import FrameCorrupt, LinkError, LinkLost, UnitNotVerified, UnitRejected
from controller.ports import UnitCapabilities, UnitIdentity
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.modbus.registers import RegisterBlock, words_to_bytes
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.units.reading import read_block

ATTEMPTS: Final = 4
"""After the third failure the line is kept silent, so that a unit can resynchronise."""
EPOCH = date(2000, 1, 1)
SECOND_CHANNEL_FEATURE: Final = 1 << 2
SWITCH_SENSED_FEATURE: Final = 1 << 4
SWITCH_TWO_CHANNEL_FEATURE: Final = 1 << 5
EMERGENCY_STOP_FEATURE: Final = 1 << 6
POWER_LOSS_FEATURE: Final = 1 << 8
READ_WRITE_FEATURE: Final = 1 << 12


def read_identity(
    link: UnitLink, profile: TractionUnitProfile, *, attempts: int = ATTEMPTS
) -> UnitIdentity:
    """Registers 0x00-0x1F; raises UnitNotVerified or LinkError."""
    block = profile.block("identity")
    words = _read_patiently(link, block, attempts)
    _check_magic(profile, words_to_bytes(words))
    _check_probes(profile, words)
    try:
        values = block.decode(words)
    except FrameCorrupt as error:
        raise UnitNotVerified(f"identification: {error.message}; have the unit checked") from error
    number = {name: value for name, value in values.items() if isinstance(value, int)}
    version, firmware = number["map_version"], number["firmware_version"]
    return UnitIdentity(
        unit_id=f"{number['unit_id']:016x}",
        model=str(values["model"]),
        serial_number=number["serial_number"],
        vendor_id=number["vendor_id"],
        product_id=number["product_id"],
        firmware=f"{firmware >> 8:x}.{firmware & 0xFF:02x}.{number['firmware_patch']}",
        firmware_crc=number["firmware_crc"],
        calibration_crc=number["calibration_crc"],
        calibrated_on=_day(number["calibrated_on"]),
        calibration_due=_day(number["calibration_due"]),
        boot_count=number["boot_count"],
        map_version=f"{version >> 8}.{version & 0xFF}",
        raw_block=words_to_bytes(words),
    )


def read_capabilities(link: UnitLink, profile: TractionUnitProfile) -> UnitCapabilities:
    """Registers 0x20-0x37; raises UnitNotVerified or LinkError."""
    block = profile.block("capabilities")
    words = _read_patiently(link, block, ATTEMPTS)
    try:
        values = block.numbers(words)
    except FrameCorrupt as error:
        raise UnitNotVerified(f"capabilities: {error.message}; have the unit checked") from error
    features = values["features"]
    second_channel = bool(features & SECOND_CHANNEL_FEATURE)
    capacities = [values["cell_capacity_1"], *[values["cell_capacity_2"]] * second_channel]
    return UnitCapabilities(
        regions=frozenset(
            region for region, bit in profile.region_bits.items() if values["regions"] & bit
        ),
        features=features,
        rated_force_n=values["rated_force"] / 10,
        cut_off_force_n=values["cut_off_force"] / 10,
        pretension_floor_n=values["pretension_floor"] / 10,
        max_rate_up_n_per_s=values["max_rate_up"] / 10,
        max_rate_down_n_per_s=values["max_rate_down"] / 10,
        fast_release_rate_n_per_s=values["fast_release_rate"] / 10,
        watchdog_min_s=values["watchdog_min"] / 1000,
        watchdog_max_s=values["watchdog_max"] / 1000,
        sample_period_s=values["sample_period"] / 1000,
        maximum_answer_time_s=values["maximum_answer_time"] / 1000,
        second_channel=second_channel,
        force_shows_noise=profile.force_shows_noise,
        cell_capacity_n=float(min(capacities)),
        event_ring_size=values["event_ring_size"],
        days_since_stop_test=values["days_since_stop_test"],
        patient_switch_sensed=bool(features & SWITCH_SENSED_FEATURE),
        patient_switch_two_channel=bool(features & SWITCH_TWO_CHANNEL_FEATURE),
        emergency_stop_hard_wired=bool(features & EMERGENCY_STOP_FEATURE),
        releases_on_power_loss=bool(features & POWER_LOSS_FEATURE),
        raw_block=words_to_bytes(words),
    )


def _read_patiently(link: UnitLink, block: RegisterBlock, attempts: int) -> list[int]:
    """Read a block; lost answers are repeated, a refusal by the unit is not.

    Raises the latest of several failures in which bytes came: they tell more than silence.
    """
    told: LinkError | None = None
    while True:
        attempts -= 1
        try:
            return read_block(link, block)
        except LinkLost:
            raise
        except UnitRejected as error:
            raise UnitNotVerified(
                f"the device at the address does not offer registers 0x{block.address:04X}-"
                f"0x{block.address + block.count - 1:04X} ({error.message}); "
                "it is not a traction unit with reference map v1: check the address"
            ) from error
        except LinkError as failed:
            if failed.raw or told is None:
                told = failed
            if not attempts:
                raise told from None
            link.line.settle()


def _check_magic(profile: TractionUnitProfile, raw: bytes) -> None:
    """Check the four characters at 0x00; a wrong place or order names the cause."""
    magic = profile.magic.encode("ascii")
    if raw[:4] == magic:
        return
    if raw[:4] == magic[2:] + magic[:2]:
        raise UnitNotVerified(
            f"the unit's words are swapped (it reports {_text(raw)} instead of {profile.magic!r}); "
            "set its word order to high word first"
        )
    if raw[:4] == magic[1::-1] + magic[:1:-1]:
        raise UnitNotVerified(
            f"the unit's bytes are swapped (it reports {_text(raw)} instead of {profile.magic!r}); "
            "set its byte order to high byte first"
        )
    if raw[2:6] == magic:
        raise UnitNotVerified(
            f"{profile.magic!r} is one register too high: the unit or a gateway numbers its "
            "registers from 1; set it to count from 0"
        )
    raise UnitNotVerified(
        f"the device at the address reports {_text(raw)}, not {profile.magic!r}; "
        "it is another device: check the address"
    )


def _check_probes(profile: TractionUnitProfile, words: list[int]) -> None:
    """Check map version, word order and sign before anything else in the block is used."""
    spec = {spec.name: spec for spec in profile.block("identity").registers}
    found = {
        name: spec[name].decode(words[spec[name].address :][: spec[name].words])
        for name in ("map_version", "order_probe", "sign_probe")
    }
    version, order, sign = (int(value or 0) for value in found.values())
    if version >> 8 != profile.map_major:
        raise UnitNotVerified(
            f"the unit has map version {version >> 8}.{version & 0xFF}, this program knows "
            f"{profile.map_major}.x; update the program or the unit's firmware"
        )
    if (order & 0xFFFF) << 16 | order >> 16 == profile.order_probe:
        raise UnitNotVerified(
            f"the unit's words are swapped (order probe 0x{order:08X} instead of "
            f"0x{profile.order_probe:08X}); set its word order to high word first"
        )
    if order != profile.order_probe:
        raise UnitNotVerified(
            f"order probe 0x{order:08X} received, 0x{profile.order_probe:08X} expected; "
            "the device is not a reference unit: check address and settings"
        )
    if sign != profile.sign_probe:
        raise UnitNotVerified(
            f"sign probe {sign} received, {profile.sign_probe} expected; "
            "the unit's sign convention differs: have it checked"
        )


def _text(raw: bytes) -> str:
    return repr(raw[:4].decode("ascii", errors="replace"))


def _day(days: int) -> str:
    return (EPOCH + timedelta(days=days)).isoformat()
