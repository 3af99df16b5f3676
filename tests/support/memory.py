"""Keeps records in memory, where the system allows it, for tests that do not concern flushing."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = Path("/dev/shm")


def memory_folder() -> TemporaryDirectory[str]:
    """A folder that is removed with its ``with`` block; on the disk if memory is not writable."""
    return TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
