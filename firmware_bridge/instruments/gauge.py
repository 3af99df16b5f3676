"""A force gauge or an indicator, polled by lines of text, as a source of forces."""

from __future__ import annotations

from collections.abc import Callable

from controller.ports import Clock
from controller.telemetry import ForceSample, InstrumentFault
from firmware_bridge.ascii.talker import AsciiTalker
from firmware_bridge.force_decoding.decoded import faulted
from firmware_bridge.force_decoding.lines import answers_as_held, decode_line
from firmware_bridge.instruments.source import InstrumentSource
from firmware_bridge.line.talkers import LineAsker
from firmware_bridge.profile_kinds.gauge import GaugeProfile, HeldAnswer


class GaugeSource(InstrumentSource):
    """Polls a gauge according to its profile; held settings are checked before the first sample.

    Before each sample, the held setting whose repeated check is most overdue is checked again;
    without its answer there is no sample.

    A talker that owns the line discards what arrives after its timeout; anything else that is not
    one complete line of the profile is a fault.
    """

    def __init__(
        self,
        profile: GaugeProfile,
        digest: str,
        asker: LineAsker,
        clock: Clock,
        *,
        close: Callable[[], None],
    ) -> None:
        super().__init__(profile, digest, clock, close=close)
        self._profile = profile
        self._asker = asker
        self._held_at_s: dict[str, float] = {}

    @property
    def talker(self) -> AsciiTalker | None:
        """The talker on a real line; None if there is none."""
        return self._asker if isinstance(self._asker, AsciiTalker) else None

    def _asked(self) -> ForceSample:
        self._check_settings()
        taken_at_s = self._clock.now_s()
        line = self._asker.ask(self._profile.request.encode("ascii"))
        return self._sample(decode_line(self._profile, line), taken_at_s, line)

    def _check_settings(self) -> None:
        """Check every held setting that is not yet known to hold, else the one that is due."""
        unknown = [held for held in self._profile.held if held.name not in self._held_at_s]
        for held in unknown:
            self._check(held)
        again = [held for held in self._profile.held if held.every_ms]
        if unknown or not again:
            return
        longest_due = min(again, key=self._due_at_s)
        if self._due_at_s(longest_due) <= self._clock.now_s():
            self._check(longest_due)

    def _due_at_s(self, held: HeldAnswer) -> float:
        return self._held_at_s[held.name] + held.every_ms / 1000

    def _check(self, held: HeldAnswer) -> None:
        """Check one setting; any answer but the right one leaves it unknown."""
        self._held_at_s.pop(held.name, None)
        asked_at_s = self._clock.now_s()
        line = self._asker.ask(held.request.encode("ascii"))
        if not answers_as_held(self._profile, held, line):
            detail = f"{held.means}: it sent {line!r}"
            raise faulted(self._profile.name, InstrumentFault(held.otherwise), detail, line)
        self._held_at_s[held.name] = asked_at_s
