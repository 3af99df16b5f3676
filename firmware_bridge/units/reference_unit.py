"""A unit that speaks reference map v1: the tick's exchange, arming, service, the release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.errors import (
    FrameCorrupt,
    LinkError,
    LinkLost,
    OutcomeUncertain,
    RequestRefused,
    StaleAnswer,
    UnitFaulted,
    UnitNotVerified,
    UnitRejected,
)
from controller.ports import ArmingRequest, UnitCapabilities, UnitIdentity
from controller.telemetry import (
    RELEASING_KINDS,
    CommandKind,
    ForceCommand,
    Telemetry,
    UnitEvent,
    UnitState,
)
from firmware_bridge.modbus.frames import WRITE
from firmware_bridge.modbus.link import ModbusLink
from firmware_bridge.modbus.registers import bytes_to_words
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.units.arming import (
    arming_words,
    check_watchdog,
    read_named,
    refusal_words,
    take_token,
)
from firmware_bridge.units.commands import (
    KEEP_ALIVE,
    MODES,
    NO_TOKEN,
    command_words,
    tokenless_release_words,
)
from firmware_bridge.units.event_ring import read_entries
from firmware_bridge.units.freshness import SequenceEcho, UptimeGuard, next_sequence
from firmware_bridge.units.identification import (
    READ_WRITE_FEATURE,
    read_capabilities,
    read_identity,
)
from firmware_bridge.units.reading import numbers, read_block, reading_of

KEEP_ALIVES: Final = 5
"""Two tell the order of FC23. When one is lost, a unit that reads first echoes an older one behind
it, and only then come two more that fit."""
LOST_LINK_S: Final = 0.300
LOST_LINK_TOLD_S: Final = 0.398
"""A link without a reading for 300 ms is lost, and told within 400 ms (row 1); 2 ms for judging."""
SERVICE_ACKNOWLEDGE: Final = 4
SERVICE_DISARM: Final = 6


class ReferenceUnit:
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
        self.link = link
        self._profile = profile
        self._measurement = profile.block("measurement")
        self._command = profile.block("command")
        self._may_arm = may_arm
        self.profile_name = profile.name
        self.profile_digest = profile_digest
        self.verified = profile.verified
        self.identity = identity
        self.capabilities = capabilities
        self.tick_s = tick_s
        self.reading_after_refusal: Telemetry | None = None
        self._token = NO_TOKEN
        self._sequence = 0
        self._accepted = 0
        self._accepted_is_known = False
        self._service_sequence = 0
        self._echo = SequenceEcho()
        self._uptime = UptimeGuard()

    # --- the tick -----------------------------------------------------------------------------

    def exchange(self, command: ForceCommand) -> Telemetry:
        """One FC03 (OBSERVE) or one FC23 with the next sequence; raises LinkError.

        Where more than one echo could be right no FC23 leaves. A release goes out by FC16 then, and
        FC03 reads behind it. Every other command gives way to that FC03, which tells what was
        accepted last; before ``find_order`` it never leaves.
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
        """More than one echo could be right.

        The order of FC23 is not known yet, or the unit reads first, echoes what it had accepted
        before, and an answer that would tell was lost.
        """
        lost = self._echo.needs_previous and not self._accepted_is_known
        return lost or not self._echo.is_known

    def _command_and_read(self, command: ForceCommand) -> Telemetry:
        previous, self._accepted_is_known = self._accepted, False
        words = self._send_command(MODES[command.kind], command)
        telemetry = self._accept(words, previous=previous)
        self._accepted_is_known = True
        return telemetry

    def _write_release(self, command: ForceCommand) -> None:
        """FC16; without a token in hand the release of whoever comes."""
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
        """Two keep-alives in a row tell the order, kept for the session; another pair may follow.

        Raises OutcomeUncertain when the echo is neither, LinkLost.
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
            "the unit echoes sequences in no known order; it lets go by its watchdog, "
            "have its firmware checked"
        )

    def _keep_alive(self, ceiling_n: float) -> tuple[tuple[int, int], Telemetry]:
        hold = ForceCommand(kind=CommandKind.HOLD, ceiling_n=ceiling_n)
        telemetry = self._accept(self._send_command(KEEP_ALIVE, hold))
        return (self._sequence, telemetry.sequence_accepted), telemetry

    def _send_command(self, mode: int, command: ForceCommand) -> list[int]:
        """FC23 with the next sequence; returns the measurement block, not yet believed.

        Sequences only go on: a refused one is never used again, because the refusal itself might be
        another request's answer. The unit takes the gap (reference map, B.4).
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

    def _look_after_refusal(self) -> None:
        """A refused FC23 carries no measurement: one FC03 in the same tick (B.10)."""
        self.reading_after_refusal = self._reading_or_none()

    def _observe(self) -> Telemetry:
        """FC03 of the measurement, which also tells what was accepted last."""
        reading = self._accept(read_block(self.link, self._measurement))
        self._accepted, self._accepted_is_known = reading.sequence_accepted, True
        return reading

    def _accept(self, words: list[int], *, previous: int | None = None) -> Telemetry:
        """Check and take a reading; a wrong one leaves no trace but a line to be drained.

        ``previous`` is the sequence accepted before the command whose echo must stand in it; None
        asks for no echo. Raises FrameCorrupt or StaleAnswer.
        """
        sent_at_s = self.link.sent_at_s
        try:
            values = numbers(self._measurement, words)
            if previous is not None:
                self._echo.check(self._sequence, previous, values["sequence"])
            telemetry = reading_of(values, sent_at_s)
            self._check_uptime(telemetry, sent_at_s)
        except FrameCorrupt:
            self.link.distrust()
            raise
        heard_s = self.link.line.heard_at_s
        self.link.tell_between_s = heard_s + LOST_LINK_S, heard_s + LOST_LINK_TOLD_S
        return telemetry

    def _check_uptime(self, telemetry: Telemetry, sent_at_s: float) -> None:
        try:
            self._uptime.check(sent_at_s, telemetry.uptime_s)
        except StaleAnswer:
            if not (self._uptime.suspects_restart and self._has_restarted()):
                raise
            self._uptime.start_anew(sent_at_s, telemetry.uptime_s)

    def _has_restarted(self) -> bool:
        """The same unit answers with another boot counter, which no old answer could show.

        It holds no token of ours any more, so that a release from here on is the tokenless one.
        """
        try:
            identity = read_identity(self.link, self._profile, attempts=1)
        except LinkLost:
            raise
        except (LinkError, UnitNotVerified):
            return False
        same_unit = identity.unit_id == self.identity.unit_id
        if not same_unit or identity.boot_count == self.identity.boot_count:
            return False
        self.identity = identity
        self._token, self._echo = NO_TOKEN, SequenceEcho()
        return True

    def _reading_or_none(self) -> Telemetry | None:
        try:
            return self._observe()
        except LinkLost:
            raise
        except LinkError:
            return None

    # --- arming, disarming, service -----------------------------------------------------------

    def arm(self, request: ArmingRequest) -> None:
        """Write 0x300, take the token, see that the watchdog runs with the time that was ordered.

        Raises RequestRefused before anything is sent and UnitFaulted when the unit refused:
        nothing is armed. Raises OutcomeUncertain or LinkError once the write was sent: the unit may
        be armed and has to be released.
        """
        self._check_may_arm()
        self._token = NO_TOKEN
        words = arming_words(self._profile, request)
        self.link.line.armed = True
        try:
            self.link.write_registers(WRITE, self._profile.block("arming").address, words)
        except UnitRejected as error:
            self.link.line.armed = False
            reasons = refusal_words(self.link, self._profile)
            raise UnitFaulted(
                f"unit {self.identity.unit_id} refused to arm: {reasons}; clear it and start again"
            ) from error
        except LinkLost:
            raise
        except LinkError:
            self._check_armed_after_silence()
        self._sequence, self._echo = 0, SequenceEcho()
        self._token = take_token(self.link, self._profile)
        check_watchdog(self.link, self._profile, ordered_ms=round(request.watchdog_s * 1000))

    def _check_may_arm(self) -> None:
        if not self._may_arm:
            raise RequestRefused(
                "below 19200 Bd a unit may be observed, never armed; set unit and address to "
                "19200 Bd or more"
            )
        if not self.capabilities.features & READ_WRITE_FEATURE:
            raise RequestRefused(
                f"unit {self.identity.unit_id} does not offer function 23 (bit 12 of 0x20), which "
                "every tick needs; it may be observed, never armed"
            )

    def _check_armed_after_silence(self) -> None:
        """The answer to the arming was lost: only a reading tells whether it took effect."""
        reading = self._reading_or_none()
        if reading is None or reading.unit_state is not UnitState.ARMED:
            raise OutcomeUncertain(
                "the answer to the arming was lost and the unit does not show that it is armed; "
                "if it is, it lets go by its watchdog; start again"
            )

    def disarm(self) -> None:
        """Service 6; raises OutcomeUncertain when the answer was lost, LinkError when refused."""
        self._service(SERVICE_DISARM, "disarming")
        self.link.line.armed = False

    def acknowledge(self) -> None:
        """Service 4; raises OutcomeUncertain when the answer was lost, LinkError when refused."""
        self._service(SERVICE_ACKNOWLEDGE, "acknowledgement")

    def _service(self, opcode: int, what: str) -> None:
        self.link.line.settle()
        self._service_sequence = next_sequence(self._service_sequence)
        block = self._profile.block("service")
        values = block.encode({"opcode": opcode, "sequence": self._service_sequence})
        try:
            self.link.write_registers(WRITE, block.address, values)
        except (UnitRejected, LinkLost):
            raise
        except LinkError as error:
            raise OutcomeUncertain(
                f"the answer to the {what} was lost ({error.message}); the unit's state shows "
                "whether it took effect"
            ) from error

    def release_without_token(self) -> None:
        """Fast release by whoever comes: mode 5 with the token that is no token.

        At the unit's own address, where it is answered. When that answer does not come, once more:
        on a serial line to every unit that hears it (address 0), which nobody answers. Raises
        LinkError when the unit refuses or, on TCP, does not answer the second time either.
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

    # --- reading ------------------------------------------------------------------------------

    def seconds_since_arming(self) -> int:
        """0x30D-0x30E, read without the token; raises LinkError."""
        return read_named(self.link, self._profile, "arming_age")["seconds"]

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        """Entries ``first`` to ``first + count - 1`` of the ring; raises LinkError."""
        return read_entries(
            self.link, self._profile.events, first, count, boot_count=self.identity.boot_count
        )

    def close(self) -> None:
        """Close the line."""
        self.link.close()


def identify_unit(
    link: ModbusLink,
    profile: TractionUnitProfile,
    profile_digest: str,
    *,
    tick_s: float,
    may_arm: bool,
) -> ReferenceUnit:
    """Read who is there and what it can do; raises UnitNotVerified or LinkError. Writes nothing."""
    return ReferenceUnit(
        link,
        profile,
        profile_digest,
        identity=read_identity(link, profile),
        capabilities=read_capabilities(link, profile),
        tick_s=tick_s,
        may_arm=may_arm,
    )
