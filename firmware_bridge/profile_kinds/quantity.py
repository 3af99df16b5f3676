"""Numbers of an instrument with registers: places of digits, sign, decimals and unit.

Makers put them in four places. What a profile does not state is not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool, model_validator

from firmware_bridge.profile_kinds.data import (
    Address,
    Fault,
    Name,
    ProfileData,
    SourcedData,
    Text,
    Unit,
    Word,
    check_overload,
)

QuantityType = Literal["u16", "i16", "u32", "i32", "f32", "chars"]
WORDS: Final = {"u16": 1, "i16": 1, "u32": 2, "i32": 2, "f32": 2}
SIGNED: Final = ("i16", "i32", "f32")
WordOrder = Literal["high_first", "low_first"]
ReadFunction = Literal[3, 4]


class ReadData(SourcedData):
    """A range that is read in one request. ``every_ms`` 0: with each sample."""

    name: Name
    function: ReadFunction
    address: Address
    count: Annotated[int, Field(ge=1, le=125)]
    every_ms: Annotated[int, Field(ge=0, le=10_000)] = 0

    def holds(self, function: int, address: int, words: int) -> bool:
        """True if the range contains these registers."""
        last = self.address + self.count
        return function == self.function and self.address <= address <= last - words


class RegisterPlace(ProfileData):
    """A register, or some of its bits, shifted down to 0."""

    function: ReadFunction
    address: Address
    mask: Annotated[Word, Field(ge=1)] = 0xFFFF

    def value_in(self, word: int) -> int:
        """Returns the masked bits of ``word`` as a number."""
        return (word & self.mask) >> ((self.mask & -self.mask).bit_length() - 1)


class StatusBit(ProfileData):
    """One bit and its meaning when it has the value ``when``."""

    bit: Annotated[int, Field(ge=0, le=15)]
    when: Annotated[
        Literal[0, 1], Field(description="a bit needs its sense: the value that sets its meaning")
    ]
    says: Fault | Literal["stable", "unstable"]
    still_a_sample: StrictBool = False
    """The reading is still a force, and its sample names the fault."""


class StatusWord(SourcedData):
    """A status register; bits that are not named are ignored."""

    function: ReadFunction
    address: Address
    bits: Annotated[tuple[StatusBit, ...], Field(min_length=1)]


class SignData(ProfileData):
    """Where the sign is, and which sign means traction."""

    where: Literal["value", "bit"]
    word: Address | None = None
    bit: Annotated[int, Field(ge=0, le=15)] | None = None
    negative_when: Literal[0, 1] | None = None
    tension: Literal["positive", "negative"]

    @model_validator(mode="after")
    def _one_source(self) -> SignData:
        told = [self.word is not None, self.bit is not None, self.negative_when is not None]
        if self.where == "value" and any(told):
            raise ValueError(
                "two sign sources: where = 'value' and a status bit; keep one of them "
                "(word, bit and negative_when belong to where = 'bit')"
            )
        if self.where == "bit" and not all(told):
            raise ValueError("where = 'bit' needs word, bit and negative_when")
        return self


class QuantitySpec(SourcedData):
    """One number of an instrument: where its digits are and in which order."""

    function: ReadFunction
    address: Address
    type: QuantityType
    words: Annotated[int, Field(ge=1, le=8)] | None = None
    word_order: WordOrder | None = None
    byte_order: WordOrder = "high_first"
    sign: SignData | None = None
    scale: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0
    """Displayed value of one count, before the decimals."""
    lowest: float | None = None
    highest: float | None = None
    """Valid range in the instrument's own counts, sign included."""
    sent_on_overload: tuple[float, ...] = ()
    """Counts that the instrument sends instead of a value; never a reading."""

    @property
    def word_count(self) -> int:
        """Number of registers that the digits take."""
        return self.words or WORDS[self.type]

    @model_validator(mode="after")
    def _is_complete(self) -> QuantitySpec:
        if self.type == "chars" and self.words is None:
            raise ValueError("type = 'chars' needs words, the registers that the text takes")
        if self.type != "chars" and self.words is not None:
            raise ValueError(f"words belongs to type = 'chars'; {self.type} takes its own number")
        if self.word_count > 1 and self.type != "chars" and self.word_order is None:
            raise ValueError(
                f"type = {self.type!r} without word_order; give 'high_first' or 'low_first'"
            )
        check_overload(self.sent_on_overload)
        return self


class DecimalsData(SourcedData):
    """Where the decimal point is: a constant, a register with its code table, or the text."""

    where: Literal["constant", "register", "text"]
    value: Annotated[int, Field(ge=0, le=6)] | None = None
    at: RegisterPlace | None = None
    table: dict[str, Annotated[int, Field(ge=0, le=6)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_complete(self) -> DecimalsData:
        _check_source("decimals", self.where, self.value, self.at, self.table)
        return self


class UnitData(SourcedData):
    """The unit in which the instrument counts, and the one that it must be set to."""

    where: Literal["constant", "register"]
    expected: Unit
    at: RegisterPlace | None = None
    table: dict[str, Unit] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_complete(self) -> UnitData:
        value = self.expected if self.where == "constant" else None
        _check_source("unit", self.where, value, self.at, self.table)
        if self.table and self.expected not in self.table.values():
            raise ValueError(f"expected = {self.expected!r} is not in unit.table")
        return self


class HeldRegister(SourcedData):
    """A register that must hold a value before and during use.

    ``equals``: the permitted values. ``steady``: the first value read.
    """

    name: Name
    place: RegisterPlace
    equals: tuple[int, ...] = ()
    steady: bool = False
    otherwise: Fault
    means: Text

    @model_validator(mode="after")
    def _one_rule(self) -> HeldRegister:
        if bool(self.equals) == self.steady:
            raise ValueError("give equals (the permitted values) or steady = true")
        return self


def check_sign(key: str, spec: QuantitySpec) -> None:
    """Raise ValueError unless a weight has exactly one source of its sign."""
    if spec.sign is None:
        raise ValueError(f"{key} has no sign; state its place with sign.where")
    in_value = spec.type in SIGNED or spec.type == "chars"
    if in_value and spec.sign.where == "bit":
        raise ValueError(
            f"{key}: type = {spec.type!r} has a sign of its own and sign.where = 'bit': "
            "two sign sources; keep one of them"
        )
    if not in_value and spec.sign.where == "value":
        raise ValueError(
            f"{key}: type = {spec.type!r} has no sign, and sign.where = 'value'; "
            "name the status bit, or use a signed type"
        )


def _check_source(
    key: str, where: str, value: object, place: RegisterPlace | None, table: Mapping[str, object]
) -> None:
    """Raise ValueError unless a source is complete and the only one."""
    if where == "constant" and (value is None or place is not None or table):
        raise ValueError(f"{key}.where = 'constant' needs its value, and nothing else")
    if where == "text" and (value is not None or place is not None or table):
        raise ValueError(f"{key}.where = 'text' needs nothing else")
    if where == "register" and (place is None or not table):
        raise ValueError(
            f"{key}.where = 'register' needs at (the register) and table, the meaning of each code"
        )
    if where == "register" and value is not None:
        raise ValueError(f"{key}.where = 'register' and value are two sources; remove one of them")
    if any(not code.isdecimal() for code in table):
        raise ValueError(f'{key}.table has a code that is not a number; write codes as "0", "1"')
