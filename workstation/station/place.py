"""The folder that the processes of a station share: ``DIR/station``, open to its owner only.

It holds a socket, its key and its lock for each unit, the logs, and a lock for each address.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.errors import RequestRefused, StationBusy
from records.store.file_lock import is_locked, take_lock
from records.store.private_files import HAS_MODES, PRIVATE_FOLDER, make_folder, open_or_create

FOLDER: Final = "station"
STEM_CHARACTERS: Final = 20
"""Of a unit's name, so that a person can identify its log."""
DIGEST_CHARACTERS: Final = 12
SOCKET_BYTES: Final = 100
"""Longest path of a socket. Linux takes 107 and macOS 103."""
DESCRIPTORS: Final = Path("/proc/self/fd")
"""Linux's short path to an open folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlace:
    """Where one process listens: ``called`` is its name for people, ``folder`` is DIR/station."""

    folder: Path
    called: str

    @property
    def stem(self) -> str:
        """Returns the beginning of its files' names; different for each name."""
        readable = re.sub(r"[^A-Za-z0-9]+", "-", self.called).strip("-")[:STEM_CHARACTERS]
        return f"{readable}-{short_digest(self.called)}"

    @property
    def socket(self) -> Path:
        """Returns the path of the socket, which the listener makes, and removes at its end."""
        return self.folder / f"{self.stem}.socket"

    @property
    def key(self) -> Path:
        """Returns the path of the key, made anew at each start of the listener."""
        return self.folder / f"{self.stem}.key"

    @property
    def lock(self) -> Path:
        """Returns the path of the lock, which the listener holds while it runs."""
        return self.folder / f"{self.stem}.lock"

    @property
    def log(self) -> Path:
        """Returns the path of the process's own log."""
        return self.folder / f"{self.stem}.log"

    @property
    def pipe(self) -> str:
        """Returns the name of the pipe on Windows, where a socket is not a file."""
        return rf"\\.\pipe\traction-{short_digest(str(self.socket.resolve()))}"


def short_digest(text: str) -> str:
    """Returns the beginning of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:DIGEST_CHARACTERS]


def station_folder(data: Path) -> Path:
    """Returns ``DIR/station``, made if it is missing; private even where the records are shared."""
    folder = data / FOLDER
    try:
        make_folder(folder)
        if HAS_MODES:
            folder.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise RequestRefused(
            f"{folder} cannot be made ({error.strerror}); make the data folder writable, or choose "
            "another one with --data"
        ) from error
    return folder


class Held:
    """A lock that is held until ``release`` or the process's end; its file names the process."""

    def __init__(self, path: Path, refusal: str) -> None:
        """Take it; raises StationBusy with the text ``refusal`` when another process has it."""
        self._descriptor = open_or_create(path)
        if not take_lock(path, self._descriptor):
            os.close(self._descriptor)
            raise StationBusy(refusal)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Release it; the file stays, so that no two processes hold locks on two files."""
        os.close(self._descriptor)


def is_held(path: Path) -> bool:
    """Returns True when some process holds the lock of a place; nothing is made."""
    return is_locked(path)


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Returns the path of a socket, through its open folder where it is too long for the system."""
    if len(os.fsencode(path)) <= SOCKET_BYTES:
        yield str(path)
        return
    if not DESCRIPTORS.is_dir():
        raise RequestRefused(
            f"{path} has {len(os.fsencode(path))} bytes, and a socket at most {SOCKET_BYTES}; "
            "choose a data folder with a shorter path with --data"
        )
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"{DESCRIPTORS}/{folder}/{path.name}"
    finally:
        os.close(folder)


def parent_lock(folder: Path) -> Path:
    """Returns the lock that the parent of a station holds while it runs."""
    return folder / "station.lock"


def other_station(data: Path | str) -> str:
    """Returns the refusal of a second station on a folder."""
    return f"another station runs on the folder {data}; use that one"


def refuse_second_station(data: Path) -> None:
    """Raise StationBusy where a station runs on a folder, before anything is printed or changed."""
    if is_held(parent_lock(data / FOLDER)):
        raise StationBusy(other_station(data))


def console_lock(folder: Path) -> Path:
    """Returns the lock that the console of a station holds while it runs."""
    return folder / "console.lock"
