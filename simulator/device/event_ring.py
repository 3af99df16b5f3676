"""The unit's event ring: 32 entries of six registers (reference map, B.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.map_v1 import EVENT_ENTRIES, EVENT_HEADER, EventCode

RING_SIZE: Final = 32
ENTRY_REGISTERS: Final = 6
RING_REGISTERS: Final = EVENT_ENTRIES - EVENT_HEADER + RING_SIZE * ENTRY_REGISTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class RingEntry:
    """One event; values are 0.1 N and 0.1 mm for the codes that B.10 lists."""

    sequence: int
    code: EventCode
    uptime_ms: int
    value_1: int
    value_2: int

    def registers(self) -> list[int]:
        """Returns sequence, code, uptime (high word first), value 1, value 2."""
        return [
            self.sequence,
            int(self.code),
            self.uptime_ms >> 16 & 0xFFFF,
            self.uptime_ms & 0xFFFF,
            self.value_1 & 0xFFFF,
            self.value_2 & 0xFFFF,
        ]


class EventRing:
    """Keeps the newest 32 events. The event of sequence n is in slot (n - 1) modulo 32."""

    def __init__(self) -> None:
        self._entries: list[RingEntry] = []
        self.newest = 0

    def append(self, code: EventCode, *, uptime_ms: int, value_1: int, value_2: int) -> None:
        """Store an event; the sequence is a u16 that wraps."""
        self.newest = self.newest + 1 & 0xFFFF
        entry = RingEntry(
            sequence=self.newest,
            code=code,
            uptime_ms=uptime_ms & 0xFFFFFFFF,
            value_1=value_1,
            value_2=value_2,
        )
        self._entries = [*self._entries[-(RING_SIZE - 1) :], entry]

    @property
    def entries(self) -> tuple[RingEntry, ...]:
        """Returns the events that a host could still read, oldest first."""
        return tuple(self._entries)

    def registers(self) -> list[int]:
        """Returns registers 0x400 to the end of the ring; unused and reserved ones read 0."""
        image = [0] * RING_REGISTERS
        oldest = self._entries[0].sequence if self._entries else 0
        image[0:4] = [self.newest, len(self._entries), oldest, ENTRY_REGISTERS]
        for entry in self._entries:
            slot = (entry.sequence - 1) % RING_SIZE
            at = EVENT_ENTRIES - EVENT_HEADER + slot * ENTRY_REGISTERS
            image[at : at + ENTRY_REGISTERS] = entry.registers()
        return image
