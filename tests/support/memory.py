"""Records whose flushing is not the subject lie in memory, where the system has such a place."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = Path("/dev/shm")


def memory_folder() -> TemporaryDirectory[str]:
    """A folder that goes with its ``with`` block; on the disk where memory cannot be written."""
    return TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
