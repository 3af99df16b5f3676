"""Is the data folder as private as it was made? Asked before a session and before a backup.

Nothing is put right by itself: that others could read is something a person must know, and the line
that ends it is one line.
"""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from controller.errors import JournalUnavailable, RequestRefused
from records.clinic.readings import readings_folder
from records.store.private_files import HAS_MODES, READINGS_FOLDER, SHARED_FILE, SHARED_FOLDER

_NOT_THE_OWNER = 0o077
_SECRET = ".key"


def check_private(data_dir: Path, readers_group: str = "") -> None:
    """Raise JournalUnavailable for the first file or folder that is open to more than it should be.

    With ``readers_group`` the members of that group may read everything but secrets.
    """
    if not HAS_MODES or not data_dir.exists():
        return
    if not readers_group:
        for path in _ours(data_dir):
            mode = stat.S_IMODE(path.lstat().st_mode)
            if mode & _NOT_THE_OWNER:
                raise JournalUnavailable(
                    f"{path} has mode {mode:o}, so other accounts may read it; type "
                    f"`chmod -R go-rwx {shlex.quote(str(data_dir))}`, then start again. Who had an "
                    "account here may have read it"
                )
        return
    group_id = group_id_of(readers_group)
    for path in _ours(data_dir):
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        allowed = _allowed(path, data_dir)
        if mode & _NOT_THE_OWNER & ~allowed or (mode & allowed and found.st_gid != group_id):
            raise _not_shared(path, mode, data_dir, readers_group)
    if stat.S_IMODE(data_dir.stat().st_mode) != SHARED_FOLDER:
        mode = stat.S_IMODE(data_dir.stat().st_mode)
        raise _not_shared(data_dir, mode, data_dir, readers_group)


def group_id_of(name: str) -> int:
    """The number of a group of this system; raises RequestRefused."""
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise RequestRefused(
            f"setting readers_group={name} names no group of this system; make it with "
            f"`groupadd {name}`, or correct the setting"
        ) from error


def _ours(data_dir: Path) -> Iterator[Path]:
    """The folder and what the program writes in it; other files lie behind the folder's mode."""
    yield data_dir
    yield from sorted(data_dir.glob("clinic.db*"))
    yield from data_dir.glob("verified.json")
    for name in ("units", "keys", "readings", "quarantine"):
        folder = data_dir / name
        if folder.is_dir():
            yield folder
            yield from sorted(folder.rglob("*"))


def _allowed(path: Path, data_dir: Path) -> int:
    """Returns what a group of readers may do, as mode bits."""
    if path.suffix == _SECRET:
        return 0
    if path == readings_folder(data_dir):
        return READINGS_FOLDER & _NOT_THE_OWNER
    return (SHARED_FOLDER if path.is_dir() else SHARED_FILE) & _NOT_THE_OWNER


def _not_shared(path: Path, mode: int, data_dir: Path, group: str) -> JournalUnavailable:
    folder, name = shlex.quote(str(data_dir)), shlex.quote(group)
    return JournalUnavailable(
        f"{path} has mode {mode:o} and is not as the setting readers_group={group} wants it; type "
        f"`chgrp -R {name} {folder} && find {folder} -type d -exec chmod {SHARED_FOLDER:o} '{{}}' "
        f"+ && find {folder} -type f -exec chmod {SHARED_FILE:o} '{{}}' + && find {folder} -name "
        "'*.key' -exec chmod 600 '{}' +`, then start again"
    )
