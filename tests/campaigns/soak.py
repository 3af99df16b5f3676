"""`make campaign-soak`: two units, two loops, in real time; 50 minutes.

``python -m tests.campaigns.soak 480`` soaks for 8 hours. Each loop is a `traction run` in a process
of its own on a `traction simulate` of its own, treatment after treatment, on one folder of records.
Judged (acceptance-limits.md): tick lateness p99.9 at most 50 ms and never above 150 ms in any
session, every treatment completed, every record verified.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controller.runtime.clock import SystemClock
from tests.support.real_time import ROOT, run_first, simulated_unit

MINUTES = 50.0
P999_MS, MAX_MS = 50.0, 150.0
LONGEST_MIN = 15
OVERHEAD_MIN = 0.75
"""What a session takes beside its treatment: connecting, press test, pretension, release."""
UNITS = {
    "cervical": ("tcp", "cervical_sliding", "60 N"),
    "lumbar": ("tcp", "lumbar_split", "200 N"),
}
"""Region of a unit, its wire, its body and the hold force."""


@dataclass
class Soaked:
    """The results of one loop: the JSON of its sessions, and faults in words."""

    region: str
    sessions: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    rights: str = ""


def soak(soaked: Soaked, folder: Path, minutes: float) -> None:
    """Treat on one simulated unit until the time is over."""
    wire, body, force = UNITS[soaked.region]
    clock = SystemClock()
    until_s = clock.now_s() + minutes * 60
    with simulated_unit(wire, "--body", body) as (unit, uri):
        run_first(unit.process_id)
        while (left_min := (until_s - clock.now_s()) / 60 - OVERHEAD_MIN) >= 1.0:
            order = folder / f"{soaked.region}.toml"
            treatment_min = min(LONGEST_MIN, int(left_min))
            order.write_text(order_text(soaked.region, force, treatment_min), encoding="utf-8")
            done = traction("run", uri, "--order", str(order), "--yes", "--json", "--data", folder)
            soaked.rights = next((x for x in done.stderr.splitlines() if "scheduling" in x), "")
            if done.returncode:
                soaked.troubles.append(f"status {done.returncode}: {done.stderr[-400:]}")
                return
            soaked.sessions.append(json.loads(done.stdout))


def order_text(region: str, force: str, minutes: int) -> str:
    """A static treatment of so many minutes."""
    return (
        f'patient_reference = "SOAK"\nregion = "{region}"\nmode = "static"\n'
        f'hold_force = "{force}"\ntreatment_time = "{minutes} min"\n'
    )


def traction(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a `traction` command from start to end."""
    command = [sys.executable, "-m", "workstation.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def failures(soaked: Soaked) -> list[str]:
    """Describe the goals that this loop missed."""
    found = [f"{soaked.region}: {trouble}" for trouble in soaked.troubles]
    if not soaked.sessions:
        found.append(f"{soaked.region}: no session ended")
    for session in soaked.sessions:
        late = session["tick_lateness"]
        for name, limit_ms in (("p999_ms", P999_MS), ("max_ms", MAX_MS)):
            if late[name] > limit_ms:
                who = f"{soaked.region}, {session['session_id']}"
                found.append(f"{who}: {name} {late[name]:g} (limit {limit_ms:g})")
    return found


def main() -> int:
    """Soak, judge, print; returns 1 if a goal was missed."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    with TemporaryDirectory() as name:
        folder = Path(name)
        both = [Soaked(region) for region in UNITS]
        threads = [threading.Thread(target=soak, args=(one, folder, minutes)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        verified = traction("verify", "--all", "--data", folder)
    for one in both:
        for session in one.sessions:
            print(one.region, session["session_id"], session["outcome"], session["tick_lateness"])
        print(f"{one.region}: {one.rights}")
    found = [failure for one in both for failure in failures(one)]
    if verified.returncode:
        found.append(
            f"verify: status {verified.returncode}: {(verified.stdout + verified.stderr)[-400:]}"
        )
    print("\n".join(found) or f"held: p99.9 <= {P999_MS:g} ms, max <= {MAX_MS:g} ms, all verified")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
