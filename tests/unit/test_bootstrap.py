"""bootstrap.py: says what is wrong, does nothing twice, and leaves no half-made mark.

And which Python the Makefile starts it with.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from tests.support.pages import ROOT

PROJECT = '[project]\nname = "{name}"\n[build-system]\n[tool.hatch]\n[tool.ruff]\nline = {line}\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of its own with nothing installed."""
    for name, file in (
        ("LOCK", "requirements.lock"),
        ("PROJECT", "pyproject.toml"),
        ("ENVIRONMENT", ".venv"),
        ("PYTHON", ".venv/python"),
    ):
        monkeypatch.setattr(bootstrap, name, tmp_path / file)
    (tmp_path / "requirements.lock").write_text("a==1\n")
    write_project(tmp_path)
    return tmp_path


def write_project(folder: Path, name: str = "a", line: int = 1) -> None:
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name, line=line))


def make(environment: Path) -> None:
    environment.mkdir(exist_ok=True)
    (environment / "python").touch()


def test_an_older_python_is_refused_with_the_one_that_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    assert bootstrap.main([]) == 2
    assert "Python 3.11 or newer is needed, this is 3.10.13" in capsys.readouterr().out


def test_a_fitting_environment_is_left_alone_and_another_lock_makes_a_new_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def counted(environment: Path) -> None:
        make(environment)
        made.append(environment)

    monkeypatch.setattr(bootstrap, "make_environment", counted)
    assert [bootstrap.main([]), bootstrap.main([])] == [0, 0]
    assert made == [place / ".venv"]
    (place / "requirements.lock").write_text("a==2\n")
    assert bootstrap.main([]) == 0
    assert len(made) == 2
    other = place / ".venv-other"
    assert [bootstrap.main([str(other)]), bootstrap.main([str(other)])] == [0, 0]
    assert made[2:] == [other]


def test_settings_of_tools_make_no_new_environment(place: Path) -> None:
    before = bootstrap.fingerprint()
    write_project(place, line=2)
    assert bootstrap.fingerprint() == before
    write_project(place, name="b")
    assert bootstrap.fingerprint() != before


def test_a_failed_step_is_named_and_tried_again_next_time(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(environment: Path) -> None:
        make(environment)
        raise subprocess.CalledProcessError(1, ["pip", "install"])

    monkeypatch.setattr(bootstrap, "make_environment", fail)
    assert [bootstrap.main([]), bootstrap.main([])] == [1, 1]
    assert capsys.readouterr().out.count("this step failed: pip install") == 2


# --- which Python the Makefile takes -----------------------------------------------------------


def python(folder: Path, name: str, status: int) -> Path:
    """A stand-in for a Python that can make environments, or ends with another status."""
    made = folder / name
    made.write_text(f"#!/bin/sh\nexit {status}\n")
    made.chmod(0o755)
    return made


def taken(candidates: list[Path], *arguments: str) -> str:
    """The command with which ``make setup`` would start."""
    found = " ".join(map(str, candidates))
    command = ["make", "--dry-run", "--no-print-directory", "setup", f"CANDIDATES={found}"]
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def make_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the ``make`` that the tests may have been started by."""
    for name in ("PYTHON", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
@pytest.mark.usefixtures("make_alone")
def test_make_takes_the_first_python_that_can_make_an_environment(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    without_ensurepip = python(tmp_path, "bare", 1)
    first, second = python(tmp_path, "first", 0), python(tmp_path, "second", 0)
    assert taken([first, second]) == f"{first} bootstrap.py"
    assert taken([absent, without_ensurepip, second, first]) == f"{second} bootstrap.py"
    assert taken([absent, without_ensurepip]) == f"{shutil.which('python3')} bootstrap.py"


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
@pytest.mark.usefixtures("make_alone")
def test_a_python_that_is_named_comes_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = python(tmp_path, "first", 0)
    assert taken([first], "PYTHON=python3.14") == "python3.14 bootstrap.py"
    monkeypatch.setenv("PYTHON", "python3.13")
    assert taken([first]) == "python3.13 bootstrap.py"
