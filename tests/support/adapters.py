"""A made-up list of USB serial adapters that replaces the system's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from firmware_bridge.line import ports


def adapter_info(
    device: str, serial_number: str | None, *, socket: str = "1-1", model: str = "0403:6001"
) -> ListPortInfo:
    """A port as pyserial describes it; ``model`` is VID and PID."""
    info = ListPortInfo(device)
    info.vid, info.pid = (int(number, 16) for number in model.split(":"))
    info.serial_number = serial_number
    info.location = socket
    info.description = "USB UART"
    return info


class FakeSystem:
    """A folder with the system's list of ports, its links and its latency timers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.listed: Sequence[ListPortInfo] = ()
        self.asked = 0
        monkeypatch.setattr(list_ports, "comports", self._comports)
        for name in ("BY_ID", "BY_PATH", "TTY_CLASS"):
            monkeypatch.setattr(ports, name, folder / name)
            (folder / name).mkdir()

    def _comports(self) -> list[ListPortInfo]:
        self.asked += 1
        return list(self.listed)

    def link(self, kind: str, name: str, device: str) -> str:
        """Add a link in ``BY_ID`` or ``BY_PATH``, replacing one of the same name as udev does."""
        link = self.folder / kind / name
        link.unlink(missing_ok=True)
        link.symlink_to(device)
        return str(link)

    def latency_timer(self, device: str, text: str) -> None:
        """Give a port a latency timer."""
        folder = self.folder / "TTY_CLASS" / Path(device).name / "device"
        folder.mkdir(parents=True)
        (folder / "latency_timer").write_text(text)
