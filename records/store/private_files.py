"""Files and folders that only their owner may read, durable, and never incomplete.

Everything that the program writes comes from here: folders of mode 0700, files of mode 0600, made
with that mode, so that nobody can open them in between, whatever the umask is.

A folder of mode 2750 is shared: its group may read. New files and folders below it get 2750 and
0640 and the folder's group, except secrets, which stay 0600. Windows has no such modes; a folder
there has the rights of the folder above it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from records.store.durable import sync_folder
from records.store.file_digest import file_sha256

HAS_MODES = os.name == "posix"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
SHARED_FOLDER, SHARED_FILE = 0o2750, 0o640
READINGS_FOLDER = 0o3770
"""Readers may add files to it, and remove only their own."""
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def is_shared(folder: Path) -> bool:
    """Returns True when the group of an existing folder may read what is made in it."""
    return HAS_MODES and stat.S_IMODE(folder.stat().st_mode) in (SHARED_FOLDER, READINGS_FOLDER)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing; raises OSError."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for place in reversed(missing):
        shared = is_shared(place.parent)
        with suppress(FileExistsError):
            os.mkdir(place, PRIVATE_FOLDER)  # noqa: PTH102 - one call that campaigns can cut
        wanted = SHARED_FOLDER if shared else PRIVATE_FOLDER
        if HAS_MODES and stat.S_IMODE(place.stat().st_mode) != wanted:
            with suppress(PermissionError):  # see _set_mode
                place.chmod(wanted)
        sync_folder(place.parent)


def create_new(path: Path, *, secret: bool = False) -> int:
    """Create a new file, open for reading and writing; raises OSError."""
    return _opened(path, os.O_EXCL | _NO_LINK, secret=secret)


def open_or_create(path: Path) -> int:
    """Open a file for reading and writing, made if it is missing; raises OSError."""
    try:
        return os.open(path, os.O_RDWR | _BINARY)
    except FileNotFoundError:
        return _opened(path, 0, secret=False)


def create_if_missing(path: Path) -> None:
    """Make an empty file for a library that would make it with modes of its own."""
    if not path.exists():
        os.close(open_or_create(path))


def write_private(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Put a file in place completely and durably, replacing an older one; raises OSError.

    Anything but a regular file (a pipe, a device) is written to directly.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            stream.write(content)
        return
    place = path.resolve()
    make_folder(place.parent)
    draft = write_draft(place, content, secret=secret)
    try:
        os.replace(draft, place)  # noqa: PTH105
    except OSError:
        draft.unlink()
        raise
    sync_folder(place.parent)


def write_draft(path: Path, content: bytes, *, secret: bool = False) -> Path:
    """Write a durable file beside ``path`` and return its name; a failure leaves nothing."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = create_new(draft, secret=secret)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    except OSError:
        draft.unlink()
        raise
    finally:
        os.close(descriptor)
    return draft


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte; raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_file(path: Path) -> None:
    """Make a file's content durable; raises OSError. Windows flushes only writable files."""
    mode = os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY
    descriptor = os.open(path, mode | _BINARY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_read_only(path: Path) -> None:
    """Remove the owner's right to write as well; raises OSError."""
    path.chmod(0o440 if is_shared(path.parent) else 0o400)


def copy_read_only(source: Path, copy: Path) -> str:
    """Copy a file completely, durably and read-only; returns the copy's SHA-256. Raises OSError."""
    shutil.copyfile(source, copy)
    make_read_only(copy)
    sync_file(copy)
    return file_sha256(copy)


def make_writable(path: Path) -> None:
    """Give its owner the right to write back; raises OSError."""
    path.chmod(SHARED_FILE if is_shared(path.parent) else PRIVATE_FILE)


def _opened(path: Path, flags: int, *, secret: bool) -> int:
    """Returns a file made private first and opened to the group afterwards, without a gap."""
    shared = not secret and is_shared(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY | flags, PRIVATE_FILE)
    if HAS_MODES:
        _set_mode(descriptor, SHARED_FILE if shared else PRIVATE_FILE)
    return descriptor


def _set_mode(descriptor: int, mode: int) -> None:
    """Set a mode that the umask or a shared folder requires.

    A medium without modes (a USB stick) refuses; in the data folder the check at the start finds
    that, elsewhere the medium is as private as the person who carries it.
    """
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        with suppress(PermissionError):
            os.fchmod(descriptor, mode)
