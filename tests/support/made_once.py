"""Folders that many tests start from: the same step on the same bytes is done once, then copied.

What a step makes is kept per process, by the content that it started with and by its arguments. A
step that raises is not kept. A folder that a test changed has other content.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, wraps
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any, TypeVar, cast

from records.store.record_folder import RecordFolder

LARGEST_BYTES = 4_000_000
"""Size of a folder beyond which a copy saves little and copies would fill the disk."""
Step = TypeVar("Step", bound=Callable[..., None])
_numbers = count()


def made_once(*also: object) -> Callable[[Step], Step]:
    """Decorate a step that depends only on its arguments, the folder's content and ``also``.

    The user's settings count too.
    """

    def decorated(step: Step) -> Step:
        kept: dict[tuple[str, str], Path] = {}

        @wraps(step)
        def made(folder: RecordFolder, *rest: Any, **named: Any) -> None:
            asked = f"{rest!r} {named!r} {also!r} {_settings()}"
            begun = content_of(folder.path), asked
            if begun in kept:
                _replace(folder.path, kept[begun])
                return
            step(folder, *rest, **named)
            if _size(folder.path) <= LARGEST_BYTES:
                kept[begun] = _copied(folder.path)

        return cast("Step", made)

    return decorated


def _replace(folder: Path, by: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(by, folder)


def _copied(folder: Path) -> Path:
    copy = _kept_folder() / str(next(_numbers))
    shutil.copytree(folder, copy)
    return copy


def content_of(folder: Path) -> str:
    """A digest of every name, mode and byte."""
    digest = blake2b()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)} {path.lstat().st_mode:o}\n".encode())
        if path.is_file():
            digest.update(blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


def _settings() -> str:
    return str({name: value for name, value in os.environ.items() if name.startswith("TRACTION_")})


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


@cache
def _kept_folder() -> Path:
    folder, owner = Path(tempfile.mkdtemp(prefix="made-once-")), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked child may end in the same way
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
