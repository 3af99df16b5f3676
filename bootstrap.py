"""Makes the project's own environment `.venv` from the hash lock; the same script on every system.

    python3 bootstrap.py [FOLDER]

Needs Python 3.11 or newer and nothing else. It does nothing when the environment already fits the
lock. FOLDER is another place for the environment.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
OLDEST = (3, 11)


def main(arguments: list[str]) -> int:
    """Set up; returns the exit status."""
    if sys.version_info[:2] < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        print(f"bootstrap: Python 3.11 or newer is needed, this is {found}; run it with python3.11")
        return 2
    environment = Path(arguments[0]).absolute() if arguments else ENVIRONMENT
    stamp, wanted = environment / "made-from", fingerprint()
    if stamp.exists() and stamp.read_text() == wanted and python_in(environment).exists():
        return 0
    name = environment.name
    print(f"bootstrap: making {name} from requirements.lock (about half a minute)", flush=True)
    try:
        make_environment(environment)
    except subprocess.CalledProcessError as failed:
        print(f"bootstrap: this step failed: {' '.join(map(str, failed.cmd))}")
        print("bootstrap: look at the lines above; then run it again, nothing needs removing")
        return 1
    stamp.write_text(wanted)
    print(f"bootstrap: {name} is ready")
    return 0


def python_in(environment: Path) -> Path:
    """The interpreter of an environment."""
    return environment / PYTHON.relative_to(ENVIRONMENT)


def fingerprint() -> str:
    """Returns a digest of lock, project and build system, without the settings of tools."""
    import tomllib  # absent in a Python that main refuses in words

    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    made_from = [project["project"], project["build-system"], project["tool"]["hatch"]]
    text = json.dumps(made_from, sort_keys=True)
    return hashlib.sha256(LOCK.read_bytes() + text.encode()).hexdigest()


def make_environment(environment: Path) -> None:
    """Create the environment from scratch, install the lock by hash, then the project itself."""
    venv.create(environment, clear=True, with_pip=True)
    pip(environment, "install", "--require-hashes", "--requirement", str(LOCK))
    pip(environment, "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def pip(environment: Path, *arguments: str) -> None:
    """Run the environment's pip quietly; raises CalledProcessError."""
    command = [
        str(python_in(environment)),
        "-m",
        "pip",
        "-q",
        "--disable-pip-version-check",
        *arguments,
    ]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
