"""What the tests of updates share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.updating import UpdatedClinic, make_clinic, make_quickly
from workstation.updating.installation import Installation


@pytest.fixture
def clinic(tmp_path: Path) -> UpdatedClinic:
    return make_clinic(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are made without an environment and rehearsed by the interpreter of the tests."""
    monkeypatch.setattr(Installation, "make", make_quickly)
    monkeypatch.setattr(Installation, "program_of", lambda *_: Path(sys.executable))
