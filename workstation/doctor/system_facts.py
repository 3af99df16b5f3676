"""Checks of the system: clock, rights, sleep, encryption of the disk, a browser.

Only Linux was tried. Elsewhere most of it is reported as not checked.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from controller.runtime.clock import SystemClock
from controller.runtime.clock_check import BUILT_FROM
from workstation.awake.keeper_client import ASKING, AwakeKeeper
from workstation.doctor.fact import WorkstationFact, not_checked, not_well, well
from workstation.settings import Settings

CHILD_S: Final = 15.0
"""How long a process that tries something for a fact may take."""
TURN_S: Final = 0.05
BROWSERS: Final = (
    "firefox",
    "firefox-esr",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "msedge",
)
MOUNTS: Final = Path("/proc/self/mountinfo")
BLOCK_DEVICES: Final = Path("/sys/dev/block")
ENCRYPTED: Final = "CRYPT-"
"""The beginning of device mapper's id of an encrypted disk (LUKS and plain dm-crypt)."""
APT_YES: Final = ("true", "yes", "with", "on", "enable", "1")
"""The values that apt takes as yes."""
_APT_LINE: Final = re.compile(r'^Unattended-Upgrade::([\w-]+) "([^"]*)";$', re.MULTILINE)
TIME_ERROR: Final = 5
"""The result of adjtimex(2) while the clock is not synchronized."""
TIMEX_BYTES: Final = 256
"""Larger than struct timex on any Linux (208); zeros in it query and set nothing."""
RIGHTS: Final = (
    "from workstation.session.realtime import take_realtime_rights as take; "
    "rights = take(); print(rights.scheduling_refused); print(rights.memory_refused)"
)


def clock(utc_ms: int, last_record_utc_ms: int | None, settings: Settings) -> WorkstationFact:
    """Returns whether the wall clock can be right, and whether the system synchronizes it."""
    name, todo = "clock", "compare it with another clock and set it; switch time keeping (NTP) on"
    text = settings.moment_text(utc_ms)
    if datetime.fromtimestamp(utc_ms / 1000, UTC).date().isoformat() < BUILT_FROM:
        return not_well(name, f"{text}, before this program was built", todo)
    if last_record_utc_ms is not None and utc_ms < last_record_utc_ms:
        behind_s = (last_record_utc_ms - utc_ms) / 1000
        return not_well(name, f"{text}, {behind_s:.0f} s before the last record", todo)
    kept = clock_is_kept()
    if kept is None:
        return not_checked(
            name, f"{text}; this system does not say whether it is synchronized", todo
        )
    if not kept:
        return not_well(name, f"{text}, not synchronized with another clock", todo)
    return well(name, f"{text}, synchronized by the system's time service")


