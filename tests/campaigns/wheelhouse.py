"""`make campaign-wheelhouse`: the whole program from a wheelhouse, without a network.

Makes a wheelhouse, which needs the network or a mirror; installs it inside ``unshare -rn``, where
only the machine itself can be reached; and runs ``traction demo`` there from the installation.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.runtime.clock import SystemClock
from tools import wheelhouse
from workstation.updating.installation import base_python

ALONE = ("unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
"""With an address of its own machine alone: the demonstration's units are reached by it."""


def main() -> int:
    """Run the campaign; returns the exit status."""
    if shutil.which(ALONE[0]) is None:
        print("campaign-wheelhouse: NOT RUN: there is no unshare here")
        return 2
    with TemporaryDirectory() as name:
        folder = Path(name)
        if status := wheelhouse.main([str(folder / "house")]):
            return status
        root = folder / "root"
        _timed(folder, base_python(), str(folder / "house" / "install.py"), str(root))
        _timed(folder, str(root / "current/bin/traction"), "demo", "--out", str(folder / "made"))
        made = len(list((folder / "made").rglob("*.*")))
    print(f"campaign-wheelhouse: installed and ran without a network; {made} files were made")
    return 0 if made else 1


def _timed(folder: Path, *command: str) -> None:
    begun_s = SystemClock().now_s()
    subprocess.run([*ALONE, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    print(f"{SystemClock().now_s() - begun_s:6.1f} s  {' '.join(command[-3:])}")


if __name__ == "__main__":
    sys.exit(main())
