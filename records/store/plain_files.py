"""Opens a file only if it is a regular one, and names what else is in its place.

Opening a named pipe blocks until somebody writes to it, perhaps for ever: anybody who may put one
into a folder could stop every program that reads there.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Final

_KINDS: Final[Mapping[Callable[[int], bool], str]] = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def what_it_is(path: Path) -> str:
    """Returns the kind of what is in the place of a file; "" for a regular file, or nothing."""
    try:
        return _kind_of(path.stat().st_mode)
    except OSError:
        return "a link to nothing" if path.is_symlink() else ""


def open_plain(path: Path, *, follow: bool = True) -> BufferedReader:
    """Open a file for reading; raises OSError, which names any other kind.

    Without ``follow`` a link is refused.
    """
    descriptor = os.open(path, os.O_RDONLY | _AT_ONCE | (0 if follow else _NO_LINK))
    if kind := _kind_of(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"{path.name} is {kind}, not a file", str(path))
    return os.fdopen(descriptor, "rb")


def read_plain(path: Path) -> bytes:
    """Returns all bytes of a file; raises OSError like ``open_plain``."""
    with open_plain(path) as file:
        return file.read()


def _kind_of(mode: int) -> str:
    return next((kind for is_such, kind in _KINDS.items() if is_such(mode)), "")
