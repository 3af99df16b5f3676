"""The profile of a traction unit: registers of the reference map by name, and its fixed values."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool, field_validator, model_validator

from controller.order.prescription import Region
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.modbus.frames import READ, READ_WRITE, WRITE
from firmware_bridge.modbus.registers import (
    RegisterBlock,
    RegisterSpec,
    RegisterType,
    register_words,
)
from firmware_bridge.profile_kinds.data import Address, ProfileData, check_rtu_bits

REQUIRED_REGISTERS = {
    "identity": "magic map_version sign_probe order_probe serial_number vendor_id product_id "
    "firmware_version firmware_patch firmware_crc calibration_crc calibrated_on calibration_due "
    "model unit_id boot_count",
    "capabilities": "features regions rated_force cut_off_force pretension_floor max_rate_up "
    "max_rate_down fast_release_rate watchdog_min watchdog_max sample_period maximum_answer_time "
    "event_ring_size days_since_stop_test cell_capacity_1 cell_capacity_2",
    "measurement": "sequence result state status faults first_fault force_1 force_2 set_point "
    "gross_force position speed motor_current sample_number sample_age watchdog_left uptime "
    "newest_event",
    "command": "token sequence mode set_point rate ceiling",
    "arming": "key region force_limit rate_up rate_down watchdog safe_action safe_ramp_rate "
    "hold_time",
    "token": "token",
    "refusal": "reasons",
    "arming_age": "seconds watchdog_echo",
    "service": "opcode argument sequence",
}
"""The registers that the driver reads and writes by name; the file states their places."""
WRITTEN_BLOCKS: Final = frozenset({"command", "arming", "service"})
"""Never read; every other block is read with function 3."""
DRIVER_FUNCTIONS: Final = frozenset({READ, WRITE, READ_WRITE})


class RegisterData(ProfileData):
    """One register, or several consecutive ones that hold one value."""

    name: str
    address: Address
    type: RegisterType
    words: int | None = None
    optional: bool = False
    meaning: str

    def spec(self) -> RegisterSpec:
        """Returns the register in the codec's form."""
        return RegisterSpec(
            name=self.name,
            address=self.address,
            type=self.type,
            words=register_words(self.type, self.words),
            optional=self.optional,
        )


class BlockData(ProfileData):
    """A range that is read or written as a whole."""

    address: Address
    count: Annotated[int, Field(ge=1, le=125)]
    crc: bool
    source: str
    registers: tuple[RegisterData, ...]

    @model_validator(mode="after")
    def _registers_follow_each_other(self) -> BlockData:
        free = self.address
        last = self.address + self.count - (1 if self.crc else 0)
        for register in self.registers:
            end = register.address + register.spec().words
            if register.address < self.address or end > last:
                raise ValueError(f"register {register.name} lies outside its block")
            if register.address < free:
                raise ValueError(f"register {register.name} overlaps the one before it")
            free = end
        return self


class EventRingBlock(ProfileData):
    """Where the unit stores its events."""

    first_entry: Address
    entries: Annotated[int, Field(ge=1, le=1024)]
    entry_words: Annotated[int, Field(ge=1, le=20)]
    source: str


class TractionUnitProfile(ProfileData):
    """A traction unit. ``verified`` is true only if it was verified on a real unit."""

    kind: Literal["traction_unit"]
    name: str
    title: str
    verified: StrictBool
    source: str
    caveats: tuple[str, ...]
    magic: Annotated[str, Field(min_length=4, max_length=4)]
    map_major: int
    sign_probe: int
    order_probe: int
    arming_key: int
    service_words: int
    functions: frozenset[int]
    serial: SerialSettings
    region_codes: dict[Region, int]
    region_bits: dict[Region, int]
    safe_ramp_rate_dn_per_s: dict[Region, int]
    refusal_reasons: tuple[str, ...]
    force_shows_noise: StrictBool = True
    blocks: dict[str, BlockData]
    events: EventRingBlock

    @model_validator(mode="after")
    def _has_what_the_driver_reads(self) -> TractionUnitProfile:
        for name, needed in REQUIRED_REGISTERS.items():
            if name not in self.blocks:
                raise ValueError(f"blocks.{name} is missing")
            missing = set(needed.split()) - {r.name for r in self.blocks[name].registers}
            if missing:
                raise ValueError(f"blocks.{name} lacks register {sorted(missing)[0]}")
        return self

    @field_validator("functions")
    @classmethod
    def _functions_are_those_of_the_driver(cls, functions: frozenset[int]) -> frozenset[int]:
        """Require all three functions; without 16 a release would be refused."""
        if functions != DRIVER_FUNCTIONS:
            raise ValueError(
                f"{sorted(functions)} is not possible: a traction unit is driven by functions "
                f"{sorted(DRIVER_FUNCTIONS)}"
            )
        return functions

    @model_validator(mode="after")
    def _characters_have_8_bits(self) -> TractionUnitProfile:
        check_rtu_bits(self.serial)
        return self

    @model_validator(mode="after")
    def _length_names_the_block(self) -> TractionUnitProfile:
        read = [name for name in self.blocks if name not in WRITTEN_BLOCKS]
        check_lengths({f"blocks.{name}": self.blocks[name].count for name in read})
        return self

    def block(self, name: str) -> RegisterBlock:
        """Returns a block of ``REQUIRED_REGISTERS`` in the codec's form."""
        data = self.blocks[name]
        return RegisterBlock(
            name=name,
            address=data.address,
            count=data.count,
            crc=data.crc,
            registers=tuple(register.spec() for register in data.registers),
        )


def check_lengths(counts: dict[str, int]) -> None:
    """Raise ValueError if two ranges read with one function have the same length.

    RTU answers do not contain an address; only their length identifies them.
    """
    named: dict[int, str] = {}
    for name, count in counts.items():
        other = named.setdefault(count, name)
        if other != name:
            raise ValueError(
                f"{other} and {name} both have {count} registers: on RTU a late answer of one "
                "would be taken for the other; read one of them longer or shorter"
            )
