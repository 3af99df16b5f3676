"""Whether a session's unit was a simulated one: by the identity block that the record seals.

The reference map reserves a maker and a product for simulated units
(reference-map-v1.md#simulated). Nothing that a workstation keeps beside the record, such as a
commissioning, changes what was sealed.
"""

from __future__ import annotations

import struct
from typing import Final

SIMULATED_MAKER: Final = 0x7452
SIMULATED_PRODUCT: Final = 1
_MAGIC: Final = b"TRC1"
_MAKER_AND_PRODUCT: Final = struct.Struct(">HH")
_AT: Final = 2 * 0x08
"""Registers 0x08 and 0x09, two bytes each (reference-map-v1.md#b1-identification)."""


def is_simulated(identity_block: str) -> bool:
    """Returns True for the hex of a reference map's block with a simulated unit's numbers."""
    try:
        block = bytes.fromhex(identity_block)
    except ValueError:
        return False
    if not block.startswith(_MAGIC) or len(block) < _AT + _MAKER_AND_PRODUCT.size:
        return False
    return _MAKER_AND_PRODUCT.unpack_from(block, _AT) == (SIMULATED_MAKER, SIMULATED_PRODUCT)
