"""Folders that many tests begin with: the same step from the same bytes is done once, then copied.

What a step makes is kept per process, by the content that it began with and by what was asked of
it. A step that raises is not kept. A folder that a test changed has another content.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, wraps
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

from records.store.record_folder import RecordFolder

LARGEST_BYTES = 4_000_000
"""Of a folder: beyond it a copy saves little, and the copies would fill the disk."""
Step = TypeVar("Step", bound=Callable[..., None])
_made: dict[tuple[str, str], Path] = {}


def made_once(*also: object) -> Callable[[Step], Step]:
    """For a step whose outcome depends on its arguments, the folder's content and ``also``.

    And on the user's settings.
    """

    def decorated(step: Step) -> Step:
        @wraps(step)
        def made(folder: RecordFolder, *rest: Any, **named: Any) -> None:
            asked = (
                f"{step.__module__}.{step.__qualname__} {rest!r} {named!r} {also!r} {_settings()}"
            )
            _make_or_copy(folder.path, asked, lambda: step(folder, *rest, **named))

        return cast("Step", made)

    return decorated


def _make_or_copy(folder: Path, asked: str, make: Callable[[], None]) -> None:
    before = content_of(folder)
    kept = _made.get((before, asked))
    if kept is not None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(kept, folder)
        return
    make()
    if _size(folder) <= LARGEST_BYTES:
        kept = _kept_folder() / str(len(_made))
        shutil.copytree(folder, kept)
        _made[before, asked] = kept


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
        if os.getpid() == owner:  # a child that was forked may end in the same way
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
