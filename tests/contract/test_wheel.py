"""The wheel contains everything that the program needs, and runs outside this checkout.

The new environment takes the installed dependencies from the one that runs the tests, so nothing is
downloaded; the program itself comes from the wheel alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from records.order.order_file import parse_order
from records.store.record_folder import RecordFolder
from tests.contract.test_documentation import tracked_files
from tests.support.pages import ROOT
from tests.support.sessions import SHORT_CERVICAL, staged

PACKAGES = ("controller", "firmware_bridge", "records", "simulator", "workstation")
SCRIPTS, LIBRARIES = (
    ("Scripts", "Lib/site-packages")
    if sys.platform == "win32"
    else ("bin", f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    ran(ROOT, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; a ``.pth`` file provides the dependencies installed here."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (folder / LIBRARIES / "dependencies.pth").write_text("\n".join(sorted(here)))
    python = str(folder / SCRIPTS / "python")
    install = ("install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check")
    ran(ROOT, sys.executable, "-m", "pip", "--python", python, *install, str(wheel))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of one simulated session."""
    folder = tmp_path_factory.mktemp("data")
    with staged(RecordFolder(folder), wire="direct") as stage:
        stage.treat(SHORT_CERVICAL)
    return folder


def ran(folder: Path, *command: str) -> str:
    """Run a command in ``folder``, where Python would look first; returns its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONPATH")}
    done = subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def traction(installed: Path, folder: Path, *arguments: str) -> str:
    return ran(folder, str(installed / SCRIPTS / "traction"), *arguments)


def test_every_file_of_the_packages_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    here = {path.relative_to(ROOT).as_posix() for path in tracked_files() if path.exists()}
    assert held == {name for name in here if name.partition("/")[0] in PACKAGES}
    suffixes = {Path(name).suffix for name in held}
    assert suffixes >= {".toml", ".csv", ".json", ".codes", ".html", ".css"}


def test_what_development_needs_is_no_part_of_it(wheel: Path) -> None:
    (metadata,) = (name for name in ZipFile(wheel).namelist() if name.endswith("/METADATA"))
    text = ZipFile(wheel).read(metadata).decode()
    assert "Classifier: Private :: Do Not Upload" in text
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert "pytest>=9.2" in groups["dev"]
    assert "pytest" not in text
    assert [line for line in text.splitlines() if line.startswith("Provides-Extra")] == [
        "Provides-Extra: analysis"
    ]


def test_the_program_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = "import workstation.cli as cli; print(cli.__file__)"
    found = Path(ran(tmp_path, str(installed / SCRIPTS / "python"), "-c", where).strip())
    assert found.is_relative_to(installed)
    assert "Usage: traction" in traction(installed, tmp_path, "--help")
    order = traction(installed, tmp_path, "order", "new", "--region", "cervical")
    assert parse_order(order, "printed") is not None
    assert list(tmp_path.iterdir()) == []


def test_note_and_export_are_made_from_the_wheel(
    installed: Path, data: Path, tmp_path: Path
) -> None:
    session = ("session-1", "--data", str(data))
    assert "cervical" in traction(installed, tmp_path, "note", *session)
    path = tmp_path / "made.csv"
    traction(installed, tmp_path, "export", *session, "--format", "csv", "--out", str(path))
    assert path.read_text().startswith("session_id,")
