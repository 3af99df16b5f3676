"""The unit's description, and the packing of blocks into registers.

Source: reference map, B.1-B.3. Its own packing, independent of the bridge's codec that it tests.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

from fastcrc import crc16

from simulator.device.event_ring import RING_SIZE

MAP_VERSION: Final = 0x0100
SIGN_PROBE: Final = -12345
ORDER_PROBE: Final = 0x01020304
NOT_FITTED: Final = -0x8000
STOP_TEST_INTERVAL_DAYS: Final = 1

CERVICAL, LUMBAR = 0, 1
REGION_CEILING_N = {CERVICAL: 200.0, LUMBAR: 981.0}

_MEASUREMENT = struct.Struct(">6H6h4HIH")

FEATURE_SECOND_CHANNEL: Final = 1 << 2
FEATURE_SWITCH_SENSED: Final = 1 << 4
FEATURE_RELEASES_ON_POWER_LOSS: Final = 1 << 8
FEATURE_EVENT_RING: Final = 1 << 9
FEATURE_READ_WRITE: Final = 1 << 12
# Force loop, second channel, position, switch presence, two-channel switch, hard-wired e-stop,
# releases on power loss, event ring, FC23.
FEATURES: Final = 0b1_0011_0111_1101


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDescription:
    """The unit's identity and capabilities; newtons, mm, seconds, days since 2000-01-01."""

    serial_number: int = 10042
    unit_id: int = 0x5452_4331_0000_273A
    vendor_id: int = 0x7452
    product_id: int = 1
    firmware_bcd: int = 0x0104
    firmware_patch: int = 2
    firmware_crc: int = 0x9D3A61F0
    calibration_crc: int = 0x27B1C45E
    calibrated_on_day: int = 9500
    calibration_due_day: int = 9865
    model: str = "TRC Reference 1"
    boot_count: int = 1
    features: int = FEATURES
    regions: int = 0b11
    rated_force_n: float = 981.0
    cut_off_force_n: float = 1200.0
    pretension_floor_n: float = 0.0
    max_rate_up_n_per_s: float = 50.0
    max_rate_down_n_per_s: float = 100.0
    fast_release_rate_n_per_s: float = 130.0
    stroke_min_mm: float = -20.0
    stroke_max_mm: float = 300.0
    max_speed_mm_per_s: float = 60.0
    watchdog_min_ms: int = 200
    watchdog_max_ms: int = 2000
    sample_period_ms: int = 10
    maximum_answer_ms: int = 10
    cell_capacity_n: int = 1500
    stop_test_release_ms: int = 1900
    days_since_stop_test: int = 0
    emergency_stop_category: int = 0x0100

    @property
    def stop_test_due(self) -> bool:
        """True if the daily stop test is due (reference map, B.2)."""
        return self.days_since_stop_test > STOP_TEST_INTERVAL_DAYS

    @property
    def has_second_channel(self) -> bool:
        return bool(self.features & FEATURE_SECOND_CHANNEL)

    def has(self, feature: int) -> bool:
        """True if this bit (one of ``FEATURE_...``) of 0x20 is set."""
        return bool(self.features & feature)

    def without(self, *bits: int) -> UnitDescription:
        """Returns the same unit without these bits (by number) of 0x20.

        The unit then behaves accordingly for bits 2 (second channel), 4 (an unplugged switch is not
        noticed), 8 (a brake keeps the force when power fails), 9 (no event ring) and 12 (function
        23 is refused). Bits 5 and 6 change what it reports but not what it does.
        """
        return replace(self, features=self.features & ~sum(1 << bit for bit in set(bits)))


def identification_block(unit: UnitDescription) -> list[int]:
    """Returns registers 0x00-0x1F (B.1)."""
    data = struct.pack(
        ">4sHhIIHHHHIIHH16sQH",
        b"TRC1",
        MAP_VERSION,
        SIGN_PROBE,
        ORDER_PROBE,
        unit.serial_number,
        unit.vendor_id,
        unit.product_id,
        unit.firmware_bcd,
        unit.firmware_patch,
        unit.firmware_crc,
        unit.calibration_crc,
        unit.calibrated_on_day,
        unit.calibration_due_day,
        unit.model.encode("ascii").ljust(16),
        unit.unit_id,
        unit.boot_count,
    )
    return _with_crc(data)


def capability_block(unit: UnitDescription) -> list[int]:
    """Returns registers 0x20-0x37 (B.2)."""
    capacity_2_n = unit.cell_capacity_n if unit.has_second_channel else 0
    data = struct.pack(
        ">9H2h12H",
        unit.features,
        unit.regions,
        tenths(unit.rated_force_n),
        tenths(unit.cut_off_force_n),
        tenths(unit.pretension_floor_n),
        10,  # resolution, 0.01 N
        tenths(unit.max_rate_up_n_per_s),
        tenths(unit.max_rate_down_n_per_s),
        tenths(unit.fast_release_rate_n_per_s),
        tenths(unit.stroke_min_mm),
        tenths(unit.stroke_max_mm),
        tenths(unit.max_speed_mm_per_s),
        unit.watchdog_min_ms,
        unit.watchdog_max_ms,
        unit.sample_period_ms,
        unit.maximum_answer_ms,
        unit.cell_capacity_n,
        capacity_2_n,
        unit.stop_test_release_ms,
        unit.days_since_stop_test,
        unit.emergency_stop_category,
        RING_SIZE,
        0,
    )
    return _with_crc(data)


@dataclass(slots=True, kw_only=True)
class Measurement:
    """The coherent snapshot of 0x100-0x112; forces and positions in tenths, times in ms.

    Not frozen: one is made for every answer, where freezing costs more than the packing.
    """

    sequence: int
    result: int
    state: int
    status: int
    faults: int
    first_fault: int
    force_1: int
    force_2: int
    setpoint: int
    gross_1: int
    position: int
    speed: int
    motor_current_10_ma: int
    sample_counter: int
    sample_age_ms: int
    watchdog_left_ms: int
    uptime_ms: int
    newest_event: int

    def registers(self) -> list[int]:
        """Returns registers 0x100-0x113 with the block CRC (B.3)."""
        data = _MEASUREMENT.pack(
            self.sequence,
            self.result,
            self.state,
            self.status,
            self.faults,
            self.first_fault,
            limited(self.force_1),
            limited(self.force_2),
            limited(self.setpoint),
            limited(self.gross_1),
            limited(self.position),
            limited(self.speed),
            self.motor_current_10_ma,
            self.sample_counter & 0xFFFF,
            min(self.sample_age_ms, 0xFFFF),
            self.watchdog_left_ms,
            self.uptime_ms & 0xFFFFFFFF,
            self.newest_event,
        )
        return _with_crc(data)


def tenths(value: float) -> int:
    """Returns a physical number in tenths, as in the map."""
    return round(value * 10.0)


def limited(value: int) -> int:
    """Returns a value that fits an i16; a register never wraps to the other sign."""
    return max(-0x8000, min(0x7FFF, value))


def signed(register: int) -> int:
    """Returns a register read as i16."""
    return register - 0x10000 if register & 0x8000 else register


def _with_crc(data: bytes) -> list[int]:
    return [*struct.unpack(f">{len(data) // 2}H", data), crc16.modbus(data)]
