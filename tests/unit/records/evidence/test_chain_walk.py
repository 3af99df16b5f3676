"""The walk of a whole chain is the single link, repeated; ranges in columns are ranges."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.evidence.chain_walk import MOST_COVERED, ComputedLinks, LinkRanges, LinkRow, walk_chain
from records.store.canonical import SAMPLE_SIZE
from records.store.chain import NOTHING, LinkRange, compute_link

COUNTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=30)
"""Events and samples of each link."""


def as_columns(counts: list[tuple[int, int]]) -> LinkRanges:
    table = np.array(counts, dtype=np.uint32).reshape(-1, 2)
    return LinkRanges.of_counts(table[:, 0], table[:, 1])


def one_by_one(counts: list[tuple[int, int]]) -> list[LinkRange]:
    covered, ranges = NOTHING, []
    for events, samples in counts:
        covered = covered.next(events, samples)
        ranges.append(covered)
    return ranges


@given(COUNTS, st.integers(0, 6), st.integers(0, 8), st.randoms(use_true_random=False))
def test_the_walk_repeats_the_single_link(
    counts: list[tuple[int, int]], fewer_events: int, fewer_samples: int, random: Random
) -> None:
    ranges = one_by_one(counts)
    last = ranges[-1] if ranges else NOTHING
    events = [random.randbytes(random.randrange(40)) + b"\0" for _ in range(last.next_event)]
    samples = (
        random.randbytes(SAMPLE_SIZE * last.next_sample - 1) + b"\0" if last.next_sample else b""
    )
    # Damage: the ranges may name more than is stored.
    events = events[: max(0, len(events) - fewer_events)]
    samples = samples[: max(0, len(samples) - SAMPLE_SIZE * fewer_samples)]
    start = random.randbytes(32)

    link, expected = start, []
    for covered in ranges:
        link = compute_link(
            link,
            covered,
            b"".join(events[covered.first_event : covered.next_event]),
            samples[SAMPLE_SIZE * covered.first_sample : SAMPLE_SIZE * covered.next_sample],
        )
        expected.append(link)

    assert walk_chain(start, as_columns(counts), events, samples) == expected


@given(COUNTS)
def test_ranges_in_columns_are_the_ranges(counts: list[tuple[int, int]]) -> None:
    ranges = as_columns(counts)

    assert list(ranges) == one_by_one(counts)
    assert ranges[:-1] == one_by_one(counts)[:-1]


def test_a_computed_link_is_made_when_it_is_asked_for() -> None:
    links = ComputedLinks(as_columns([(1, 2), (0, 3)]), [b"a" * 32, b"b" * 32], [])
    second = LinkRow(1, LinkRange(1, 0, 2, 3), b"b" * 32)

    assert (links[1], links[-1], links[1:], len(links)) == (second, second, [second], 2)
    with pytest.raises(IndexError):
        links[2]


def test_a_link_cannot_cover_more_than_its_numbers_can_name() -> None:
    half = MOST_COVERED // 2 + 1
    with pytest.raises(ValueError, match="links cover more than 4294967295 events or samples"):
        as_columns([(half, 0), (half, 0)])
