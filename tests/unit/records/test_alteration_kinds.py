"""The short form of the campaign over kinds of alteration: who finds what, and the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.store.record_folder import RecordFolder
from tests.campaigns.alteration_kinds import KINDS, prepare
from tests.campaigns.alteration_report import find, outside_of, page

SHORT = KINDS[::6]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    return prepare(tmp_path_factory.mktemp("kinds"))


@pytest.mark.parametrize("kind", SHORT, ids=[kind.name for kind in SHORT])
def test_a_kind_is_found_by_whom_the_page_says(
    ground: RecordFolder, tmp_path: Path, kind: object
) -> None:
    (chosen,) = [one for one in KINDS if one is kind]
    place = ground.path.parent / "copy"
    found = find(chosen, ground, outside_of(ground), RecordFolder(place))
    assert found.finder == chosen.expected, found.message
    assert bool(found.message) is (found.finder != "nobody")


def test_the_page_names_every_kind_once(ground: RecordFolder) -> None:
    assert len(KINDS) >= 60
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    found = [find(KINDS[0], ground, [], RecordFolder(ground.path.parent / "copy"))]
    assert f"| {KINDS[0].name} |" in page(found, "2026-11-28")
