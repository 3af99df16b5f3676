"""Runs the project's checks one after the other and says how many seconds each took.

python tools/checks.py lint types contracts tests
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sys.executable).parent
PACKAGES = ["controller", "firmware_bridge", "records", "simulator", "workstation"]

PARTS: dict[str, list[list[str]]] = {
    "lint": [
        [sys.executable, "-m", "ruff", "check", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "."],
    ],
    "types": [[sys.executable, "-m", "mypy", *PACKAGES, "tools", "bootstrap.py"]],
    "contracts": [[str(SCRIPTS / "lint-imports")]],
    "tests": [[sys.executable, "-m", "pytest"]],
}


def main(names: list[str]) -> int:
    """Run the named parts, all of them even after a failure; answers the exit status."""
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
    """Run one part; answers its seconds and whether it failed."""
    print(f"== {name}", flush=True)
    started_s = time.perf_counter()
    statuses = [subprocess.run(c, cwd=ROOT, check=False).returncode for c in PARTS[name]]
    failed = any(statuses)
    return time.perf_counter() - started_s, failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
