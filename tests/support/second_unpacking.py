"""Unpacks the packed forms of the evidence, written from the page record-format.md alone."""

from __future__ import annotations

import struct
import zlib


def ranges_of(packed: bytes) -> list[tuple[int, int, int, int, bytes]]:
    """Section "Packed links"."""
    version, count = struct.unpack_from(">BI", packed)
    assert version == 1
    rest, columns = packed[5:], []
    for _ in range(2):
        planes = []
        for _ in range(4):
            (length,) = struct.unpack_from(">I", rest)
            stream, rest = rest[4 : 4 + length], rest[4 + length :]
            planes.append(zlib.decompress(stream) if length else bytes(count))
        columns.append([sum(p[i] << 8 * at for at, p in enumerate(planes)) for i in range(count)])
    assert rest == b""
    first_event = first_sample = 0
    links = []
    for events, samples in zip(*columns, strict=True):
        links.append((first_event, events, first_sample, samples, b""))
        first_event, first_sample = first_event + events, first_sample + samples
    return links


# --- the packed session -----------------------------------------------------------------------


def unpacked_session(event_count: int, sample_count: int, data: bytes) -> tuple[list[bytes], bytes]:
    """Section "Packed session": the canonical events, and the block of samples."""
    version, length = struct.unpack_from(">BI", data)
    assert version == 1
    packed, block = data[5 : 5 + length], data[5 + length :]
    assert (struct.unpack_from(">I", block, 1)[0] if block else 0) == sample_count
    return unpacked_events(packed, event_count) if event_count else [], block


def unpacked_events(packed: bytes, count: int) -> list[bytes]:
    """The same section: five columns and the texts."""
    (base,), rest = struct.unpack_from(">Q", packed), packed[8:]

    def column(width: int) -> list[int]:
        nonlocal rest
        planes = []
        for _ in range(width):
            (length,) = struct.unpack_from(">I", rest)
            stream, rest = rest[4 : 4 + length], rest[4 + length :]
            planes.append(zlib.decompress(stream) if length else bytes(count))
        return [sum(p[i] << 8 * at for at, p in enumerate(planes)) for i in range(count)]

    times = summed(column(4), 32)
    clocks = [(base + value) % 2**64 for value in summed(column(8), 64)]
    kinds, versions, lengths = column(2), column(1), column(4)
    texts = zlib.decompress(rest[4:])
    assert len(texts) == struct.unpack_from(">I", rest)[0] == sum(lengths)
    events = []
    for at, time in enumerate(times):
        utc = (clocks[at] + time) % 2**64
        head = struct.pack(">IIQHBI", at + 1, time, utc, kinds[at], versions[at], lengths[at])
        text, texts = texts[: lengths[at]], texts[lengths[at] :]
        events.append(head + text)
    return events


# --- the packed samples -----------------------------------------------------------------------


def unpacked(block: bytes) -> bytes:
    """Section "Sample blocks"."""
    version, count, step, span, reference = struct.unpack_from(">BIIBB", block)
    assert version == 2
    rest = block[11:]

    def column(values: int, width: int) -> list[int]:
        nonlocal rest
        planes = []
        for _ in range(width):
            (length,) = struct.unpack_from(">I", rest)
            stream, rest = rest[4 : 4 + length], rest[4 + length :]
            planes.append(zlib.decompress(stream) if length else bytes(values))
        assert all(len(plane) == values for plane in planes)
        return [sum(p[i] << 8 * at for at, p in enumerate(planes)) for i in range(values)]

    times = summed(column(count, 4), 32)
    targets = summed(column(count, 2), 16)
    knots = summed(column(-(-count // span) + 1, 2), 16) if span else []
    firsts, seconds = column(count, 2), column(count, 2)
    phases = summed(column(count, 1), 8)
    flags = column(count, 2)
    assert rest == b""
    out = bytearray()
    for i in range(count):
        expected = targets[i] + (course(knots, span, i) if span else 0)
        first = (unfold(firsts[i]) + expected) % 2**16
        second = (unfold(seconds[i]) + (0, expected, first)[reference]) % 2**16
        time = (times[i] + i * step) % 2**32
        out += struct.pack(">IHHHBH", time, targets[i], first, second, phases[i], flags[i])
    return bytes(out)


def summed(values: list[int], bits: int) -> list[int]:
    total, sums = 0, []
    for value in values:
        total = (total + unfold(value)) % 2**bits
        sums.append(total)
    return sums


def course(knots: list[int], span: int, i: int) -> int:
    def signed(knot: int) -> int:
        return knot - 2**16 if knot >= 2**15 else knot

    k, j = divmod(i, span)
    line = signed(knots[k]) * (span - j) + signed(knots[k + 1]) * j
    return (2 * line + span) // (2 * span)


def unfold(value: int) -> int:
    return value >> 1 if value % 2 == 0 else -(value >> 1) - 1
