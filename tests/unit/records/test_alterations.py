"""Every alteration of a sealed record or a bundle is found; the short form of the campaign."""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.evidence.bundle_check import check_bundle
from records.evidence.integrity import verify
from records.evidence.session_check import NOT_OUTSIDE
from records.store.record_folder import RecordFolder
from tests.campaigns.alterations import run
from tests.campaigns.asked import Asked
from tests.support.altered_bundles import BUNDLE_ALTERATIONS
from tests.support.altered_records import (
    ALTERATIONS,
    FOREIGN_KEY,
    KEY,
    SESSIONS,
    Ground,
    found_in_a_copy,
    prepare,
)
from tests.support.memory import memory_folder

ONLY_OUTSIDE = ("cut_tail", "older_file", "no_file", "rewrite_by_key_holder")


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with memory_folder() as folder:
        yield prepare(Path(folder))


def test_the_untouched_record_is_in_order(ground: Ground) -> None:
    result = verify(RecordFolder(ground.newest), checkpoints=ground.checkpoints)
    assert result.alterations == ()
    assert (result.sessions, result.signed, result.checkpoints) == (3, 3, 3)
    assert result.key_ids == (KEY.key_id,)
    assert "3 signatures; 3 outside checkpoints" in result.basis
    for session_id, bundle in ground.bundles.items():
        checked = check_bundle(io.BytesIO(bundle), public_keys={KEY.key_id: KEY.public_key})
        assert checked.alterations == ()
        assert checked.session_id == session_id


def test_a_hundred_and_fifty_random_alterations_are_found(ground: Ground) -> None:
    made, missed = run(ground, Asked(count=150, seed=7), RecordFolder(ground.folder / "copy"))
    assert missed == []
    assert made.total() == 150
    assert len(made) > len(ALTERATIONS)


def test_every_kind_is_drawn_by_the_campaign() -> None:
    names = {*ALTERATIONS, *(f"bundle {name}" for name in BUNDLE_ALTERATIONS)}
    assert len(names) == len(ALTERATIONS) + len(BUNDLE_ALTERATIONS)


@pytest.mark.parametrize("kind", ONLY_OUTSIDE)
def test_what_only_outside_checkpoints_find_is_not_found_without_them(
    ground: Ground, kind: str
) -> None:
    """This is why verify says what it was not checked against."""
    place = RecordFolder(ground.folder / "copy")
    assert found_in_a_copy(ground, kind, random.Random(1), place)
    inside = verify(place)
    assert inside.alterations == ()
    assert NOT_OUTSIDE in inside.basis


def test_a_rewrite_without_the_key_fits_the_chain_and_fails_the_signature(ground: Ground) -> None:
    place = RecordFolder(ground.folder / "copy")
    assert found_in_a_copy(ground, "rewrite_unsigned", random.Random(2), place)
    where = {alteration.where for alteration in verify(place).alterations}
    assert where >= {"the signature", "the checkpoint"}
    assert "the packed links" not in where, "their digest was computed anew"
    blind = {alteration.where for alteration in verify(place, public_keys={}).alterations}
    assert {w for w in blind if w.startswith("events ")}, "the session's key signed another chain"


def test_a_foreign_key_is_found_by_the_known_one_only(ground: Ground) -> None:
    place = RecordFolder(ground.folder / "copy")
    assert found_in_a_copy(ground, "rewrite_foreign_key", random.Random(3), place)
    whats = {alteration.what for alteration in verify(place).alterations}
    assert len(whats) == 2
    assert any(FOREIGN_KEY.key_id in what and "none of the known ones" in what for what in whats)
    assert "the session's key is not certified by a key of this workstation" in whats
    blind = verify(place, public_keys={})
    assert blind.alterations == ()
    assert "no public key of the workstation at hand" in blind.basis


def test_one_session_is_verified_with_those_that_the_checkpoints_name(ground: Ground) -> None:
    place = RecordFolder(ground.folder / "copy")
    found_in_a_copy(ground, "cut_tail", random.Random(1), place)
    first = SESSIONS[0]
    assert verify(place, first).alterations == ()
    assert verify(place, first, checkpoints=ground.checkpoints[:1]).alterations == ()
    missing = verify(place, first, checkpoints=ground.checkpoints[2:]).alterations
    assert [found.session_id for found in missing] == ["s-3"]


def test_it_is_said_since_when(ground: Ground) -> None:
    place = RecordFolder(ground.folder / "copy")
    shutil.rmtree(place.path, ignore_errors=True)
    shutil.copytree(ground.newest, place.path)
    honest = verify(place)
    assert honest.alterations == ()
    found_in_a_copy(ground, "edit", random.Random(5), place)
    moments = [found.since_utc_ms for found in verify(place).alterations]
    assert all(moment is not None and moment >= 1_795_564_800_000 for moment in moments)
