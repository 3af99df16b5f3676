"""A host that speaks to a simulated unit in registers, with a CRC of its own.

Blocks are put together here by the tables of reference map v1 (B.4, B.5, B.7), apart from the
bridge's encoder and from the simulator's packing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from simulator.device.event_ring import RingEntry
from simulator.device.firmware import ReferenceFirmware
from simulator.device.register_image import UnitDescription
from simulator.map_v1 import RegisterRefused, Result, State
from simulator.table.bodies import CERVICAL_SLIDING, BodyParameters
from simulator.table.patient import Patient
from simulator.table.plant import TractionPlant

KEEP_ALIVE, RELEASE, FORCE, HOLD, VELOCITY, FAST_RELEASE, MOTOR_OFF = range(7)
TICK_S = 0.05
MEASUREMENT_NAMES = (
    "sequence",
    "result",
    "state",
    "bits_a",
    "bits_b",
    "first_fault",
    "force_1",
    "force_2",
    "setpoint",
    "gross_1",
    "position",
    "speed",
    "current",
    "samples",
    "age_ms",
    "watchdog_ms",
    "uptime_high",
    "uptime_low",
    "newest_event",
    "crc",
)


def crc16(registers: Sequence[int]) -> int:
    """CRC-16/MODBUS bit by bit over the registers' bytes, high byte first."""
    crc = 0xFFFF
    for register in registers:
        for byte in (register >> 8, register & 0xFF):
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def sealed(registers: Sequence[int]) -> list[int]:
    """The registers with their CRC behind them."""
    return [*registers, crc16(registers)]


def command(
    token: int, sequence: int, mode: int, setpoint: int = 0, rate: int = 0, ceiling: int = 0
) -> list[int]:
    """Registers 0x200-0x207; forces in 0.1 N, rate in 0.1 N/s."""
    words = [token >> 16, token & 0xFFFF, sequence, mode, setpoint & 0xFFFF, rate, ceiling]
    return sealed(words)


def session(**changes: int) -> list[int]:
    """Registers 0x300-0x309 of a cervical session, with ``changes``."""
    block = {
        "key": 0xA5A5,
        "region": 0,
        "ceiling": 1200,
        "rate_up": 100,
        "rate_down": 200,
        "watchdog": 500,
        "action": 1,
        "safe_ramp": 0,
        "safe_hold": 0,
    }
    assert changes.keys() <= block.keys()
    return sealed(list((block | changes).values()))


def service(opcode: int, sequence: int = 1) -> list[int]:
    """Registers 0x600-0x603."""
    return sealed([opcode, 0, sequence])


class Desk:
    """A unit on a desk: time moves when told; the host counts its own sequence."""

    def __init__(
        self,
        body: BodyParameters = CERVICAL_SLIDING,
        *,
        unit: UnitDescription | None = None,
        patient: Patient | None = None,
        reads_first: bool = False,
        clock_ppm: float = 0.0,
        seed: int = 1,
    ) -> None:
        source = random.Random(seed)
        self.firmware = ReferenceFirmware(
            TractionPlant(body, source),
            random=source,
            unit=unit,
            patient=patient,
            reads_first=reads_first,
            clock_ppm=clock_ppm,
        )
        self.now_s = 0.0
        self.token = 0
        self.sequence = 0
        self.run(0.1)

    @property
    def true_force_n(self) -> float:
        """The cord's force, not what a cell reads."""
        return self.firmware.plant.cord_force_n

    @property
    def state(self) -> State:
        return self.firmware.state

    @property
    def entries(self) -> tuple[RingEntry, ...]:
        """What the event ring holds, oldest first."""
        return self.firmware.machine.ring.entries

    def codes(self) -> list[int]:
        """Codes of the event ring, oldest first."""
        return [int(entry.code) for entry in self.entries]

    def run(self, seconds: float) -> None:
        """Let time pass without a request."""
        self.now_s += seconds
        self.firmware.advance_to(self.now_s)

    def read(self, address: int, count: int) -> list[int]:
        return self.firmware.read_registers(address, count)

    def measured(self) -> dict[str, int]:
        """The measurement block by name."""
        return dict(zip(MEASUREMENT_NAMES, self.read(0x100, 20), strict=True))

    def write(self, address: int, values: Sequence[int]) -> None:
        self.firmware.write_registers(address, values)

    def refused(self, address: int, values: Sequence[int]) -> tuple[int, Result]:
        """Write what the unit refuses; answers exception code and 0x101."""
        try:
            self.write(address, values)
        except RegisterRefused as refused:
            return int(refused.exception_code), Result(self.measured()["result"])
        raise AssertionError(f"the unit accepted {[hex(v) for v in values]} at 0x{address:03X}")

    def arm(self, **changes: int) -> None:
        """Arm and take the token."""
        self.write(0x300, session(**changes))
        high, low = self.read(0x30A, 2)
        self.token = high << 16 | low
        self.sequence = 0

    def order(self, mode: int, setpoint: int = 0, rate: int = 0, ceiling: int = 0) -> None:
        """The next command, accepted."""
        self.sequence = self.sequence % 0xFFFF + 1
        self.write(0x200, command(self.token, self.sequence, mode, setpoint, rate, ceiling))

    def drive(self, setpoint: int, seconds: float) -> None:
        """Order ``setpoint`` (0.1 N) in every tick for ``seconds``."""
        for _ in range(round(seconds / TICK_S)):
            self.order(FORCE, setpoint)
            self.run(TICK_S)

    def seconds_until(self, reached_n: float, limit_s: float) -> float:
        """Seconds without a request until the cord's force is at most ``reached_n``."""
        started_s = self.now_s
        while self.true_force_n > reached_n:
            assert self.now_s - started_s < limit_s, f"{self.true_force_n:.1f} N after {limit_s} s"
            self.run(0.01)
        return self.now_s - started_s
