"""What profiles of every kind share: sources of numbers, serial settings, times, examples.

A number without a source is a guess that looks like a fact, so every table with numbers names its
source and how reliable it is.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from controller.telemetry import InstrumentFault
from firmware_bridge.line.settings import SerialSettings

Address = Annotated[int, Field(ge=0, le=0xFFFF)]
Word = Annotated[int, Field(ge=0, le=0xFFFF)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]

Grade = Literal["manual", "capture", "third_party", "unconfirmed", "ours"]
"""How reliable a source is.

``manual``: a page of the maker's manual. ``capture``: bytes recorded from the instrument.
``third_party``: somebody else's driver or page. ``unconfirmed``: general knowledge, no source at
hand. ``ours``: decided here.
"""

Case = Literal[
    "positive",
    "negative",
    "zero",
    "overload",
    "underload",
    "open_cell",
    "highest",
    "lowest",
    "other_unit",
    "refused_request",
]
"""What an example shows. The first eight are required for every instrument."""
ASKED_CASES: Final[tuple[Case, ...]] = get_args(Case)[:8]

Fault = InstrumentFault
"""A fault that a profile can declare for a reading."""

Unit = Literal["N", "kN", "mN", "kgf", "gf", "tf", "lbf", "ozf"]
NEWTONS: dict[Unit, float] = {
    "N": 1.0,
    "kN": 1000.0,
    "mN": 0.001,
    "kgf": 9.80665,
    "gf": 9.80665e-3,
    "tf": 9806.65,
    "lbf": 4.4482216152605,
    "ozf": 0.27801385095378125,
}
"""Newtons of one unit: standard gravity and the international pound, exact by definition."""


RTU_BITS: Final = 8
"""Data bits of a character in Modbus RTU; with 7 every second value would be truncated."""


class ProfileData(BaseModel):
    """A table of a profile; immutable, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SourcedData(ProfileData):
    """A table with numbers of an instrument."""

    source: Text
    grade: Grade


class InstrumentSerial(SerialSettings):
    """The serial settings of an instrument, with their source."""

    source: Text
    grade: Grade

    @property
    def character_bits(self) -> int:
        """Bits of one character on the wire."""
        return 1 + self.bytesize + (self.parity != "N") + self.stopbits


class TimingData(SourcedData):
    """How often an instrument is read and how old its answer may be; milliseconds."""

    poll_period_ms: Annotated[int, Field(ge=1, le=10_000)]
    answer_ms: Annotated[int, Field(ge=0, le=2_000)]
    """Longest time from the last byte of a request to the first byte of its answer."""
    stale_limit_ms: Annotated[int, Field(ge=1, le=10_000)]
    settling_ms: Annotated[int, Field(ge=0, le=60_000)]
    """Time from a step of the load until the value has settled."""


class TareData(SourcedData):
    """Which side subtracts the tare. Sessions write nothing, so ``host`` works everywhere."""

    method: Literal["host", "instrument"]
    writes_flash: StrictBool


class VerifiedRecord(ProfileData):
    """Who verified the profile on a real instrument, when and on which one."""

    by: Text
    on: date
    serial_number: Text
    how: Text


class InstrumentProfile(ProfileData):
    """What transmitters and gauges share."""

    name: Name
    title: Text
    models: Annotated[tuple[Text, ...], Field(min_length=1)]
    caveats: tuple[Text, ...]
    verified: VerifiedRecord | None = None
    serial: InstrumentSerial
    timing: TimingData
    tare: TareData
    frames_missing: tuple[Case, ...]
    """The required cases for which no manual or capture has a frame."""


class ExampleData(SourcedData):
    """What a manual or a capture shows, and the expected result: a force or a fault."""

    case: Case
    net_n: float | None = None
    gross_n: float | None = None
    fault: Fault | None = None
    assumed_unit: Unit | None = None
    """The unit that the source's instrument was set to, if it is not the profile's."""
    note: str = ""


def check_rtu_bits(serial: SerialSettings) -> None:
    """Raise ValueError unless characters have the 8 bits that Modbus RTU needs."""
    if serial.bytesize != RTU_BITS:
        raise ValueError(
            f"serial.bytesize={serial.bytesize} is not possible: Modbus RTU needs {RTU_BITS}"
        )


def check_cases(shown: tuple[Case, ...], missing: tuple[Case, ...]) -> None:
    """Raise ValueError unless each required case is either shown or declared missing."""
    for case in ASKED_CASES:
        if case in shown and case in missing:
            raise ValueError(f"frames_missing names {case!r}, which an example shows; remove one")
        if case not in shown and case not in missing:
            raise ValueError(
                f"no example shows {case!r}; add one with its source, or name it in frames_missing"
            )


def check_outcome(example: ExampleData) -> None:
    """Raise ValueError unless an example states either a force or a fault."""
    if (example.net_n is None) == (example.fault is None):
        raise ValueError(f"example {example.case!r} needs either net_n or fault")


def check_overload(values: tuple[float, ...]) -> None:
    """Raise ValueError if an overload is sent as 0, which looks like no force."""
    if 0 in values:
        raise ValueError(
            "sent_on_overload contains 0: an overload would look like a free cord; "
            "such an instrument cannot be used"
        )


def check_poll_period(timing: TimingData, wire_ms: float, baudrate: int) -> None:
    """Raise ValueError if an instrument would be polled faster than its wire can answer."""
    if timing.poll_period_ms < wire_ms:
        raise ValueError(
            f"timing.poll_period_ms={timing.poll_period_ms} is faster than the wire: one sample "
            f"takes {wire_ms:.1f} ms at {baudrate} Bd; at least {int(wire_ms) + 1}"
        )
    if timing.stale_limit_ms < timing.poll_period_ms:
        raise ValueError(
            f"timing.stale_limit_ms={timing.stale_limit_ms} is shorter than the poll period of "
            f"{timing.poll_period_ms} ms, so every sample would be stale; at least the period"
        )
