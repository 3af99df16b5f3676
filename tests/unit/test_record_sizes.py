"""The measurement of a unit's file: the bare chain is the chain, and its commands run."""

from __future__ import annotations

import pytest

from controller.events import EventKind
from records.evidence.packed_links import pack_ranges, unpack_ranges
from records.evidence.stored_session import computed_links
from records.store.canonical import SAMPLE_SIZE, EventRow
from records.store.chain import NO_SEAL, NOTHING
from records.store.record_folder import RecordFolder
from tests.campaigns.record_sizes import START, Material, bare_chain, bytes_of_links, cost_of
from tests.support.notes import UNIT, recorded


def event(sequence: int) -> EventRow:
    kind = int(EventKind.OPERATOR_ACTED)
    return EventRow(
        sequence=sequence, at_ms=50, utc_ms=60, kind=kind, version=1, detail_json='{"action":"x"}'
    )


def test_the_bare_chain_hashes_what_links_hash() -> None:
    ranges = [first := NOTHING.next(1, 2), first.next(0, 3), first.next(0, 3).next(2, 0)]
    samples, events = bytes(range(5 * SAMPLE_SIZE)), [event(number) for number in range(3)]
    chain = unpack_ranges(pack_ranges(ranges))
    material = Material(samples, b"", ranges, (), b"", chain)
    last = computed_links(NO_SEAL, chain, events, samples)[-1].digest
    assert bare_chain(NO_SEAL, bytes_of_links(material, events)) == last
    assert bare_chain(NO_SEAL, bytes_of_links(material, events[::-1])) != last


def test_the_commands_run_and_a_failure_is_not_taken_for_a_figure(
    folder_in_memory: RecordFolder,
) -> None:
    recorded(folder_in_memory)
    assert cost_of("-c", START, str(folder_in_memory), UNIT).cpu_s > 0
    with pytest.raises(RuntimeError, match="no session"):
        cost_of("-c", "raise SystemExit('no session')")
