"""The USB serial adapters of this computer and their present ports.

Reads the system's list (pyserial); no port is opened and nothing is sent to a unit. Built-in ports
are left out: a system lists dozens of them that have no connector.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from controller.errors import AddressInvalid, LinkLost
from firmware_bridge.line.uri import UsbAdapter

TTY_CLASS: Final = Path("/sys/class/tty")
BY_ID: Final = Path("/dev/serial/by-id")
"""Links named after maker, product, serial number and interface."""
BY_PATH: Final = Path("/dev/serial/by-path")
"""Links named after the USB socket."""
NO_PORT: Final = "no serial adapter is connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of a USB adapter as the system lists it; None for what it does not have or report."""

    device: str
    """Its present name, for instance ``/dev/ttyUSB0``."""
    title: str
    vid: str
    """Four hexadecimal digits, as ``pid``."""
    pid: str
    serial_number: str | None
    latency_ms: int | None
    """The adapter's latency timer."""
    stable_path: str | None
    """A link to this port that no similar port shares."""
    adapter: UsbAdapter | None
    """The address of this port by its adapter; None if it has none or others share it."""

    @property
    def best_name(self) -> str:
        """Returns the name to use in an address: adapter, else stable path, else present name."""
        return str(self.adapter or self.stable_path or self.device)


def known_ports() -> tuple[Port, ...]:
    """Returns the ports of all adapters, sorted by name.

    Raises LinkLost if the system does not list them.
    """
    try:
        listed = [info for info in sorted(list_ports.comports()) if _is_on_usb(info)]
    except (OSError, ValueError, TypeError) as error:  # an adapter may be unplugged meanwhile
        raise LinkLost(
            f"the system's list of serial ports cannot be read ({error}); try again, or give the "
            "port's path"
        ) from error
    return tuple(_port(info, listed) for info in listed)


def device_of(adapter: UsbAdapter) -> str:
    """Returns the present name of an adapter's port.

    Raises LinkLost if it is not connected, AddressInvalid if several ports match.
    """
    ports = known_ports()
    wanted = (adapter.vid, adapter.pid, adapter.serial_number)
    found = [port for port in ports if (port.vid, port.pid, port.serial_number) == wanted]
    if not found:
        raise LinkLost(
            f"adapter {adapter} is not connected; plug it in or correct the address "
            f"({_connected(ports)})"
        )
    if len(found) > 1:
        names = ", ".join(port.stable_path or port.device for port in found)
        raise AddressInvalid(
            f"adapter {adapter}: {len(found)} ports have these numbers, and nothing shows which "
            f"one the unit is on; give the path of one instead: {names}"
        )
    return found[0].device


def connected_words() -> str:
    """Returns the connected adapters for a message about a missing port; never raises."""
    try:
        return _connected(known_ports())
    except LinkLost:
        return "what is connected cannot be listed"


def latency_timer(device: str) -> Path:
    """Returns the file of the adapter's latency timer (milliseconds).

    Only some drivers have one.
    """
    return TTY_CLASS / Path(device).resolve().name / "device" / "latency_timer"


def _connected(ports: Sequence[Port]) -> str:
    if not ports:
        return NO_PORT
    return f"connected: {', '.join(port.best_name for port in ports)}"


def _port(info: ListPortInfo, listed: Iterable[ListPortInfo]) -> Port:
    alike = [other for other in listed if _numbers(other) == _numbers(info)]
    in_other_sockets = [other for other in alike if _socket(other) != _socket(info)]
    vid, pid, serial_number = _numbers(info)
    adapter = None
    if serial_number and len(alike) == 1:
        adapter = UsbAdapter(vid=vid, pid=pid, serial_number=serial_number)
    # Without serial numbers, all adapters of a model would share one link by id.
    is_unique_by_id = serial_number is not None and not in_other_sockets
    return Port(
        device=info.device,
        title=info.description,
        vid=vid,
        pid=pid,
        serial_number=serial_number,
        latency_ms=_latency_ms(info.device),
        stable_path=_link_to(info.device, BY_ID if is_unique_by_id else BY_PATH),
        adapter=adapter,
    )


def _is_on_usb(info: ListPortInfo) -> bool:
    return info.vid is not None and info.pid is not None


def _numbers(info: ListPortInfo) -> tuple[str, str, str | None]:
    return f"{info.vid:04x}", f"{info.pid:04x}", info.serial_number or None


def _socket(info: ListPortInfo) -> str:
    """Returns the USB socket without the interface, common to all ports of a device."""
    return str(info.location or info.device).partition(":")[0]


def _latency_ms(device: str) -> int | None:
    with suppress(OSError, ValueError):
        return int(latency_timer(device).read_text())
    return None


def _link_to(device: str, folder: Path) -> str | None:
    with suppress(OSError):
        target = Path(device).resolve()
        for link in sorted(folder.iterdir()):
            if link.resolve() == target:
                return str(link)
    return None
