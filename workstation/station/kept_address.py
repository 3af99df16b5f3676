"""Lets only one program at a time use an address: the one that holds the lock of its port.

A unit's id is known only after the connection; the lock of the port is tried before it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from controller.errors import StationBusy
from controller.words import TEXT_CHARACTERS, one_line
from firmware_bridge.line.ports import device_of
from firmware_bridge.line.uri import TcpAddress, UsbAdapter, parse_uri
from records.store.private_files import write_private
from workstation.station.place import FOLDER, Held, is_held, short_digest

LOCALHOST: Final = "127.0.0.1"


def resolved_port(address: str) -> str:
    """Returns the port behind an address as the system resolves it now, whatever its name.

    Raises AddressInvalid, LinkLost for an adapter that is not connected. Host names are not looked
    up: that may take long, and the result may change.
    """
    asked = parse_uri(address)
    if isinstance(asked, TcpAddress):
        return f"tcp {_host(asked.host)} {asked.port}"
    device = device_of(asked.port) if isinstance(asked.port, UsbAdapter) else asked.port
    if asked.is_gateway:
        return device.lower()
    return os.path.realpath(device)


def kept_words(table: str) -> str:
    """Returns the refusal that others get about a table that a station drives."""
    return f"{table} is kept by the station: start the session there"


@contextmanager
def kept_address(folder: Path, address: str, refusal: str) -> Iterator[None]:
    """Hold the lock of an address for the block; others are refused with ``refusal``.

    ``folder`` is DIR/station. Raises StationBusy with the holder's text, AddressInvalid, LinkLost.
    """
    lock = _lock_of(folder, address)
    held = Held(lock, _words_of(lock))
    try:
        write_private(_words_file(lock), refusal.encode())
        yield
    finally:
        held.release()


@contextmanager
def beside_a_station(data: Path, address: str, refusal: str) -> Iterator[None]:
    """Do the same for a program outside a station: no folder is made where there is none."""
    folder = data / FOLDER
    with kept_address(folder, address, refusal) if folder.is_dir() else nullcontext():
        yield


def check_not_kept(data: Path, address: str) -> None:
    """For programs that only read: raise StationBusy with the holder's text where there is one."""
    lock = _lock_of(data / FOLDER, address)
    if is_held(lock):
        raise StationBusy(_words_of(lock))


def _lock_of(folder: Path, address: str) -> Path:
    return folder / f"port-{short_digest(resolved_port(address))}.lock"


def _words_file(lock: Path) -> Path:
    return lock.with_suffix(".words")


def _words_of(lock: Path) -> str:
    """Returns the holder's text.

    The file remains after its end, and is read only while somebody holds the lock.
    """
    with suppress(OSError, UnicodeDecodeError):
        return one_line(_words_file(lock).read_text(encoding="utf-8"))[:TEXT_CHARACTERS]
    return "another program of this workstation uses the port; end it first"


def _host(name: str) -> str:
    name = name.lower()
    if name == "localhost":
        return LOCALHOST
    try:
        return str(ip_address(name))
    except ValueError:
        return name
