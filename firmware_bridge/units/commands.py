"""Encodes an order: as the block 0x200 (B.4) or as a line ``>`` (B.9)."""

from __future__ import annotations

from typing import Final

from controller.errors import RequestRefused
from controller.telemetry import RELEASING_KINDS, CommandKind, ForceCommand
from firmware_bridge.ascii.unit_lines import MOST_TENTHS
from firmware_bridge.modbus.registers import RegisterBlock
from firmware_bridge.units.reading import tenths

MODES = {
    CommandKind.RELEASE: 1,
    CommandKind.FOLLOW: 2,
    CommandKind.HOLD: 3,
    CommandKind.RELEASE_FAST: 5,
    CommandKind.CUT_POWER: 6,
}
KEEP_ALIVE: Final = 0
NO_TOKEN: Final = 0
TOKENLESS: Final = 0xFFFF_FFFF


def command_words(
    block: RegisterBlock, *, token: int, sequence: int, mode: int, command: ForceCommand
) -> list[int]:
    """Returns the eight registers; raises RequestRefused for a value that is NaN or does not fit.

    A unit accepts a release with any numbers, so it is sent without them: none can block it.
    """
    head = {"token": token, "sequence": sequence, "mode": mode}
    if command.kind in RELEASING_KINDS:
        return block.encode(head)
    following = command.kind is CommandKind.FOLLOW
    return block.encode(
        {
            **head,
            "set_point": tenths("force_n", command.force_n if following else 0.0),
            "rate": tenths("rate_n_per_s", command.rate_n_per_s),
            "ceiling": tenths("ceiling_n", command.ceiling_n),
        }
    )


def order_fields(*, token: int, sequence: int, letter: str, command: ForceCommand) -> str:
    """Returns the fields of ``>SSSS,TTTTTTTT,M,+FFFF,RRRR,CCCC``.

    Raises what ``command_words`` raises. A release is sent without its numbers here too.
    """
    head = f"{sequence:04X},{token:08X},{letter}"
    if command.kind in RELEASING_KINDS:
        return f"{head},+0000,0000,0000"
    following = command.kind is CommandKind.FOLLOW
    force = _four_digits("force_n", command.force_n if following else 0.0)
    rate = _four_digits("rate_n_per_s", command.rate_n_per_s)
    ceiling = _four_digits("ceiling_n", command.ceiling_n)
    return f"{head},+{force},{rate},{ceiling}"


def _four_digits(name: str, value: float) -> str:
    number = tenths(name, value)
    if not 0 <= number <= MOST_TENTHS:
        raise RequestRefused(
            f"{name}={value:g} does not fit the four digits of an order's line (0 to "
            f"{MOST_TENTHS / 10:g}); nothing was sent, correct the order"
        )
    return f"{number:04d}"


def tokenless_release_words(block: RegisterBlock) -> list[int]:
    """Returns the registers of mode 5 with the reserved token (B.10)."""
    return block.encode({"token": TOKENLESS, "mode": MODES[CommandKind.RELEASE_FAST]})
