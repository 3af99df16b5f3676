"""The short form of the campaign over kinds of alteration: who finds what, and the page."""

from __future__ import annotations

import pytest

from records.store.record_folder import RecordFolder
from tests.campaigns.alteration_kinds import KINDS, Kind, prepare
from tests.campaigns.alteration_report import find, outside_of, page
from tests.campaigns.key_kinds import KEY_KINDS, prepare_keys
from tests.campaigns.year_kinds import MOVED_YEAR, YEAR_KINDS, prepare_years

EVERY = (*KINDS, *KEY_KINDS, *YEAR_KINDS)
SHORT, SHORT_KEYS, SHORT_YEARS = KINDS[::6], KEY_KINDS[::4], YEAR_KINDS[::6]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    return prepare(tmp_path_factory.mktemp("kinds"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    return prepare_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    return prepare_years(tmp_path_factory.mktemp("years"))


def _check(kind: Kind, ground: RecordFolder) -> None:
    place = RecordFolder(ground.path.parent / "copy")
    found = find(kind, ground, outside_of(ground), place)
    assert found.finder == kind.expected, found.message
    assert bool(found.message) is (found.finder != "nobody")


@pytest.mark.parametrize("kind", SHORT, ids=[kind.name for kind in SHORT])
def test_a_kind_is_found_by_whom_the_page_says(ground: RecordFolder, kind: Kind) -> None:
    _check(kind, ground)


@pytest.mark.parametrize("kind", SHORT_KEYS, ids=[kind.name for kind in SHORT_KEYS])
def test_a_kind_of_the_keys_is_found_by_whom_the_page_says(keys: RecordFolder, kind: Kind) -> None:
    _check(kind, keys)


@pytest.mark.parametrize("kind", SHORT_YEARS, ids=[kind.name for kind in SHORT_YEARS])
def test_a_kind_of_a_closed_year_is_found_by_whom_the_page_says(
    years: RecordFolder, kind: Kind
) -> None:
    _check(kind, years)


def test_the_page_names_every_kind_once(ground: RecordFolder) -> None:
    assert len(EVERY) >= 160
    assert len({kind.name for kind in EVERY}) == len(EVERY)
    assert sum(kind.of == MOVED_YEAR for kind in EVERY) >= 18
    found = [find(KINDS[0], ground, [], RecordFolder(ground.path.parent / "copy"))]
    assert f"| {KINDS[0].name} |" in page(found, "2026-11-28")
