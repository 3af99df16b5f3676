"""The matrix of Pythons: what is not there is said, and what was named must be there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import test_matrix


@pytest.fixture
def tests_run(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No tests are run; the versions for which they would be."""
    ran: list[str] = []

    def tested(version: str, python: Path) -> tuple[str, bool]:
        ran.append(version)
        return ("tests passed", True) if version == "3.11" else ("tests FAILED", False)

    monkeypatch.setattr(test_matrix, "tested_on", tested)
    monkeypatch.setattr(
        test_matrix, "python_of", lambda v: Path(sys.executable) if v != "3.14" else None
    )
    return ran


def test_a_python_that_is_not_there_is_a_line_and_no_failure(
    tests_run: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test_matrix, "SUPPORTED", ("3.11", "3.14"))
    assert test_matrix.main([]) == 0
    assert tests_run == ["3.11"]
    assert "s  not installed here: not tested" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "status"), [(["3.11"], 0), (["3.14"], 1), (["3.12"], 1), (["3.10"], 2)]
)
def test_one_that_was_named_must_be_there_and_pass(
    tests_run: list[str], asked: list[str], status: int
) -> None:
    assert test_matrix.main(asked) == status


def test_an_interpreter_is_taken_only_when_it_starts_and_is_of_that_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    variable = f"PYTHON_{here.replace('.', '_')}"
    monkeypatch.setenv(variable, sys.executable)
    assert test_matrix.python_of(here) == Path(sys.executable)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    for none in (broken, tmp_path / "missing"):
        monkeypatch.setenv(variable, str(none))
        assert test_matrix.python_of(here) is None
    monkeypatch.setenv("PYTHON_3_14", sys.executable)
    assert test_matrix.python_of("3.14") is None or here == "3.14"


def test_the_tests_run_in_an_environment_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, len(commands) - 1)

    monkeypatch.setattr(subprocess, "run", run)
    assert test_matrix.tested_on("3.12", Path("/opt/python3.12")) == ("tests FAILED", False)
    made, tested = commands
    assert made[0] == "/opt/python3.12"
    assert made[2].endswith(".venv-3.12")
    assert tested[0].startswith(made[2])
