"""What a campaign is asked for: shards share its numbers, and a number repeats its case."""

from __future__ import annotations

import sys

import pytest

from tests.campaigns.asked import Asked, ran_on


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> Asked:
    monkeypatch.setattr(sys, "argv", ["campaign", *words])
    return Asked.of("A campaign.", count=100)


def test_a_campaign_is_whole_unless_something_else_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert asked(monkeypatch) == Asked(count=100)
    assert asked(monkeypatch, "7", "3") == Asked(count=7, seed=3)
    assert asked(monkeypatch, "--shard", "2/3") == Asked(count=100, shard=2, shards=3)


def test_shards_share_the_numbers() -> None:
    parts = [Asked(count=10, shard=shard, shards=3).numbers for shard in (1, 2, 3)]
    assert sorted(number for part in parts for number in part) == list(Asked(count=10).numbers)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/2/3", ""])
def test_a_shard_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shard: str
) -> None:
    with pytest.raises(SystemExit):
        asked(monkeypatch, "--shard", shard)
    assert "--shard" in capsys.readouterr().err


def test_number_and_seed_repeat_a_case() -> None:
    one, again, other = (Asked(count=9, seed=seed).chance(4).random() for seed in (1, 1, 2))
    assert one == again != other


def test_the_last_line_says_commit_seed_and_shard() -> None:
    said = ran_on(Asked(count=10, seed=5, shard=2, shards=3))
    assert said.startswith("commit ")
    assert "seed 5, shard 2/3 of 10" in said
