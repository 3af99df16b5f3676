"""DeviceProfile: what is known of a model, as checked data; one TOML file each."""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    field_validator,
    model_validator,
)

from controller.errors import ProfileInvalid
from controller.order.prescription import Region
from controller.words import fault_of, texts_in
from firmware_bridge.line.settings import SerialSettings
from firmware_bridge.modbus.frames import READ, READ_WRITE, WRITE
from firmware_bridge.modbus.registers import (
    RegisterBlock,
    RegisterSpec,
    RegisterType,
    register_words,
)

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
"""What the driver of the reference map reads and writes by name; where it stands is the file's."""
WRITTEN_BLOCKS: Final = frozenset({"command", "arming", "service"})
"""Never read; every other block is read by function 3."""
DRIVER_FUNCTIONS: Final = frozenset({READ, WRITE, READ_WRITE})
RTU_BITS: Final = 8
"""Data bits of a character on Modbus RTU; with 7 every second value would be cut."""
Address = Annotated[int, Field(ge=0, le=0xFFFF)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RegisterData(_Data):
    """One register or a run of them that holds one value."""

    name: str
    address: Address
    type: RegisterType
    words: int | None = None
    optional: bool = False
    meaning: str

    def spec(self) -> RegisterSpec:
        """The register as the codec wants it."""
        return RegisterSpec(
            name=self.name,
            address=self.address,
            type=self.type,
            words=register_words(self.type, self.words),
            optional=self.optional,
        )


class BlockData(_Data):
    """A range that is read or written whole."""

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


class EventRingBlock(_Data):
    """Where the unit keeps its events."""

    first_entry: Address
    entries: Annotated[int, Field(ge=1, le=1024)]
    entry_words: Annotated[int, Field(ge=1, le=20)]
    source: str


class DeviceProfile(_Data):
    """A model. ``verified`` is true only when the profile was proved on a real unit."""

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
    blocks: dict[str, BlockData]
    events: EventRingBlock

    @model_validator(mode="after")
    def _has_what_the_driver_reads(self) -> DeviceProfile:
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
        """A unit that is driven needs all three, and a release would be refused without 16."""
        if functions != DRIVER_FUNCTIONS:
            raise ValueError(
                f"{sorted(functions)} is not possible: a traction unit is driven by functions "
                f"{sorted(DRIVER_FUNCTIONS)}"
            )
        return functions

    @model_validator(mode="after")
    def _length_names_the_block(self) -> DeviceProfile:
        """RTU answers do not say where their registers stand; only their number does."""
        named: dict[int, str] = {}
        for name, block in self.blocks.items():
            if name in WRITTEN_BLOCKS:
                continue
            other = named.setdefault(block.count, name)
            if other != name:
                raise ValueError(
                    f"blocks.{other} and blocks.{name} both have {block.count} registers: on RTU "
                    "a late answer of one would be taken for the other; read one of them longer "
                    "or shorter"
                )
        return self

    @model_validator(mode="after")
    def _characters_have_8_bits(self) -> DeviceProfile:
        if self.serial.bytesize != RTU_BITS:
            raise ValueError(
                f"serial.bytesize={self.serial.bytesize} is not possible: "
                f"Modbus RTU needs {RTU_BITS}"
            )
        return self

    def block(self, name: str) -> RegisterBlock:
        """The block as the codec wants it; one of ``REQUIRED_REGISTERS``."""
        data = self.blocks[name]
        return RegisterBlock(
            name=name,
            address=data.address,
            count=data.count,
            crc=data.crc,
            registers=tuple(register.spec() for register in data.registers),
        )


def load_profile(path: Path) -> tuple[DeviceProfile, str]:
    """Profile and SHA-256 of its file (hex); raises ProfileInvalid naming file, key and reason."""
    try:
        raw = path.read_bytes()
        data = tomllib.loads(raw.decode())
        for key, text in texts_in(data):
            if fault := fault_of(text, len(text)):
                raise ProfileInvalid(f"profile {path.name}: {key} {fault}")
        return DeviceProfile.model_validate(data), _digest(raw)
    except OSError as error:
        raise ProfileInvalid(f"profile {path.name}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileInvalid(
            f"profile {path.name}: not valid TOML ({error}); correct it"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(whole file)"
        raise ProfileInvalid(
            f"profile {path.name}: key {key}: {first['msg']}; correct the file"
        ) from error


def shipped_profile(name: str) -> tuple[DeviceProfile, str]:
    """A profile that comes with the program, by its name."""
    folder = resources.files("firmware_bridge") / "device_profiles"
    with resources.as_file(folder / f"{name}.toml") as path:
        return load_profile(path)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
