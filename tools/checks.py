"""Runs the project's checks one after the other and says how many seconds each took.

python tools/checks.py lint types contracts tests

The commands of one part run side by side. The tests are three: those with real programs in real
time wait most of the time, and the others calculate, on two cores.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sys.executable).parent
PACKAGES = ["controller", "firmware_bridge", "records", "simulator", "workstation"]

REAL_TIME = "tests/recovery"
SIMULATED = ("tests/safety", "tests/scenarios")

PARTS: dict[str, list[list[str]]] = {
    "lint": [
        [sys.executable, "-m", "ruff", "check", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "."],
    ],
    "types": [[sys.executable, "-m", "mypy", *PACKAGES, "tools", "tests", "bootstrap.py"]],
    "contracts": [[str(SCRIPTS / "lint-imports")]],
    "tests": [
        [sys.executable, "-m", "pytest", *(f"--ignore={one}" for one in (REAL_TIME, *SIMULATED))],
        [sys.executable, "-m", "pytest", REAL_TIME],
        [sys.executable, "-m", "pytest", *SIMULATED],
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
        outputs = [stack.enter_context(TemporaryFile()) for _ in others]
        beside = [
            subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
            for command, output in zip(others, outputs, strict=True)
        ]
        statuses = [subprocess.run(first, cwd=ROOT, check=False).returncode]
        for process, output in zip(beside, outputs, strict=True):
            statuses.append(process.wait())
            output.seek(0)
            sys.stdout.write(output.read().decode(errors="replace"))
            sys.stdout.flush()
    return time.perf_counter() - started_s, any(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
