"""`make test-matrix`: the tests on every supported Python that this computer has.

    python -m tools.test_matrix [VERSION ...]

Each Python gets an environment of its own from the lock, in a folder beside ``.venv``. A Python
that is not installed is one line in the table and no failure; one that was named is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bootstrap

ROOT: Final = Path(__file__).resolve().parent.parent
SUPPORTED: Final = ("3.11", "3.12", "3.13", "3.14")
TESTED: Final = (
    "tests/unit",
    "tests/contract",
    "tests/scenarios",
    "tests/safety",
    "tests/recovery",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one Python; ``found`` is its whole version, "" without one."""

    version: str
    found: str
    said: str
    passed: bool | None
    seconds: float = 0.0


def main(asked: list[str]) -> int:
    """Test on each Python; returns the exit status."""
    unknown = [version for version in asked if version not in SUPPORTED]
    if unknown:
        print(f"test_matrix: {', '.join(unknown)} is not supported; name {', '.join(SUPPORTED)}")
        return 2
    outcomes = list(_tried(asked or list(SUPPORTED)))
    for each in outcomes:
        print(f"{each.version:<6} {each.found or '-':<9} {each.seconds:7.1f} s  {each.said}")
    missing = [each.version for each in outcomes if asked and each.passed is None]
    return 1 if missing or any(each.passed is False for each in outcomes) else 0


def python_of(version: str) -> Path | None:
    """Returns the path of a version's interpreter; None if none starts here."""
    named = os.environ.get(f"PYTHON_{version.replace('.', '_')}")
    found = named or shutil.which(f"python{version}")
    if found is None or not version_of(Path(found)).startswith(f"{version}."):
        return None
    return Path(found)


def version_of(python: Path) -> str:
    """The full version that an interpreter reports; empty if it does not start."""
    command = [str(python), "-c", "import platform; print(platform.python_version())"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _tried(versions: list[str]) -> Iterator[Outcome]:
    for version in versions:
        python = python_of(version)
        if python is None:
            yield Outcome(version, "", "not installed here: not tested", None)
            continue
        print(f"== Python {version}", flush=True)
        started_s = time.perf_counter()
        said, passed = tested_on(version, python)
        yield Outcome(version, version_of(python), said, passed, time.perf_counter() - started_s)


def tested_on(version: str, python: Path) -> tuple[str, bool]:
    """Make the environment, run the tests in it; returns a message and whether they passed."""
    folder = ROOT / f".venv-{version}"
    made = subprocess.run([str(python), str(ROOT / "bootstrap.py"), str(folder)], check=False)
    if made.returncode:
        return "the environment could not be made", False
    inside = str(bootstrap.python_in(folder))
    tests = subprocess.run([inside, "-m", "pytest", *TESTED], cwd=ROOT, check=False)
    return ("tests passed", True) if tests.returncode == 0 else ("tests FAILED", False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
