"""What all units of reference map v1 share, whatever their wire: readings, arming, service.

Blocks of registers are read and written alike over Modbus and over lines of text; how the order of
a tick is sent and its answer proved is in ``reference_unit`` and ``ascii_unit``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

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
from controller.telemetry import ForceCommand, Telemetry, UnitEvent, UnitState
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.modbus.frames import WRITE
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.units.arming import (
    arming_words,
    check_watchdog,
    read_named,
    refusal_words,
    take_token,
)
from firmware_bridge.units.commands import NO_TOKEN
from firmware_bridge.units.event_ring import read_entries
from firmware_bridge.units.freshness import UptimeGuard, next_sequence
from firmware_bridge.units.identification import read_identity
from firmware_bridge.units.reading import read_block, reading_of

LOST_LINK_S: Final = 0.300
LOST_LINK_TOLD_S: Final = 0.398
"""A link is lost after 300 ms without a reading, told within 400 ms (row 1); 2 ms for judging."""
SERVICE_ACKNOWLEDGE: Final = 4
SERVICE_DISARM: Final = 6
LinkT_co = TypeVar("LinkT_co", bound=UnitLink, covariant=True)
"""The link of one kind of unit."""


class MapUnit(ABC, Generic[LinkT_co]):
    """An identified unit: all of controller.ports.TractionUnit except the tick's order."""

    unknown_in_motion: frozenset[str] = frozenset()

    def __init__(
        self,
        link: LinkT_co,
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
        self._service_sequence = 0
        self._uptime = UptimeGuard()

    @abstractmethod
    def exchange(self, command: ForceCommand) -> Telemetry:
        """Do the one exchange of a tick; raises LinkError if no reading was accepted."""

    @abstractmethod
    def find_order(self, ceiling_n: float) -> Telemetry:
        """Send two keep-alives after arming; raises OutcomeUncertain or LinkError."""

    @abstractmethod
    def release_without_token(self) -> None:
        """Send the fast release that any host may send; raises LinkError."""

    @abstractmethod
    def _order_forgotten(self) -> None:
        """Forget which order was accepted last, after an arming or a restart of the unit."""

    # --- readings -----------------------------------------------------------------------------

    def _look_after_refusal(self) -> None:
        """Read the measurement in the same tick; a refused order does not return it (B.10)."""
        self.reading_after_refusal = self._reading_or_none()

    def _observe(self) -> Telemetry:
        """Returns the whole measurement block; raises LinkError."""
        return self._accept(read_block(self.link, self._measurement))

    def _accept(self, words: list[int]) -> Telemetry:
        """Check and take a block; a wrong one only causes the line to be drained.

        Raises FrameCorrupt or StaleAnswer.
        """
        try:
            return self._taken(self._measurement.numbers(words))
        except FrameCorrupt:
            self.link.distrust()
            raise

    def _taken(self, values: dict[str, int]) -> Telemetry:
        """Returns the reading for checked numbers; raises FrameCorrupt or StaleAnswer."""
        sent_at_s = self.link.sent_at_s
        telemetry = reading_of(values, sent_at_s)
        if telemetry.uptime_s is not None:
            self._check_uptime(telemetry.uptime_s, sent_at_s)
        heard_s = self.link.line.heard_at_s
        self.link.tell_between_s = heard_s + LOST_LINK_S, heard_s + LOST_LINK_TOLD_S
        return telemetry

    def _check_uptime(self, uptime_s: float, sent_at_s: float) -> None:
        try:
            self._uptime.check(sent_at_s, uptime_s)
        except StaleAnswer:
            if not (self._uptime.suspects_restart and self._has_restarted()):
                raise
            self._uptime.start_anew(sent_at_s, uptime_s)

    def _has_restarted(self) -> bool:
        """True if the same unit answers with another boot counter, which no old answer can contain.

        Our token is then invalid, so that releases from here on are tokenless.
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
        self._token = NO_TOKEN
        self._order_forgotten()
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
        """Write 0x300, take the token, and check that the watchdog runs with the ordered time.

        Raises RequestRefused before anything is sent and UnitFaulted if the unit refused; nothing
        is armed. Raises OutcomeUncertain or LinkError after the write was sent; the unit may be
        armed and has to be released.
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
        self._sequence = 0
        self._order_forgotten()
        self._token = take_token(self.link, self._profile)
        check_watchdog(self.link, self._profile, ordered_ms=round(request.watchdog_s * 1000))

    def _check_may_arm(self) -> None:
        if not self._may_arm:
            raise RequestRefused(
                "below 19200 Bd a unit may be observed, never armed; set unit and address to "
                "19200 Bd or more"
            )

    def _check_armed_after_silence(self) -> None:
        """Find out from a reading whether an arming with a lost answer took effect."""
        reading = self._reading_or_none()
        if reading is None or reading.unit_state is not UnitState.ARMED:
            raise OutcomeUncertain(
                "the answer to the arming was lost and the unit does not show that it is armed; "
                "if it is, its watchdog releases it; start again"
            )

    def disarm(self) -> None:
        """Send service 6; raises OutcomeUncertain if the answer was lost, LinkError if refused."""
        self._service(SERVICE_DISARM, "disarming")
        self.link.line.armed = False

    def acknowledge(self) -> None:
        """Send service 4; raises OutcomeUncertain if the answer was lost, LinkError if refused."""
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

    # --- reading ------------------------------------------------------------------------------

    def seconds_since_arming(self) -> int:
        """Returns 0x30D-0x30E, read without the token; raises LinkError."""
        return read_named(self.link, self._profile, "arming_age")["seconds"]

    def read_events(self, first: int, count: int) -> Sequence[UnitEvent]:
        """Returns entries ``first`` to ``first + count - 1`` of the ring; raises LinkError."""
        return read_entries(
            self.link, self._profile.events, first, count, boot_count=self.identity.boot_count
        )

    def close(self) -> None:
        """Close the line."""
        self.link.close()
