"""The clinic in which the visits of these tests are held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.store.record_folder import RecordFolder
from tests.support.reception import Reception, first_patient


@pytest.fixture
def clinic(folder: RecordFolder, tmp_path: Path) -> Iterator[Reception]:
    """The clinic of the test's own folder."""
    with first_patient(folder, tmp_path / "claims") as opened:
        yield opened
