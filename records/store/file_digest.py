"""The digest of a file on the disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

from records.store.plain_files import open_plain


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes in hex; raises OSError."""
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
