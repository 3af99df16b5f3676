"""The profile of a force gauge or an indicator that is polled by a line of text."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from firmware_bridge.profile_kinds.checksums import ChecksumKind
from firmware_bridge.profile_kinds.data import (
    ExampleData,
    Fault,
    InstrumentProfile,
    Name,
    SourcedData,
    Text,
    Unit,
    check_cases,
    check_outcome,
    check_overload,
    check_poll_period,
)
from firmware_bridge.profile_kinds.line_grammar import compile_grammar

MOST_LINE_BYTES: Final = 96
GROUPS: Final = frozenset(
    {"net", "gross", "net_sign", "gross_sign", "unit", "decimals", "status", "checked", "checksum"}
    | {"sample_number"}
)
"""The allowed group names of a grammar."""


class AnswerGrammar(SourcedData):
    """A complete answer of the instrument, without its terminator."""

    grammar: Text

    @model_validator(mode="after")
    def _compiles(self) -> AnswerGrammar:
        groups = compile_grammar(self.grammar).groupindex
        if unknown := sorted(set(groups) - GROUPS):
            raise ValueError(
                f"group {unknown[0]!r} of the grammar has no meaning; known groups are "
                f"{', '.join(sorted(GROUPS))}"
            )
        return self

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Returns the compiled grammar."""
        return compile_grammar(self.grammar)


class FaultLine(AnswerGrammar):
    """An answer that the instrument sends instead of a value."""

    says: Fault


class TextSign(SourcedData):
    """Where the sign is in the line, and which sign means traction.

    ``value``: with the digits. ``group``: a character of its own, ``net_sign`` or ``gross_sign``.
    """

    where: Literal["value", "group"]
    characters: dict[str, Literal["positive", "negative"]] = Field(default_factory=dict)
    tension: Literal["positive", "negative"]

    @model_validator(mode="after")
    def _one_source(self) -> TextSign:
        if (self.where == "group") != bool(self.characters):
            raise ValueError(
                "sign.characters (what each sign character means) belongs to where = 'group', "
                "and only there: two sign sources are not taken"
            )
        return self


