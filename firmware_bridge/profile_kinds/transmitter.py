"""The profile of a load-cell transmitter that is polled over Modbus."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from firmware_bridge.profile_kinds.data import (
    Address,
    ExampleData,
    InstrumentProfile,
    ProfileData,
    SourcedData,
    Text,
    Word,
    check_cases,
    check_outcome,
    check_poll_period,
    check_rtu_bits,
)
from firmware_bridge.profile_kinds.quantity import (
    DecimalsData,
    HeldRegister,
    QuantitySpec,
    ReadData,
    ReadFunction,
    StatusWord,
    UnitData,
    check_sign,
)
from firmware_bridge.profile_kinds.traction_unit import check_lengths

REQUEST_BYTES: Final = 8
"""Unit, function, address, count, CRC."""
ANSWER_FRAME_BYTES: Final = 5
"""Unit, function, byte count, CRC."""
SILENCE_CHARACTERS: Final = 7.0
"""Twice the silence between frames (Modbus serial line guide)."""


class WriteData(SourcedData):
    """A write that is allowed, or one that is never sent."""

    function: Literal[5, 6, 16]
    address: Address
    values: tuple[Word, ...]
    means: Text


class RegistersShown(ProfileData):
    """Registers as a source shows them: a complete RTU answer, or only its data bytes."""

    function: ReadFunction
    address: Address
    frame: str = ""
    data: str = ""


class RegistersFilled(ProfileData):
    """Registers that the decoder needs and the source's frame does not contain; ours."""

    function: ReadFunction
    address: Address
    words: Annotated[tuple[Word, ...], Field(min_length=1)]


class TransmitterExample(ExampleData):
    """Registers that a manual or a capture shows."""

    shown: Annotated[tuple[RegistersShown, ...], Field(min_length=1)]
    filled: tuple[RegistersFilled, ...] = ()


class TransmitterProfile(InstrumentProfile):
    """A transmitter that is polled over Modbus."""

    kind: Literal["transmitter"]
    reads: Annotated[tuple[ReadData, ...], Field(min_length=1)]
    net: QuantitySpec
    gross: QuantitySpec | None = None
    raw_count: QuantitySpec | None = None
    """A count of the converter that always changes; if there is one, it is watched."""
    sample_number: QuantitySpec | None = None
    status: tuple[StatusWord, ...] = ()
    decimals: DecimalsData
    unit: UnitData
    held: tuple[HeldRegister, ...] = ()
    tare_write: WriteData | None = None
    writes: tuple[WriteData, ...] = ()
    never_sent: tuple[WriteData, ...] = ()
    examples: tuple[TransmitterExample, ...] = ()

    @model_validator(mode="after")
    def _all_is_read(self) -> TransmitterProfile:
        for key, function, address, words in self._places():
            if not any(read.holds(function, address, words) for read in self.reads):
                last = address + words - 1
                raise ValueError(
                    f"{key}: registers {address} to {last} of function {function} are in no "
                    "entry of reads; add one, or correct the address"
                )
        return self

    @model_validator(mode="after")
    def _signs_are_single_and_whole(self) -> TransmitterProfile:
        for key, spec in self.weights.items():
            check_sign(key, spec)
            sign = spec.sign
            if sign is None or sign.word is None:
                continue
            if not any(
                read.holds(spec.function, spec.address, spec.word_count)
                and read.holds(spec.function, sign.word, 1)
                for read in self.reads
            ):
                raise ValueError(
                    f"{key}.sign.word={sign.word} is read apart from its digits, so the two may "
                    "belong to different samples; read them in one entry of reads"
                )
        return self

    @model_validator(mode="after")
    def _lengths_name_the_reads(self) -> TransmitterProfile:
        for function in (3, 4):
            ranges = [read for read in self.reads if read.function == function]
            check_lengths({f"reads.{read.name}": read.count for read in ranges})
        return self

    @model_validator(mode="after")
    def _writes_are_on_the_list(self) -> TransmitterProfile:
        if self.tare_write is not None and self.tare_write not in self.writes:
            raise ValueError(
                f"tare_write (function {self.tare_write.function}, address "
                f"{self.tare_write.address}) is not in writes, the list of what may be written"
            )
        if (self.tare.method == "instrument") != (self.tare_write is not None):
            raise ValueError("tare.method = 'instrument' and tare_write go together")
        for write in self.writes:
            if any(_same_write(write, never) for never in self.never_sent):
                raise ValueError(
                    f"writes holds address {write.address} = {list(write.values)}, which "
                    "never_sent forbids; remove one of them"
                )
        return self

    @model_validator(mode="after")
    def _characters_have_8_bits(self) -> TransmitterProfile:
        check_rtu_bits(self.serial)
        return self

    @model_validator(mode="after")
    def _is_not_asked_too_fast(self) -> TransmitterProfile:
        check_poll_period(self.timing, self.sample_ms(), self.serial.baudrate)
        return self

    @model_validator(mode="after")
    def _examples_cover_the_cases(self) -> TransmitterProfile:
        check_cases(tuple(example.case for example in self.examples), self.frames_missing)
        for example in self.examples:
            check_outcome(example)
        return self

    @property
    def weights(self) -> dict[str, QuantitySpec]:
        """Returns the net quantity and, if there is one, the gross one."""
        return {"net": self.net} | ({"gross": self.gross} if self.gross else {})

    def sample_ms(self, baudrate: int | None = None) -> float:
        """Returns the wire time of the longest poll, in milliseconds.

        ``baudrate``: that of the profile if None. At most one of the rarer reads is included.
        """
        rare = [self._read_ms(read, baudrate) for read in self.reads if read.every_ms]
        always = [self._read_ms(read, baudrate) for read in self.reads if not read.every_ms]
        return sum(always) + max(rare, default=0.0)

    def exchange_ms(self, baudrate: int) -> float:
        """Returns the wire time of the longest single read, in milliseconds."""
        return max(self._read_ms(read, baudrate) for read in self.reads)

    def _read_ms(self, read: ReadData, baudrate: int | None) -> float:
        characters = REQUEST_BYTES + ANSWER_FRAME_BYTES + 2 * read.count + SILENCE_CHARACTERS
        bits = characters * self.serial.character_bits
        return 1000 * bits / (baudrate or self.serial.baudrate) + self.timing.answer_ms

    def _places(self) -> list[tuple[str, int, int, int]]:
        """Returns every register that something is read from: key, function, address, words."""
        found: list[tuple[str, int, int, int]] = [
            (key, spec.function, spec.address, spec.word_count)
            for key, spec in self._quantities().items()
        ]
        found += [
            (f"{key}.sign", spec.function, spec.sign.word, 1)
            for key, spec in self._quantities().items()
            if spec.sign is not None and spec.sign.word is not None
        ]
        found += [(f"status.{n}", s.function, s.address, 1) for n, s in enumerate(self.status)]
        places = {
            "decimals.at": self.decimals.at,
            "unit.at": self.unit.at,
        } | {f"held.{held.name}": held.place for held in self.held}
        found += [(k, p.function, p.address, 1) for k, p in places.items() if p is not None]
        return found

    def _quantities(self) -> dict[str, QuantitySpec]:
        others = {"raw_count": self.raw_count, "sample_number": self.sample_number}
        return self.weights | {key: spec for key, spec in others.items() if spec is not None}


def _same_write(write: WriteData, never: WriteData) -> bool:
    """True if both are the same write; ``never_sent`` without values covers all values."""
    return write.address == never.address and (
        not never.values or write.values[: len(never.values)] == never.values
    )
