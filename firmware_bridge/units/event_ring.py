"""Reads entries of the unit's event ring by their sequence (reference map, B.6)."""

from __future__ import annotations

from controller.errors import FrameCorrupt
from controller.telemetry import UnitEvent
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.modbus.frames import READ
from firmware_bridge.modbus.registers import bytes_to_words
from firmware_bridge.profile_kinds.traction_unit import EventRingBlock


def read_entries(
    link: UnitLink, ring: EventRingBlock, first: int, count: int, *, boot_count: int | None
) -> list[UnitEvent]:
    """Returns entries ``first`` to ``first + count - 1``; one read, more across the ring's end.

    An entry is never split between two reads; each read takes as many whole ones as the link
    allows.

    The event of sequence n is in slot (n - 1) modulo the ring's size. Raises FrameCorrupt if
    another event is there (overwritten, never written, or another request's answer; the line is
    drained), LinkError otherwise.
    """
    slot = (first - 1) % ring.entries
    at_once = min(count, ring.entries - slot, link.most_registers // ring.entry_words)
    address = ring.first_entry + slot * ring.entry_words
    words = bytes_to_words(link.read_registers(READ, address, at_once * ring.entry_words))
    try:
        entries = [
            _event(words[i * ring.entry_words :], (first + i) & 0xFFFF, boot_count)
            for i in range(at_once)
        ]
    except FrameCorrupt:
        link.distrust()
        raise
    if at_once == count:
        return entries
    rest = read_entries(link, ring, first + at_once, count - at_once, boot_count=boot_count)
    return [*entries, *rest]


def _event(words: list[int], sequence: int, boot_count: int | None) -> UnitEvent:
    if words[0] != sequence:
        raise FrameCorrupt(
            f"event {sequence} was expected, {words[0]} is in its slot; the entry was refused"
        )
    return UnitEvent(
        boot_count=boot_count,
        sequence=sequence,
        code=words[1],
        uptime_ms=words[2] << 16 | words[3],
        value_1=_signed(words[4]),
        value_2=_signed(words[5]),
    )


def _signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word
