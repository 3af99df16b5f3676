"""Runs the project's checks side by side and says how many seconds each took.

python tools/checks.py lint types contracts tests

What a command said is shown when it ends. The tests are seven commands of about the same processor
time: those with real programs in real time also wait, so that two cores have work to the end. Their
files are in memory where the system has room for them: on a disk they wait for it at every flush.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sys.executable).parent
PACKAGES = ["controller", "firmware_bridge", "records", "simulator", "workstation"]

PYTEST = [sys.executable, "-m", "pytest"]
RECORDS, WORKSTATION = "tests/unit/records", "tests/unit/workstation"
VISITS = (f"{WORKSTATION}/visit", f"{WORKSTATION}/console")
REAL_TIME = "tests/recovery"
BROWSER = "tests/browser"
SAFETY = ("tests/safety", "tests/contract")
APART = (RECORDS, WORKSTATION, REAL_TIME, BROWSER, *SAFETY)
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Tests start the program repeatedly; each start would compile it again."""
MEMORY = Path("/dev/shm")
FREE_BYTES = 2_000_000_000
"""The tests leave some 500 MB of files; the rest is for other work of the machine."""
OPEN_TO_ALL = 0o755
"""Tests of the superuser look from accounts without rights, which must come as far as the test."""

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
        [*PYTEST, WORKSTATION, *(f"--ignore={one}" for one in VISITS)],
        [*PYTEST, *VISITS],
        [*PYTEST, REAL_TIME],
        [*PYTEST, BROWSER],
        [*PYTEST, *SAFETY],
    ],
}


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended; ``output`` is what it printed."""

    part: str
    command: list[str]
    output: str
    seconds: float
    failed: bool


def main(names: list[str]) -> int:
    """Run the named parts, all of them even after a failure; returns the exit status."""
    unknown = [name for name in names if name not in PARTS]
    if unknown or not names:
        print(f"checks: name some of {', '.join(PARTS)}; unknown: {', '.join(unknown) or 'none'}")
        return 2
    started_s = time.perf_counter()
    ended = run(names)
    for name in names:
        of_part = [one for one in ended if one.part == name]
        seconds, failed = max(one.seconds for one in of_part), any(one.failed for one in of_part)
        print(f"{name:<10} {seconds:7.1f} s  {'FAILED' if failed else 'ok'}")
    print(f"{'together':<10} {time.perf_counter() - started_s:7.1f} s")
    return 1 if any(one.failed for one in ended) else 0


def run(names: list[str]) -> list[Ended]:
    """Run all commands of the named parts at once and show each when it ends."""
    commands = [(name, command) for name in names for command in PARTS[name]]
    ended = []
    with ExitStack() as stack:
        environment = dict(ENVIRONMENT)
        if has_room(MEMORY):
            files = TemporaryDirectory(dir=MEMORY, prefix="checks-", ignore_cleanup_errors=True)
            environment["TMPDIR"] = stack.enter_context(files)
            Path(files.name).chmod(OPEN_TO_ALL)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=len(commands)))
        running = [pool.submit(_run, *each, environment) for each in commands]
        for done in as_completed(running):
            one = done.result()
            print(f"== {one.part}: {' '.join((Path(one.command[0]).name, *one.command[1:]))}")
            print(f"{one.output}{one.seconds:7.1f} s", flush=True)
            ended.append(one)
    return ended


def _behind_real_time(command: list[str]) -> list[str]:
    """Returns the command that runs it below real-time programs, which cannot wait."""
    nice = shutil.which("nice")
    return [nice, "-n", "10"] if nice and not {REAL_TIME, BROWSER} & {*command} else []


def has_room(folder: Path) -> bool:
    """True if the system's folder has space for the tests' files and allows programs in it."""
    if not os.access(folder, os.W_OK):
        return False
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize >= FREE_BYTES and not system.f_flag & os.ST_NOEXEC


def _run(part: str, command: list[str], environment: Mapping[str, str]) -> Ended:
    started_s = time.perf_counter()
    done = subprocess.run(
        [*_behind_real_time(command), *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        errors="replace",
    )
    took_s = time.perf_counter() - started_s
    return Ended(part, command, done.stdout, took_s, done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
