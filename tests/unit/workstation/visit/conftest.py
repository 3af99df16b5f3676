"""The clinic in which the visits of these tests are held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from records.store.record_folder import RecordFolder
from tests.support.reception import Reception, medicare_patient, open_clinic, reception
from tests.support.standing import keep


@pytest.fixture
def clinic(folder: RecordFolder, tmp_path: Path) -> Iterator[Reception]:
    """A clinic with one patient of Medicare, whose plan of care began a week ago."""
    with reception(folder, tmp_path / "claims") as opened:
        open_clinic(folder)
        day = datetime.fromtimestamp(opened.clock.utc_ms() / 1000).date() - timedelta(days=7)
        keep(folder, medicare_patient(day.isoformat()))
        yield opened
