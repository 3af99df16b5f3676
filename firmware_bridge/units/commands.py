"""The command block 0x200: what of an order travels, and as what (reference map, B.4)."""

from __future__ import annotations

from typing import Final

from controller.telemetry import RELEASING_KINDS, CommandKind, ForceCommand
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
    """The eight registers; raises RequestRefused for a number that is none or does not fit.

    A unit takes a release with any numbers, so it leaves with none: no number can keep it back.
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


def tokenless_release_words(block: RegisterBlock) -> list[int]:
    """Mode 5 with the token that is no token (B.10)."""
    return block.encode({"token": TOKENLESS, "mode": MODES[CommandKind.RELEASE_FAST]})
