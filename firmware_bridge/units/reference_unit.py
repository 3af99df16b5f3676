"""A unit with reference map v1 over Modbus: the tick's exchange and the release."""

from __future__ import annotations

from typing import Final

from controller.errors import (
    FrameCorrupt,
    LinkError,
    LinkLost,
    OutcomeUncertain,
    RequestRefused,
    UnitRejected,
)
from controller.ports import UnitCapabilities, UnitIdentity
from controller.telemetry import RELEASING_KINDS, CommandKind, ForceCommand, Telemetry
from firmware_bridge.modbus.frames import WRITE
from firmware_bridge.modbus.link import ModbusLink
from firmware_bridge.modbus.registers import bytes_to_words
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.units.commands import (
    KEEP_ALIVE,
    MODES,
    NO_TOKEN,
    command_words,
    tokenless_release_words,
)
from firmware_bridge.units.freshness import SequenceEcho, next_sequence
from firmware_bridge.units.identification import (
    READ_WRITE_FEATURE,
    read_capabilities,
    read_identity,
)
from firmware_bridge.units.map_unit import MapUnit

KEEP_ALIVES: Final = 5
"""Two determine the order of FC23. After a lost one, a unit that reads first echoes an older one,
and only then come two that fit.
"""


class ReferenceUnit(MapUnit[ModbusLink]):
    """Implements controller.ports.TractionUnit. Made by ``identify_unit``."""

    def __init__(
        self,
        link: ModbusLink,
        profile: TractionUnitProfile,
        profile_digest: str,
        *,
        identity: UnitIdentity,
        capabilities: UnitCapabilities,
        tick_s: float,
        may_arm: bool,
    ) -> None:
        super().__init__(
            link,
            profile,
            profile_digest,
            identity=identity,
            capabilities=capabilities,
            tick_s=tick_s,
            may_arm=may_arm,
        )
        self._accepted = 0
        self._accepted_is_known = False
        self._echo = SequenceEcho()

    # --- the tick -----------------------------------------------------------------------------

    def exchange(self, command: ForceCommand) -> Telemetry:
        """One FC03 (OBSERVE) or one FC23 with the next sequence; raises LinkError.

        While more than one echo could be right no FC23 is sent. A release is then sent with FC16
        and followed by FC03. Every other command is replaced by that FC03, which shows what was
        accepted last; before ``find_order`` no command is sent.
        """
        self.reading_after_refusal = None
        if command.kind is CommandKind.OBSERVE:
            return self._observe()
        if not self._echo_is_open:
            return self._command_and_read(command)
        if command.kind in RELEASING_KINDS:
            self._write_release(command)
        return self._observe()

    @property
    def _echo_is_open(self) -> bool:
        """True if more than one echo could be right.

        The order of FC23 is not known yet, or the unit reads first, echoes what it had accepted
        before, and an answer that would show it was lost.
        """
        lost = self._echo.needs_previous and not self._accepted_is_known
        return lost or not self._echo.is_known

    def _command_and_read(self, command: ForceCommand) -> Telemetry:
        previous, self._accepted_is_known = self._accepted, False
        words = self._send_command(MODES[command.kind], command)
        telemetry = self._accept_echoed(words, previous)
        self._accepted_is_known = True
        return telemetry

    def _write_release(self, command: ForceCommand) -> None:
        """Send FC16; without a token, the release that any host may send."""
        try:
            if self._token == NO_TOKEN:
                self.release_without_token()
                return
            self._sequence = next_sequence(self._sequence)
            words = self._command_words(MODES[command.kind], command)
            self.link.write_registers(WRITE, self._command.address, words, urgent=True)
        except UnitRejected:
            self._look_after_refusal()
            raise

    def find_order(self, ceiling_n: float) -> Telemetry:
        """Determine the order from two keep-alives in a row and keep it; another pair may follow.

        Raises OutcomeUncertain if the echo fits neither order, LinkLost.
        """
        before: tuple[int, int] | None = None
        for _ in range(KEEP_ALIVES):
            try:
                echoed, telemetry = self._keep_alive(ceiling_n)
                if before and self._echo.learn(before, echoed):
                    self._accepted_is_known = True
                    return telemetry
                before = echoed
            except LinkLost:
                raise
            except LinkError:
                before = None
        raise OutcomeUncertain(
            "the unit echoes sequences in no known order; its watchdog releases it, "
            "have its firmware checked"
        )

    def _keep_alive(self, ceiling_n: float) -> tuple[tuple[int, int], Telemetry]:
        hold = ForceCommand(kind=CommandKind.HOLD, ceiling_n=ceiling_n)
        telemetry = self._accept(self._send_command(KEEP_ALIVE, hold))
        return (self._sequence, telemetry.sequence_accepted or 0), telemetry

    def _send_command(self, mode: int, command: ForceCommand) -> list[int]:
        """Send FC23 with the next sequence; returns the measurement block, not yet accepted.

        A refused sequence is never reused, because the refusal itself might be another request's
        answer. The unit accepts gaps (reference map, B.4).
        """
        self._sequence = self._accepted = next_sequence(self._sequence)
        try:
            raw = self.link.read_write_registers(
                self._measurement.address,
                self._measurement.count,
                self._command.address,
                self._command_words(mode, command),
                urgent=command.kind in RELEASING_KINDS,
            )
        except UnitRejected:
            self._look_after_refusal()
            raise
        return bytes_to_words(raw)

    def _command_words(self, mode: int, command: ForceCommand) -> list[int]:
        return command_words(
            self._command, token=self._token, sequence=self._sequence, mode=mode, command=command
        )

    def _observe(self) -> Telemetry:
        """Read the measurement with FC03, which also shows what was accepted last."""
        reading = super()._observe()
        self._accepted, self._accepted_is_known = reading.sequence_accepted or 0, True
        return reading

    def _accept_echoed(self, words: list[int], previous: int) -> Telemetry:
        """Take a reading that contains the echo of the latest command.

        ``previous`` is the sequence accepted before that command. Raises FrameCorrupt or
        StaleAnswer.
        """
        try:
            values = self._measurement.numbers(words)
            self._echo.check(self._sequence, previous, values["sequence"])
            return self._taken(values)
        except FrameCorrupt:
            self.link.distrust()
            raise

    # --- arming and release -------------------------------------------------------------------

    def _order_forgotten(self) -> None:
        self._echo = SequenceEcho()

    def _check_may_arm(self) -> None:
        super()._check_may_arm()
        if not self.capabilities.features & READ_WRITE_FEATURE:
            raise RequestRefused(
                f"unit {self.identity.unit_id} does not offer function 23 (bit 12 of 0x20), which "
                "every tick needs; it may be observed, never armed"
            )

    def release_without_token(self) -> None:
        """Send the fast release that any host may send: mode 5 with the reserved token.

        It goes to the unit's own address, where it is answered. Without that answer it is sent once
        more: on a serial line as a broadcast (address 0), which has no answer. Raises LinkError if
        the unit refuses or, on TCP, does not answer the second time either.
        """
        self.link.line.armed = True
        values = tokenless_release_words(self._command)
        try:
            self.link.write_registers(WRITE, self._command.address, values, urgent=True)
        except (LinkLost, UnitRejected):
            raise
        except LinkError:
            if self.link.broadcasts:
                self.link.broadcast(self._command.address, values)
            else:
                self.link.write_registers(WRITE, self._command.address, values, urgent=True)


def identify_unit(
    link: ModbusLink,
    profile: TractionUnitProfile,
    profile_digest: str,
    *,
    tick_s: float,
    may_arm: bool,
) -> ReferenceUnit:
    """Identify unit and capabilities; raises UnitNotVerified or LinkError. Writes nothing."""
    return ReferenceUnit(
        link,
        profile,
        profile_digest,
        identity=read_identity(link, profile),
        capabilities=read_capabilities(link, profile),
        tick_s=tick_s,
        may_arm=may_arm,
    )
