"""What a machine lacks is skipped by name, and fails where nothing may be missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.accounts import require_a_way_to
from tests.support.installed import installed, library_flags


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)


@pytest.mark.usefixtures("nothing_installed")
def test_a_missing_program_is_a_skip_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="socat is not installed"):
        installed("socat")


@pytest.mark.usefixtures("nothing_installed")
def test_a_missing_program_fails_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="socat is not installed, and CI=true"):
        installed("socat")


def test_a_library_without_its_headers_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("shutil.which", lambda *_, **__: "pkg-config")
    lacks = subprocess.CompletedProcess([], 1, "", "Package libmodbus was not found")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: lacks)
    with pytest.raises(pytest.skip.Exception, match="libmodbus with its headers is not installed"):
        library_flags("libmodbus")


def test_a_folder_that_is_closed_to_other_accounts_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place := tmp_path / "closed" / "project").mkdir(parents=True)
    place.parent.chmod(0o700)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="closed is closed to other accounts"):
        require_a_way_to(place)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="put the project elsewhere"):
        require_a_way_to(place)


def test_a_project_that_others_can_come_to_is_tried() -> None:
    require_a_way_to(Path("/"))
