"""What the tests of updates share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.small_releases import small_wheelhouse
from tests.support.updating import (
    UpdatedClinic,
    be_quick,
    copied_environments,
    make_clinic,
)
from workstation.updating import installation
from workstation.updating.installation import Installation


@pytest.fixture
def clinic(tmp_path: Path) -> UpdatedClinic:
    return make_clinic(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are made without an environment and rehearsed by the interpreter of the tests."""
    be_quick(monkeypatch)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheelhouses of 1.0 and 1.1, and an installation of 1.0 made by the script that they bring."""
    folder = tmp_path_factory.mktemp("installation")
    for version in ("1.0", "1.1"):
        house = small_wheelhouse(folder / version, version)
        shutil.copy(Path(installation.__file__), house / "install.py")
    done = subprocess.run(
        # -S: without any package but Python's own library
        [sys.executable, "-I", "-S", str(folder / "1.0" / "install.py"), str(folder / "root")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def environments(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Further versions get a copy of that installation's environment, and are installed into it."""
    version = Installation(made / "root").folder_of("1.0")
    monkeypatch.setattr(installation, "run", copied_environments(version))
