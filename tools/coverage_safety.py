"""Measures line and branch coverage of controller/safety by its own unit tests; below 100 % fails.

python tools/coverage_safety.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
TESTS = "tests/unit/controller/safety"
PACKAGE = "controller/safety"


def main() -> int:
    """Run the tests under coverage and print the report; answers the exit status."""
    with TemporaryDirectory() as folder:
        data = {**os.environ, "COVERAGE_FILE": str(Path(folder) / "coverage")}
        coverage = [sys.executable, "-m", "coverage"]
        run = [*coverage, "run", "--branch", f"--include={PACKAGE}/*", "-m", "pytest", TESTS]
        status = subprocess.run(run, cwd=ROOT, env=data, check=False)
        report = [*coverage, "report", "--show-missing", "--fail-under=100"]
        if status.returncode:
            return status.returncode
        return subprocess.run(report, cwd=ROOT, env=data, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
