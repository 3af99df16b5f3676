"""Makes the space that each session reserves a hole of the same size in the tests' files.

In memory, where those files are kept, the system clears every page that it reserves: 8 MiB for each
of the thousands of sessions. A hole reads the same, and a limit on file sizes applies to it too.
"""

from __future__ import annotations

import os

really_reserve = getattr(os, "posix_fallocate", None)
"""The program's own function, outside tests."""


def reserve_holes() -> None:
    """Use holes in this process from now on."""
    if really_reserve is not None:
        os.posix_fallocate = _hole


def _hole(descriptor: int, offset: int, length: int, /) -> None:
    os.ftruncate(descriptor, max(os.fstat(descriptor).st_size, offset + length))
