"""The links of a sealed session, packed: what each covers. The digests are computed again.

Layout (big-endian): version u8 (1), count of links u32, then two packed columns of u32
(``records.store.columns``), events and samples of each link.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np

from records.evidence.chain_walk import LinkRanges
from records.store.chain import LinkRange
from records.store.columns import pack_column, unpack_column

VERSION: Final = 1
MOST_LINKS: Final = 1 << 24
"""46 hours of commits at 100 Hz. A damaged count must not be able to fill the memory."""
_HEAD: Final = struct.Struct(">BI")
_WIDTH: Final = 4


def pack_ranges(ranges: Iterable[LinkRange]) -> bytes:
    """Returns the packed form of what the links of a session cover, in order."""
    counts = ((covered.event_count, covered.sample_count) for covered in ranges)
    events, samples = np.fromiter(counts, dtype=np.dtype((np.uint32, 2))).T
    return _HEAD.pack(VERSION, len(events)) + pack_column(events) + pack_column(samples)


def unpack_ranges(data: bytes) -> LinkRanges:
    """Returns the ranges again.

    Raises ValueError for anything that ``pack_ranges`` does not write.
    """
    try:
        version, count = _HEAD.unpack_from(data)
        if version != VERSION or count > MOST_LINKS:
            raise ValueError(f"packed links of version {version} with {count} links")
        events, at = unpack_column(data, _HEAD.size, count, _WIDTH)
        samples, at = unpack_column(data, at, count, _WIDTH)
    except (struct.error, zlib.error, IndexError) as error:
        raise ValueError(f"packed links cannot be read: {error}") from error
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes follow the packed links")
    return LinkRanges.of_counts(events, samples)


def compute_links_digest(links: Iterable[bytes]) -> bytes:
    """Returns SHA-256 over the digests of all links of a session, in order."""
    return hashlib.sha256(b"".join(links)).digest()


def compute_removal_digest(digest: bytes, stored_ranges: bytes) -> bytes:
    """Returns SHA-256(digest over all links | packed ranges), which remains after a removal."""
    return hashlib.sha256(digest + stored_ranges).digest()
