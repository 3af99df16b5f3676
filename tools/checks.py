"""Runs the project's checks one after the other and says how many seconds each took.

python tools/checks.py lint types contracts tests

The commands of one part run side by side. The tests are six, of about the same processor time:
those with real programs in real time also wait, so that two cores have work to the end. Their files
are in memory where the system has room for them: on a disk they wait for it at every flush.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sys.executable).parent
PACKAGES = ["controller", "firmware_bridge", "records", "simulator", "workstation"]

PYTEST = [sys.executable, "-m", "pytest"]
RECORDS, WORKSTATION = "tests/unit/records", "tests/unit/workstation"
REAL_TIME = "tests/recovery"
BROWSER = "tests/browser"
SAFETY = ("tests/safety", "tests/contract")
APART = (RECORDS, WORKSTATION, REAL_TIME, BROWSER, *SAFETY)
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Tests start the program again and again; each start would compile it anew."""
MEMORY = Path("/dev/shm")
FREE_BYTES = 2_000_000_000
"""The tests leave some 500 MB of files behind; the rest is for what else the machine does."""

PARTS: dict[str, list[list[str]]] = {
    "lint": [
        [sys.executable, "-m", "ruff", "check", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "."],
    ],
    "types": [[sys.executable, "-m", "mypy", *PACKAGES, "tools", "tests", "bootstrap.py"]],
    "contracts": [[str(SCRIPTS / "lint-imports")]],
    "tests": [
        [*PYTEST, *(f"--ignore={one}" for one in APART)],
        [*PYTEST, RECORDS],
        [*PYTEST, WORKSTATION],
        [*PYTEST, REAL_TIME],
        [*PYTEST, BROWSER],
        [*PYTEST, *SAFETY],
    ],
}


def main(names: list[str]) -> int:
    """Run the named parts, all of them even after a failure; returns the exit status."""
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        print(f"checks: name some of {', '.join(PARTS)}; unknown: {', '.join(unknown) or 'none'}")
        return 2
    results = {name: run(name) for name in names}
    for name, (seconds, failed) in results.items():
        print(f"{name:<10} {seconds:7.1f} s  {'FAILED' if failed else 'ok'}")
    print(f"{'together':<10} {sum(seconds for seconds, _ in results.values()):7.1f} s")
    return 1 if any(failed for _, failed in results.values()) else 0


def run(name: str) -> tuple[float, bool]:
    """Run one part; returns its seconds and whether it failed."""
    print(f"== {name}", flush=True)
    started_s = time.perf_counter()
    first, *others = PARTS[name]
    with ExitStack() as stack:
        environment = dict(ENVIRONMENT)
        if has_room(MEMORY):
            files = TemporaryDirectory(dir=MEMORY, prefix="checks-", ignore_cleanup_errors=True)
            environment["TMPDIR"] = stack.enter_context(files)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=len(PARTS[name])))
        outputs = [stack.enter_context(TemporaryFile()) for _ in others]
        beside = [
            pool.submit(_timed, other, environment, output)
            for other, output in zip(others, outputs, strict=True)
        ]
        took = [_timed(first, environment, None)]
        for running, output in zip(beside, outputs, strict=True):
            took.append(running.result())
            output.seek(0)
            sys.stdout.write(output.read().decode(errors="replace"))
            sys.stdout.flush()
    for command, (seconds, _) in zip(PARTS[name], took, strict=True):
        print(f"{seconds:7.1f} s  {' '.join((Path(command[0]).name, *command[1:]))}")
    return time.perf_counter() - started_s, any(status for _, status in took)


def has_room(folder: Path) -> bool:
    """True for a folder of the system with space for the tests' files, also for programs."""
    if not os.access(folder, os.W_OK):
        return False
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize >= FREE_BYTES and not system.f_flag & os.ST_NOEXEC


def _timed(
    command: list[str], environment: Mapping[str, str], output: IO[bytes] | None
) -> tuple[float, int]:
    """Run a command to its end, with its output into a file where one is given."""
    started_s = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False
    )
    return time.perf_counter() - started_s, done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
