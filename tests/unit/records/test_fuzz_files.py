"""Damaged files of every kind: no reader fails, and none takes changed content as whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.evidence.reader import list_sessions
from records.store.canonical import SAMPLE_SIZE
from records.store.record_folder import RecordFolder
from tests.campaigns.asked import Asked
from tests.campaigns.fuzz_files import run
from tests.support.memory import memory_folder
from tests.support.mutated_files import (
    NOT_COMPARED,
    READERS,
    TICKS,
    content_of,
    fuzz_one,
    path_of,
    prepare,
    verdict_of,
)

FILES_IN_THE_TEST = 150


def test_no_damage_breaks_a_reader_or_passes_for_the_whole() -> None:
    with memory_folder() as folder:
        ground = prepare(Path(folder))
        outcomes, failures = run(ground, Asked(count=FILES_IN_THE_TEST, seed=7))
    assert failures == []
    assert {kind for kind, _ in outcomes} == set(READERS)
    assert {outcome for _, outcome in outcomes} >= {"whole", "altered", "refused"}


FOUND_BY_THE_CAMPAIGN = (91_145,)
"""A name in clinic.db with a byte that is no text: the checkpoint of it ended as a failure."""


@pytest.mark.parametrize("number", FOUND_BY_THE_CAMPAIGN)
def test_what_broke_a_reader_once_breaks_none_again(number: int) -> None:
    with memory_folder() as folder:
        ground = prepare(Path(folder))
        assert fuzz_one(ground, Asked(count=100_000).chance(number)) == ("clinic.db", "altered")


def test_the_ground_is_whole_and_not_empty(tmp_path: Path) -> None:
    ground = prepare(tmp_path)
    assert verdict_of(ground.whole) == "whole"
    assert len(list_sessions(RecordFolder(ground.whole))) == 3
    assert len(ground.recorded[1]) == TICKS * SAMPLE_SIZE
    for which in NOT_COMPARED:
        assert (
            content_of(path_of(RecordFolder(ground.whole), which), which) == ground.contents[which]
        )


def test_the_campaign_tells_what_it_saw(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A reader that takes everything, and one that breaks, are both failures of the campaign."""
    ground = prepare(tmp_path)
    monkeypatch.setattr("tests.support.mutated_files.verdict_of", lambda data: "whole")
    monkeypatch.setattr("tests.support.mutated_files.restore", lambda source, target, trust: 1 / 0)
    _, failures = run(ground, Asked(count=30))
    assert any("ACCEPTED" in failure for failure in failures)
    assert any("INTERNAL ERROR: ZeroDivisionError" in failure for failure in failures)
