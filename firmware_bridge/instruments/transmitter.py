"""A load-cell transmitter as a source of forces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from controller.errors import UnitRejected
from controller.ports import Clock
from controller.telemetry import ForceSample, InstrumentFault
from firmware_bridge.force_decoding.decoded import faulted
from firmware_bridge.force_decoding.registers import RegisterImage, decode_registers, words_of
from firmware_bridge.instruments.source import InstrumentSource
from firmware_bridge.line.talkers import RegisterReader
from firmware_bridge.modbus.link import ModbusLink
from firmware_bridge.profile_kinds.quantity import ReadData
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile

STEADY_POLLS: Final = 3
"""Polls in which a converter's count changes, so that it is not taken for a setting."""
NOT_OFFERED: Final = (1, 2)
"""Exceptions of an instrument without the function or the registers."""


class TransmitterSource(InstrumentSource):
    """Reads a transmitter by its profile and refuses everything that the profile excludes.

    Registers that must stay as found are watched for three polls before the first sample. Registers
    read with each sample are always read anew. Of the rarer reads the most overdue one is done
    beside each sample; without its answer there is no sample.
    """

    def __init__(
        self,
        profile: TransmitterProfile,
        digest: str,
        reader: RegisterReader,
        clock: Clock,
        *,
        close: Callable[[], None],
    ) -> None:
        super().__init__(profile, digest, clock, close=close)
        self._profile = profile
        self._reader = reader
        self._registers: dict[tuple[int, int], int] = {}
        self._read_at_s: dict[str, float] = {}
        self._first: dict[str, int] = {}
        self._is_watched = not any(held.steady for held in profile.held)

    @property
    def talker(self) -> ModbusLink | None:
        """The talker on a real line; None if there is none."""
        return self._reader if isinstance(self._reader, ModbusLink) else None

    @property
    def image(self) -> RegisterImage:
        """The latest registers; those never read are missing."""
        return RegisterImage(dict(self._registers))

    def _asked(self) -> ForceSample:
        self._watch_what_must_stay()
        taken_at_s, raw = self._refresh()
        image = RegisterImage(self._registers)
        decoded = decode_registers(self._profile, image, raw)
        self._check_steady(image, raw)
        return self._sample(decoded, taken_at_s, raw)

    def _watch_what_must_stay(self) -> None:
        """Poll three times before the first sample; registers that must stay may not change."""
        if self._is_watched:
            return
        for _ in range(STEADY_POLLS):
            _, raw = self._refresh()
            self._check_steady(RegisterImage(self._registers), raw)
            self._clock.sleep_until(self._clock.now_s() + self.poll_period_s)
        self._is_watched = True

    def _refresh(self) -> tuple[float, bytes]:
        """Do the due reads; returns when the sample's first one was sent, and the bytes."""
        self._read_rare()
        taken_at_s, raw = self._clock.now_s(), b""
        for read in self._profile.reads:
            if not read.every_ms:
                raw += self._ask(read)
        return taken_at_s, raw

    def _read_rare(self) -> None:
        """Do every read that was never done, else the most overdue one."""
        rare = [read for read in self._profile.reads if read.every_ms]
        unread = [read for read in rare if read.name not in self._read_at_s]
        due = sorted(
            (self._read_at_s[read.name] + read.every_ms / 1000, read.name, read)
            for read in rare
            if read.name in self._read_at_s
        )
        for read in unread:
            self._ask(read)
        if not unread and due and due[0][0] <= self._clock.now_s():
            self._ask(due[0][2])

    def _ask(self, read: ReadData) -> bytes:
        asked_at_s = self._clock.now_s()
        try:
            data = self._reader.read_registers(read.function, read.address, read.count)
        except UnitRejected as error:
            if error.exception_code not in NOT_OFFERED:
                raise
            last = read.address + read.count - 1
            detail = f"registers {read.address} to {last}: {error.message}"
            raise faulted(
                self._profile.name, InstrumentFault.OTHER_FAMILY, detail, error.raw
            ) from error
        for offset, word in enumerate(words_of(data)):
            self._registers[read.function, read.address + offset] = word
        self._read_at_s[read.name] = asked_at_s
        return data

    def _check_steady(self, image: RegisterImage, raw: bytes) -> None:
        for held in self._profile.held:
            if not held.steady:
                continue
            value = image.at(held.place)
            first = self._first.setdefault(held.name, value)
            if value != first:
                detail = f"{held.means}: register {held.place.address} went from {first} to {value}"
                raise faulted(self._profile.name, InstrumentFault(held.otherwise), detail, raw)
