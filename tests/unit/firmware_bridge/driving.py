"""What the tests of the driver order: a session's block, commands, an armed unit."""

from __future__ import annotations

from controller.order.prescription import Region
from controller.ports import ArmingRequest
from controller.telemetry import CommandKind, ForceCommand
from firmware_bridge.units.reference_unit import ReferenceUnit
from tests.unit.firmware_bridge.scripted import DeskUnit

REQUEST = ArmingRequest(
    region=Region.LUMBAR, force_limit_n=402.34, rate_up_n_per_s=30.0, rate_down_n_per_s=60.0
)
OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)
FOLLOW = ForceCommand(kind=CommandKind.FOLLOW, force_n=102.34, rate_n_per_s=10.0, ceiling_n=120.0)
RELEASE = ForceCommand(kind=CommandKind.RELEASE)
RELEASE_FAST = ForceCommand(kind=CommandKind.RELEASE_FAST)
CUT_POWER = ForceCommand(kind=CommandKind.CUT_POWER)
TOKENLESS_RELEASE = [0xFFFF, 0xFFFF, 0, 5, 0, 0, 0, 0x0231]
"""The whole order by hand: token FFFF FFFF, mode 5 and its CRC."""


def armed(desk: DeskUnit) -> ReferenceUnit:
    """Armed, with the order of function 23 found."""
    unit = desk.connected()
    unit.arm(REQUEST)
    unit.find_order(120.0)
    return unit


def requests(desk: DeskUnit, since: int) -> list[int]:
    """Function codes of what was sent from the request of this number on."""
    return [frame[1] for frame in desk.port.sent[since:]]
