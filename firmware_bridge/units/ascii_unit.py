"""A unit with reference map v1 over lines of text (B.9): a tick's exchange, the release.

Its registers are those of the map. An order is a line of its own, and its answer contains less than
the measurement block, so a reading in motion lacks what ``unknown_in_motion`` names; an observation
reads the whole block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from controller.errors import (
    FrameCorrupt,
    LinkError,
    LinkLost,
    OutcomeUncertain,
    StaleAnswer,
    UnitRejected,
)
from controller.telemetry import RELEASING_KINDS, CommandKind, ForceCommand, Telemetry, UnitState
from firmware_bridge.ascii.unit_lines import MOST_TENTHS
from firmware_bridge.ascii.unit_link import UnitTextLink
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.units.commands import NO_TOKEN, order_fields
from firmware_bridge.units.freshness import next_sequence
from firmware_bridge.units.identification import read_capabilities, read_identity
from firmware_bridge.units.map_unit import MapUnit

KEEP_ALIVE: Final = "K"
LETTERS: Final = {
    CommandKind.RELEASE: "R",
    CommandKind.FOLLOW: "F",
    CommandKind.HOLD: "H",
    CommandKind.RELEASE_FAST: "Q",
    CommandKind.CUT_POWER: "O",
}
TOKENLESS_RELEASE: Final = "Q"
"""Without a token it is the fast release that any host may send."""
KEEP_ALIVES: Final = 4
"""Two accepted in a row are enough; two may be lost."""
MOST_FORCE_N: Final = MOST_TENTHS / 10
"""A force at the end of its field may in fact be higher."""
_PULLING: Final = frozenset({UnitState.ARMED, UnitState.TRACKING, UnitState.HOLDING})


class AsciiUnit(MapUnit[UnitTextLink]):
    """Implements controller.ports.TractionUnit. Made by ``identify_ascii_unit``.

    The unit always writes first (B.9): the answer to an order contains the order's own sequence;
    any other sequence belongs to another order.
    """

    unknown_in_motion = frozenset(
        {"gross_force_n", "speed_mm_per_s", "motor_current_a", "newest_event"}
    )
    """Not the uptime: a restarted unit refuses the next order, and the observation after a refusal
    has it.
    """

    _orders_may_leave = False

    # --- the tick -----------------------------------------------------------------------------

    def exchange(self, command: ForceCommand) -> Telemetry:
        """Observe (OBSERVE), or send one order with the next sequence; raises LinkError.

        Before ``find_order`` no order except a release is sent; an observation replaces it. Without
        a token a release is the tokenless one, followed by an observation.
        """
        self.reading_after_refusal = None
        if command.kind is CommandKind.OBSERVE:
            return self._observe()
        if command.kind in RELEASING_KINDS and self._token == NO_TOKEN:
            self._release_and_look_after_refusal()
            return self._observe()
        if command.kind not in RELEASING_KINDS and not self._orders_may_leave:
            return self._observe()
        return self._order(LETTERS[command.kind], command)

    def _order(self, letter: str, command: ForceCommand) -> Telemetry:
        """Send one order. A refused sequence is never reused; the unit accepts gaps (B.4)."""
        self._sequence = next_sequence(self._sequence)
        fields = order_fields(
            token=self._token, sequence=self._sequence, letter=letter, command=command
        )
        try:
            values = self.link.order(fields, urgent=command.kind in RELEASING_KINDS)
        except UnitRejected:
            self._look_after_refusal()
            raise
        try:
            self._check_sequence(values["sequence"])
            return self._taken(values)
        except FrameCorrupt:
            self.link.distrust()
            raise

    def _check_sequence(self, echoed: int) -> None:
        if echoed != self._sequence:
            raise StaleAnswer(
                f"sequence {echoed} was echoed, {self._sequence} was expected: the answer to "
                "another order; it was refused"
            )

    def find_order(self, ceiling_n: float) -> Telemetry:
        """Send two keep-alives in a row, each echoed with its own sequence, then observe fully.

        Raises OutcomeUncertain if the unit does not answer that way, LinkLost.
        """
        hold = ForceCommand(kind=CommandKind.HOLD, ceiling_n=ceiling_n)
        in_a_row = 0
        for _ in range(KEEP_ALIVES):
            try:
                self._order(KEEP_ALIVE, hold)
            except LinkLost:
                raise
            except LinkError:
                in_a_row = 0
                continue
            in_a_row += 1
            if in_a_row == 2:
                self._orders_may_leave = True
                return self._observe()
        raise OutcomeUncertain(
            "the unit does not answer an order with the order's own sequence; it releases by its "
            "watchdog, have its firmware checked"
        )

    # --- arming and release -------------------------------------------------------------------

    def _order_forgotten(self) -> None:
        self._orders_may_leave = False

    def release_without_token(self) -> None:
        """Send ``>Q``, the fast release that any host may send; raises LinkError if refused.

        An answer that still shows traction may belong to an earlier order. Then, or without any
        answer, the release is sent once more without waiting for its answer.
        """
        self.link.line.armed = True
        try:
            values = self.link.order(TOKENLESS_RELEASE, urgent=True)
        except (LinkLost, UnitRejected):
            raise
        except LinkError:
            self.link.tell(TOKENLESS_RELEASE)
            return
        if values["state"] in _PULLING:
            self.link.tell(TOKENLESS_RELEASE)

    def _release_and_look_after_refusal(self) -> None:
        try:
            self.release_without_token()
        except UnitRejected:
            self._look_after_refusal()
            raise


def identify_ascii_unit(
    link: UnitTextLink,
    profile: TractionUnitProfile,
    profile_digest: str,
    *,
    tick_s: float,
    may_arm: bool,
) -> AsciiUnit:
    """Identify the unit and its capabilities; raises UnitNotVerified or LinkError. Writes nothing.

    A force has four digits on the line, so the unit counts as having a cell of at most 999.9 N.
    """
    identity = read_identity(link, profile)
    capabilities = read_capabilities(link, profile)
    return AsciiUnit(
        link,
        profile,
        profile_digest,
        identity=identity,
        capabilities=replace(
            capabilities, cell_capacity_n=min(capabilities.cell_capacity_n, MOST_FORCE_N)
        ),
        tick_s=tick_s,
        may_arm=may_arm,
    )
