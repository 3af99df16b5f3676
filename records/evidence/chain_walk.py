"""Computes a whole chain at once from what its links cover; digests as by compute_link.

``records.store.chain.compute_link`` defines a link. A session has thousands of them, and a check of
a folder recomputes them all, so this module takes the ranges as columns, packs them in one step and
spends on each link little more than its SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from records.store.canonical import SAMPLE_SIZE
from records.store.chain import LinkRange

MOST_COVERED = 0xFFFF_FFFF
"""The largest number of events or samples that a link can name."""
_HEADER = np.dtype("V16")

Counts = NDArray[np.int64]


class LinkRow(NamedTuple):
    """A link. ``digest`` is the computed one, or the stored one where that differs."""

    number: int
    covered: LinkRange
    digest: bytes


@dataclass(frozen=True, slots=True, eq=False)
class LinkRanges(Sequence[LinkRange]):
    """The ranges that the links of a chain cover, in order.

    ``event_ends`` and ``sample_ends`` have a leading 0, then the number of events and samples up to
    and with each link.
    """

    event_ends: Counts
    sample_ends: Counts

    @classmethod
    def of_counts(cls, events: NDArray[np.integer], samples: NDArray[np.integer]) -> LinkRanges:
        """Returns the ranges of links with so many events and samples.

        Raises ValueError for too many.
        """
        ends = [
            np.concatenate(([0], np.cumsum(column, dtype=np.int64))) for column in (events, samples)
        ]
        if max(int(column[-1]) for column in ends) > MOST_COVERED:
            raise ValueError(f"links cover more than {MOST_COVERED} events or samples")
        return cls(*ends)

    def headers(self) -> NDArray[np.void]:
        """Returns the numbers of each link as ``compute_link`` packs them, 16 bytes."""
        packed = np.empty((len(self), 4), dtype=">u4")
        for place, ends in ((0, self.event_ends), (2, self.sample_ends)):
            packed[:, place] = ends[:-1]
            packed[:, place + 1] = np.diff(ends)
        return packed.reshape(-1).view(_HEADER)

    def __len__(self) -> int:
        return len(self.event_ends) - 1

    @overload
    def __getitem__(self, place: int) -> LinkRange: ...
    @overload
    def __getitem__(self, place: slice) -> list[LinkRange]: ...
    def __getitem__(self, place: int | slice) -> LinkRange | list[LinkRange]:
        if isinstance(place, slice):
            return [self[one] for one in range(len(self))[place]]
        index = range(len(self))[place]
        first_event, next_event = self.event_ends[index : index + 2].tolist()
        first_sample, next_sample = self.sample_ends[index : index + 2].tolist()
        return LinkRange(
            first_event, next_event - first_event, first_sample, next_sample - first_sample
        )


@dataclass(frozen=True, slots=True, eq=False)
class ComputedLinks(Sequence[LinkRow]):
    """The links of a sealed session, computed from its content; a row is made when asked for.

    ``events`` are the canonical bytes of the events that they were computed from.
    """

    ranges: LinkRanges
    digests: list[bytes]
    events: list[bytes]

    def __len__(self) -> int:
        return len(self.digests)

    @overload
    def __getitem__(self, place: int) -> LinkRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[LinkRow]: ...
    def __getitem__(self, place: int | slice) -> LinkRow | list[LinkRow]:
        if isinstance(place, slice):
            return [self[one] for one in range(len(self))[place]]
        index = range(len(self))[place]
        return LinkRow(index, self.ranges[index], self.digests[index])


def walk_chain(
    start: bytes, ranges: LinkRanges, events: Sequence[bytes], samples: bytes
) -> list[bytes]:
    """Returns the digests of the chain that begins with ``start``.

    ``events`` are the canonical bytes of each event, ``samples`` those of all samples. A range that
    goes past their end covers what is there.
    """
    # Copying an empty hash that is fed twice is a tenth faster than a new hash of both.
    fresh, link, links = hashlib.sha256().copy, start, list[bytes]()
    for body in _covered(ranges, events, samples):
        hashed = fresh()
        hashed.update(link)
        hashed.update(body)
        link = hashed.digest()
        links.append(link)
    return links


def _covered(ranges: LinkRanges, events: Sequence[bytes], samples: bytes) -> list[bytes]:
    """Returns what follows the previous link in each link's bytes: its numbers, events, samples.

    Links with the same number of samples are assembled in one table; few links have events.
    """
    ends = np.minimum(ranges.sample_ends, len(samples) // SAMPLE_SIZE)
    headers, covered = ranges.headers(), np.empty(len(ranges), dtype=object)
    for count, places in _places_by_value(np.diff(ends)):
        if not count:
            covered[places] = headers[places]
            continue
        table = np.empty(len(places), dtype=[("header", _HEADER), ("samples", _run(count))])
        table["header"] = headers[places]
        table["samples"] = _runs(samples, count)[ends[places]]
        covered[places] = table.view(f"V{table.itemsize}")
    bodies: list[bytes] = covered.tolist()
    with_events = np.flatnonzero(np.diff(ranges.event_ends))
    starts, stops = ranges.event_ends[with_events], ranges.event_ends[with_events + 1]
    for place, first, end in zip(
        with_events.tolist(), starts.tolist(), stops.tolist(), strict=True
    ):
        header, rest = bodies[place][: _HEADER.itemsize], bodies[place][_HEADER.itemsize :]
        bodies[place] = header + b"".join(events[first:end]) + rest
    return bodies


def _runs(samples: bytes, count: int) -> NDArray[np.void]:
    """Returns ``count`` samples as one value, from each sample followed by so many."""
    starts = len(samples) // SAMPLE_SIZE - count + 1
    return np.ndarray((starts,), dtype=_run(count), buffer=samples, strides=(SAMPLE_SIZE,))


def _run(count: int) -> np.dtype[np.void]:
    return np.dtype(f"V{SAMPLE_SIZE * count}")


def _places_by_value(values: Counts) -> Iterator[tuple[int, Counts]]:
    """Yields each value with its positions."""
    # In their smallest type they are sorted in one pass.
    order = np.argsort(values.astype(np.min_scalar_type(values.max(initial=0))), kind="stable")
    steps = np.flatnonzero(np.diff(values[order])) + 1
    for places in np.split(order, steps) if len(order) else []:
        yield int(values[places[0]]), places
