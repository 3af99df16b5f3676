"""The common interface of instruments, independent of their wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeVar

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout
from controller.ports import Clock
from controller.telemetry import ForceSample
from firmware_bridge.ascii.talker import AsciiTalker
from firmware_bridge.force_decoding.decoded import DecodedForce
from firmware_bridge.instruments.liveliness import Liveliness
from firmware_bridge.line.line import ECHO, NO_ECHO
from firmware_bridge.modbus.behind_gateway import BehindGateway
from firmware_bridge.modbus.link import ModbusLink
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile

E = TypeVar("E", bound=LinkError)
NEVER_READ: Final = "check model, profile, baud rate and parity"
"""Added to errors until a force was read: the device may be another instrument."""


class InstrumentSource(ABC):
    """Implements ``ForceSource`` from the instrument's profile; ``close`` releases the port."""

    gateway: BehindGateway | None = None
    """The gateway between instrument and host, to be named in errors."""

    def __init__(
        self,
        profile: GaugeProfile | TransmitterProfile,
        digest: str,
        clock: Clock,
        *,
        close: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._close = close
        self._lively = Liveliness(profile.name)
        self._was_read = False
        self.profile_name = profile.name
        self.profile_digest = digest
        self.verified = profile.verified is not None
        self.poll_period_s = profile.timing.poll_period_ms / 1000
        self.stale_limit_s = profile.timing.stale_limit_ms / 1000

    def read(self) -> ForceSample:
        """Read once; raises LinkError or InstrumentFaulted."""
        try:
            sample = self._asked()
        except (ReplyTimeout, FrameCorrupt) as error:
            told = self._told(error)
            if told is error:
                raise
            raise told from error
        self._was_read = True
        return sample

    def _told(self, error: E) -> E:
        """Returns the same error with advice on where to look, as far as known."""
        is_told = any(words in error.message for words in (ECHO, NO_ECHO))
        if isinstance(error, FrameCorrupt) and not self._was_read and not is_told:
            error = type(error)(f"{error.message}; {NEVER_READ}", raw=error.raw)
        return error if self.gateway is None else self.gateway.told(error)

    @abstractmethod
    def _asked(self) -> ForceSample:
        """Returns the sample of one request; raises LinkError or InstrumentFaulted."""

    @property
    def talker(self) -> ModbusLink | AsciiTalker | None:
        """The talker on a real line; None if there is none."""
        return None

    def listen_for(self, timeout_s: float) -> None:
        """Set the timeout of each answer, to measure how late they come."""
        if self.talker is not None:
            self.talker.timeout_s = timeout_s

    def know_slowest_answer(self, slowest_answer_s: float) -> None:
        """Limit the time in which late answers are expected to the measured lateness."""
        if self.talker is not None:
            self.talker.line.know_slowest_answer(slowest_answer_s, timeout_s=self.talker.timeout_s)

    def close(self) -> None:
        """Release the port; nothing is sent."""
        self._close()

    def _sample(self, decoded: DecodedForce, taken_at_s: float, raw: bytes) -> ForceSample:
        """Returns the sample decoded from ``raw``.

        Raises InstrumentFaulted if it fails the checks across readings.
        """
        self._lively.check(decoded, taken_at_s, raw)
        return ForceSample(
            net_n=decoded.net_n,
            gross_n=decoded.gross_n,
            taken_at_s=taken_at_s,
            sample_number=decoded.sample_number,
            stable=decoded.stable,
            faults=decoded.faults,
            raw=raw,
        )
