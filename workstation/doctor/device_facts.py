"""Checks of connected devices: the ports of the tables on file, and a loudspeaker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from controller.errors import TractionError
from firmware_bridge.line.ports import NO_PORT, device_of, known_ports
from firmware_bridge.line.uri import PortAddress, UsbAdapter, parse_uri
from records.standing.versions import standing_unchecked
from records.store.record_folder import RecordFolder
from workstation.doctor.fact import WorkstationFact, not_checked, not_well, well
from workstation.sound.day_check import CHECK, Hearing, sound_of_day
from workstation.sound.wording import NO_SOUND, PlayerWord

LOOK_S: Final = 10.0
"""A loudspeaker that has not answered within this time does not answer."""
LOOK: Final = (sys.executable, "-P", "-m", "workstation.sound.look")


def ports(folder: RecordFolder) -> Iterator[WorkstationFact]:
    """Yields the port of each table on file; without one, what is connected."""
    try:
        tables = list(standing_unchecked(folder).units) if folder.path.exists() else []
    except TractionError as error:
        yield not_well("ports", error.message, "look at it with `traction units list`")
        return
    for table in tables:
        yield port(f"port of {table.name}", table.record.address)
    if not tables:
        yield _connected()


def port(name: str, address: str) -> WorkstationFact:
    """Returns whether the port exists and may be opened.

    Nothing is opened, and no unit is asked.
    """
    try:
        parsed = parse_uri(address)
        if not isinstance(parsed, PortAddress) or parsed.is_gateway:
            why = f"{address} is on the network, and this check asks no unit"
            return not_checked(name, why, f"`traction probe {address}`")
        place = device_of(parsed.port) if isinstance(parsed.port, UsbAdapter) else parsed.port
    except TractionError as error:
        return not_well(name, error.message, "see what is connected with `traction ports`")
    if sys.platform == "win32":
        return not_checked(
            name, f"{place} is not checked on Windows", f"`traction probe {address}`"
        )
    if not Path(place).exists():
        return not_well(name, f"{place} is not there", "connect it; see `traction ports`")
    if not os.access(place, os.R_OK | os.W_OK):
        todo = "add the account to the port's group (often dialout), then log in again"
        return not_well(name, f"this account may not open {place}", todo)
    return well(name, f"{place} exists and may be opened")


def _connected() -> WorkstationFact:
    try:
        known = known_ports()
    except TractionError as error:
        return not_well("ports", error.message, "try again")
    found = ", ".join(one.best_name for one in known) or NO_PORT
    return not_checked("ports", f"no table is on file; {found}", "`traction units add`")


def loudspeaker() -> WorkstationFact:
    """Returns whether one answers; another process opens it for a moment and plays nothing."""
    name, todo = "loudspeaker", "connect or switch one on"
    try:
        with TemporaryDirectory() as nowhere:
            asked = subprocess.run(
                LOOK,
                check=True,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=LOOK_S,
                env=_leaving_no_trace(nowhere),
            )
        word = PlayerWord.of(asked.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return not_well(name, f"{NO_SOUND} The check failed ({error})", todo)
    if not word.sounds:
        return not_well(name, f"{NO_SOUND} {word.text[:1].upper()}{word.text[1:]}", todo)
    return well(name, f"{word.text} has one; only a person can tell whether it is heard")


def _leaving_no_trace(nowhere: str) -> dict[str, str]:
    """Returns an environment in which PulseAudio's library makes no folder in the user's home.

    It makes one where the system has no runtime folder, in which case there is no server either.
    """
    settings = Path.home() / ".config" / "pulse"
    has_place = {"XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_SERVER"} & os.environ.keys()
    if has_place or settings.exists():
        return {**os.environ}
    return {**os.environ, "PULSE_RUNTIME_PATH": nowhere}


def sound_heard(folder: RecordFolder, day: date) -> WorkstationFact:
    """Returns today's entry about the sound."""
    name = "sound heard"
    try:
        of_day = sound_of_day(folder, day)
    except TractionError as error:
        return not_well(name, error.message, "look at it with `traction audit`")
    if of_day.hearing is Hearing.HEARD:
        return well(name, of_day.text)
    if of_day.hearing is Hearing.NOT_ASKED:
        return not_checked(name, f"nobody was asked on {day}", CHECK)
    return not_well(name, of_day.text, CHECK)