def clock_is_kept() -> bool | None:
    """Returns the kernel's answer; None where there is none."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    state = library.adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    return None if state < 0 else state != TIME_ERROR


def realtime_rights() -> WorkstationFact:
    """Returns whether a session would get them; a process of its own tries and ends."""
    name = "real-time rights"
    command = [sys.executable, "-P", "-c", RIGHTS]
    try:
        asked = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=CHILD_S, stdin=_NOTHING
        )
    except (OSError, subprocess.SubprocessError) as error:
        return not_checked(name, f"the attempt failed ({error})", "try again")
    scheduling, memory = asked.stdout.splitlines()
    refused = [text for text in (scheduling, memory) if text]
    if refused:
        todo = "grant them to the account of the workstation, then log in again"
        return not_well(name, "; ".join(refused), todo)
    return well(name, "real-time scheduling and locked memory are granted")


_NOTHING = subprocess.DEVNULL


def sleep(keeper: AwakeKeeper | None = None) -> WorkstationFact:
    """Returns whether the system would stay awake for a session; requested, then given back."""
    name, timer = "sleep", SystemClock()
    keeper = keeper or AwakeKeeper()
    end_s = timer.now_s() + CHILD_S
    try:
        state = keeper.keep_up(timer.now_s(), wanted=True)
        while state.text == ASKING and timer.now_s() < end_s:
            timer.sleep_until(timer.now_s() + TURN_S)
            state = keeper.keep_up(timer.now_s(), wanted=True)
    finally:
        keeper.close()
    if state.awake:
        return well(name, f"it can be kept from sleeping: {state.text}")
    return not_well(name, state.text, "ask again afterwards")


def own_restarts(program: str = "apt-config") -> WorkstationFact:
    """Returns whether unattended upgrades may restart the system while somebody is treated."""
    name, todo = "system restarts", "see in the system's settings when it restarts by itself"
    if sys.platform == "win32":
        return not_checked(name, "Windows Update is not asked", "set its active hours")
    try:
        told = subprocess.run(
            [program, "dump", "Unattended-Upgrade"],
            check=True,
            capture_output=True,
            text=True,
            timeout=CHILD_S,
            stdin=_NOTHING,
        )
    except (OSError, subprocess.SubprocessError):
        return not_checked(name, "this system does not say (no apt-config)", todo)
    said = dict(_APT_LINE.findall(told.stdout))
    if said.get("Automatic-Reboot", "false").lower() not in APT_YES:
        return well(name, "unattended upgrades restart nothing")
    at = said.get("Automatic-Reboot-Time", "now")
    if at == "now":
        return not_well(
            name,
            "unattended upgrades may restart this workstation at any time",
            'set Unattended-Upgrade::Automatic-Reboot "false", or a time at which nobody is '
            "treated (Automatic-Reboot-Time), in /etc/apt/apt.conf.d",
        )
    return well(name, f"unattended upgrades may restart this workstation at {at}, and only then")


def disk_encryption(folder: Path) -> WorkstationFact:
    """Returns whether the disk of the records is encrypted, as far as Linux tells."""
    name = "disk encryption"
    todo = "look in the system's settings (LUKS, BitLocker, FileVault) whether the disk is"
    if sys.platform != "linux":
        return not_checked(name, f"not asked on {sys.platform}", todo)
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    number = there.stat().st_dev
    device = BLOCK_DEVICES / f"{os.major(number)}:{os.minor(number)}"
    device = device if device.exists() else _device_of_mount(there)
    if not device.exists():
        return not_checked(name, f"{there} is on no disk of this system", todo)
    if is_encrypted(device.resolve()):
        return well(name, f"{there} is on an encrypted disk ({device.resolve().name})")
    text = f"{there} lies on {device.resolve().name}, which Linux does not encrypt"
    return not_well(
        name, text, "encrypt the disk (LUKS), or make sure that the drive encrypts itself"
    )


def is_encrypted(device: Path) -> bool:
    """Returns True when the device, or each of its parts, is encrypted."""
    mapped = device / "dm" / "uuid"
    if mapped.exists() and mapped.read_text().startswith(ENCRYPTED):
        return True
    below = list((device / "slaves").glob("*")) if (device / "slaves").exists() else []
    return bool(below) and all(is_encrypted(one.resolve()) for one in below)


def _device_of_mount(there: Path) -> Path:
    """Returns the device of a file system without a number, such as btrfs: its mount's source."""
    best, source = "", ""
    for line in MOUNTS.read_text(encoding="utf-8").splitlines():
        before, _, behind = line.partition(" - ")
        place = before.split()[4]
        if there.absolute().is_relative_to(place) and len(place) >= len(best):
            best, source = place, behind.split()[1]
    path = Path(source)
    if not path.is_absolute() or not path.exists():
        return BLOCK_DEVICES / "none"
    number = path.stat().st_rdev
    return BLOCK_DEVICES / f"{os.major(number)}:{os.minor(number)}"


def browser() -> WorkstationFact:
    """Returns whether there is one that can show the console."""
    name = "browser"
    if sys.platform in {"win32", "darwin"}:
        return not_checked(name, f"not looked for on {sys.platform}", "start one and see")
    found = next((place for one in BROWSERS if (place := shutil.which(one))), None)
    if found is None:
        return not_well(name, "none is on the PATH", "install Firefox or Chromium")
    return well(name, found)
