"""The space that each session reserves is a hole of the same size in the tests' files.

In memory, where those files are, the system clears every page that it promises: 8 MiB for each of
the thousands of sessions. A hole reads the same, and a limit on the size of files refuses it too.
"""

from __future__ import annotations

import os

really_reserve = getattr(os, "posix_fallocate", None)
"""What the program calls where no test is."""


def reserve_holes() -> None:
    """From now on, in this process."""
    if really_reserve is not None:
        os.posix_fallocate = _hole


def _hole(descriptor: int, offset: int, length: int, /) -> None:
    os.ftruncate(descriptor, max(os.fstat(descriptor).st_size, offset + length))
