"""Operating-system locks on open files: tried, never waited for.

They end with the process that holds them. A file system without locks refuses, or lets two hold the
same one; a try finds both.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from controller.errors import JournalUnavailable

TRIES = 1000
"""A reader that tests a lock holds it for microseconds; a session holds it through all tries."""

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Beyond any content: a locked range of Windows cannot be read by others."""

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Returns True when we have the lock now; Windows has no shared ones. Raises OSError."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                return False
            raise
        return True

else:
    import fcntl

    def try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Returns True when we have the lock now. Raises OSError where there are no locks."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def take_lock(path: Path, descriptor: int) -> bool:
    """Returns True when we have the lock on an open file, which excludes a second one.

    Raises JournalUnavailable where the file system has no such locks.
    """
    try:
        if not any(try_lock(descriptor) for _ in range(TRIES)):
            return False
        second = os.open(path, os.O_RDWR)
        try:
            both = _same_file(descriptor, second) and try_lock(second)
        finally:
            os.close(second)
    except FileNotFoundError:
        return False  # deleted at this moment: not ours
    except OSError as error:
        raise locks_missing(path.parent, str(error.strerror)) from error
    if both:
        raise locks_missing(path.parent, "two programs may hold the same one")
    return True


def is_locked(path: Path) -> bool:
    """Returns True when some process holds the lock, as far as this one can find out.

    Creates nothing.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


def share_lock(folder: Path, descriptor: int) -> bool:
    """Returns True when a lock on ``folder`` is shared now.

    Raises JournalUnavailable without locks.
    """
    try:
        return any(try_lock(descriptor, shared=True) for _ in range(TRIES))
    except OSError as error:
        raise locks_missing(folder, str(error.strerror)) from error


def _same_file(one: int, other: int) -> bool:
    return os.path.sameopenfile(one, other)


def locks_missing(folder: Path, reason: str) -> JournalUnavailable:
    """Returns the refusal of a folder whose file system has no locks."""
    return JournalUnavailable(
        f"the folder {folder} is on a file system without usable locks ({reason}), so two programs "
        "could write to one record. Name a folder on a local disk of this workstation with --data"
    )