class TextDecimals(SourcedData):
    """Where the decimal point is: in the digits, constant, or in the group ``decimals``."""

    where: Literal["value", "constant", "group"]
    value: Annotated[int, Field(ge=0, le=6)] | None = None
    table: dict[str, Annotated[int, Field(ge=0, le=6)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_complete(self) -> TextDecimals:
        if (self.where == "constant") != (self.value is not None):
            raise ValueError("decimals.value belongs to where = 'constant', and only there")
        if (self.where == "group") != bool(self.table):
            raise ValueError("decimals.table belongs to where = 'group', and only there")
        return self


class TextUnit(SourcedData):
    """The unit that the instrument must be set to, and how a line states its unit."""

    where: Literal["constant", "group"]
    expected: Unit
    table: dict[str, Unit] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_complete(self) -> TextUnit:
        if (self.where == "group") != bool(self.table):
            raise ValueError(
                "unit.table (what each unit of the line means) belongs to where = 'group', "
                "and only there"
            )
        if self.table and self.expected not in self.table.values():
            raise ValueError(f"expected = {self.expected!r} is not in unit.table")
        return self


class ChecksumData(SourcedData):
    """The checksum of a line: calculated over the group ``checked``, compared with ``checksum``."""

    kind: ChecksumKind


class RequestData(SourcedData):
    """A request that is allowed besides the reading, or one that is never sent."""

    request: Text
    means: Text


class HeldAnswer(AnswerGrammar):
    """A setting that must hold: a request, checked when connecting, whose answer must match.

    ``every_ms``: maximum age of the answer; 0: not repeated. A repeated check is done before a
    sample.
    """

    name: Name
    request: Text
    every_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    otherwise: Fault
    means: Text


class GaugeExample(ExampleData):
    """A line that a manual or a capture shows, with its terminator."""

    line: Text


class GaugeProfile(InstrumentProfile):
    """A gauge: one request, one line. ``ends_with`` or ``length`` determines where a line ends."""

    kind: Literal["gauge"]
    request: Text
    ends_with: str = ""
    length: Annotated[int, Field(ge=1, le=MOST_LINE_BYTES)] | None = None
    answer: AnswerGrammar
    checksum: ChecksumData
    sign: TextSign
    decimals: TextDecimals
    unit: TextUnit
    lowest: float | None = None
    highest: float | None = None
    sent_on_overload: tuple[float, ...] = ()
    """Numbers that the instrument sends instead of a value; never a reading."""
    status: dict[str, Fault | Literal["fine", "stable", "unstable"]] = Field(default_factory=dict)
    fault_lines: tuple[FaultLine, ...] = ()
    held: tuple[HeldAnswer, ...] = ()
    tare_request: str = ""
    requests: tuple[RequestData, ...] = ()
    never_sent: tuple[RequestData, ...] = ()
    longest_line: Annotated[int, Field(ge=1, le=MOST_LINE_BYTES)]
    """Length of the longest answer in bytes, with its terminator."""
    examples: tuple[GaugeExample, ...] = ()

    @model_validator(mode="after")
    def _line_has_one_end(self) -> GaugeProfile:
        if bool(self.ends_with) == (self.length is not None):
            raise ValueError("give either ends_with (a line's terminator) or length (its bytes)")
        for key, text in self._texts():
            if not text.isascii():
                raise ValueError(f"{key} = {text!r} is not ASCII")
        check_overload(self.sent_on_overload)
        return self

    @model_validator(mode="after")
    def _groups_fit_the_sources(self) -> GaugeProfile:
        groups = set(self.answer.pattern.groupindex)
        if "net" not in groups:
            raise ValueError("answer.grammar has no group (?P<net>...), the digits of the force")
        wanted = {
            "net_sign": self.sign.where == "group",
            "unit": self.unit.where == "group",
            "decimals": self.decimals.where == "group",
            "status": bool(self.status),
            "checked": self.checksum.kind != "none",
            "checksum": self.checksum.kind != "none",
            "gross_sign": self.sign.where == "group" and "gross" in groups,
        }
        for group, needed in wanted.items():
            if needed and group not in groups:
                raise ValueError(f"answer.grammar has no group (?P<{group}>...), and it is needed")
            if group in groups and not needed:
                raise ValueError(f"group {group!r} of answer.grammar is not used; define it")
        return self

    @model_validator(mode="after")
    def _requests_are_on_the_list(self) -> GaugeProfile:
        allowed = {data.request for data in self.requests}
        forbidden = {data.request for data in self.never_sent}
        if self.tare_request and self.tare_request not in allowed:
            raise ValueError(
                f"tare_request = {self.tare_request!r} is not in requests, the list of what may "
                "be sent beside the reading"
            )
        if (self.tare.method == "instrument") != bool(self.tare_request):
            raise ValueError("tare.method = 'instrument' and tare_request go together")
        if both := sorted({*self.sent(), *allowed} & forbidden):
            raise ValueError(f"request {both[0]!r} is sent and is in never_sent; remove one")
        return self

    @model_validator(mode="after")
    def _is_not_asked_too_fast(self) -> GaugeProfile:
        check_poll_period(self.timing, self.sample_ms(), self.serial.baudrate)
        return self

    @model_validator(mode="after")
    def _examples_cover_the_cases(self) -> GaugeProfile:
        check_cases(tuple(example.case for example in self.examples), self.frames_missing)
        for example in self.examples:
            check_outcome(example)
        return self

    def sent(self) -> tuple[str, ...]:
        """Returns every request needed to read it: for samples and for held settings."""
        return (self.request, *(held.request for held in self.held))

    def sample_ms(self, baudrate: int | None = None) -> float:
        """Returns the wire time of the longest sample, in milliseconds.

        ``baudrate``: that of the profile if None. At most one repeated check of a held setting is
        included.
        """
        again = [self._asked_ms(held.request, baudrate) for held in self.held if held.every_ms]
        return self._asked_ms(self.request, baudrate) + max(again, default=0.0)

    def exchange_ms(self, baudrate: int) -> float:
        """Returns the wire time of the longest single exchange, in milliseconds."""
        return max(self._asked_ms(request, baudrate) for request in self.sent())

    def _asked_ms(self, request: str, baudrate: int | None) -> float:
        bits = (len(request) + self.longest_line) * self.serial.character_bits
        return 1000 * bits / (baudrate or self.serial.baudrate) + self.timing.answer_ms

    def _texts(self) -> list[tuple[str, str]]:
        """Returns the texts that go over the wire, by key."""
        listed = [("requests", r.request) for r in self.requests]
        listed += [("never_sent", r.request) for r in self.never_sent]
        listed += [(f"held.{h.name}", h.request) for h in self.held]
        return [("request", self.request), ("ends_with", self.ends_with), *listed]
