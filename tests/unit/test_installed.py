"""What is not installed is skipped by name, and fails where everything is installed."""

from __future__ import annotations

import subprocess

import pytest

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
