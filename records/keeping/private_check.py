"""Whether the data folder is as private as it was made: checked before a session and a backup.

Nothing is corrected automatically: a person must know that others could read, and the command that
ends it is one line.
"""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from controller.errors import JournalUnavailable, RequestRefused
from records.store.private_files import (
    HAS_MODES,
    PRIVATE_FILE,
    READINGS_FOLDER,
    SHARED_FILE,
    SHARED_FOLDER,
)
from records.store.record_folder import CLINIC, SIGN_INS, RecordFolder

_NOT_THE_OWNER = 0o077
_SECRETS = ("*.key", f"{SIGN_INS}*")
"""Names of what no reader may read: private keys, stored PINs and sign-ins."""
_STATION = "station"
"""The folder of a station's channels, private even where the records are shared."""


def check_private(folder: RecordFolder, readers_group: str = "") -> None:
    """Raise JournalUnavailable for the first file or folder that is too open.

    With ``readers_group`` the members of that group may read everything but secrets.
    """
    if not HAS_MODES or not folder.path.exists():
        return
    if not readers_group:
        for path in _ours(folder):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & _NOT_THE_OWNER:
                raise JournalUnavailable(
                    f"{path} has mode {mode:o}, so other accounts may read it; type "
                    f"`chmod -R go-rwx {shlex.quote(str(folder))}`, then start again. Who had an "
                    "account here may have read it"
                )
        return
    group_id = group_id_of(readers_group)
    for path in _ours(folder):
        found = path.stat()
        mode = stat.S_IMODE(found.st_mode)
        allowed = _allowed(path, folder)
        if mode & _NOT_THE_OWNER & ~allowed or (mode & allowed and found.st_gid != group_id):
            raise _not_shared(path, mode, folder, readers_group)
    mode = stat.S_IMODE(folder.path.stat().st_mode)
    if mode != SHARED_FOLDER:
        raise _not_shared(folder.path, mode, folder, readers_group)


def group_id_of(name: str) -> int:
    """Returns the number of a group of this system; raises RequestRefused."""
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise RequestRefused(
            f"setting readers_group={name} names no group of this system; make it with "
            f"`groupadd {name}`, or correct the setting"
        ) from error


def _ours(folder: RecordFolder) -> Iterator[Path]:
    """Yields the folder and the program's files; the folder's mode protects other files.

    Raises JournalUnavailable for a link, whose mode says nothing. A link that a reader left is not
    the program's, and nothing follows it.
    """
    yield folder.path
    for path in _written_in(folder):
        if not path.is_symlink():
            yield path
        elif path.parent != folder.readings:
            raise _is_a_link(path)


def _written_in(folder: RecordFolder) -> Iterator[Path]:
    yield from sorted(folder.path.glob(f"{CLINIC}*"))
    yield from sorted(folder.path.glob(f"{SIGN_INS}*"))
    if folder.last_check.exists():
        yield folder.last_check
    for inner in (folder.units, folder.keys, folder.readings, folder.quarantine):
        if inner.is_dir():
            yield inner
            yield from sorted(inner.rglob("*"))


def _allowed(path: Path, folder: RecordFolder) -> int:
    """Returns the rights of a group of readers, as mode bits."""
    if any(path.match(name) for name in _SECRETS):
        return 0
    if path == folder.readings:
        return READINGS_FOLDER & _NOT_THE_OWNER
    return (SHARED_FOLDER if path.is_dir() else SHARED_FILE) & _NOT_THE_OWNER


def _is_a_link(path: Path) -> JournalUnavailable:
    return JournalUnavailable(
        f"{path} is a link to {path.readlink()}; the program makes no links, and it does not "
        "tell who may read there. Replace it by what it leads to, or move it away; to keep "
        "the records elsewhere, name that folder with --data"
    )


def _not_shared(path: Path, mode: int, folder: RecordFolder, group: str) -> JournalUnavailable:
    place, name = shlex.quote(str(folder)), shlex.quote(group)
    secrets = " -o ".join(f"-name {shlex.quote(secret)}" for secret in _SECRETS)
    return JournalUnavailable(
        f"{path} has mode {mode:o} and is not as the setting readers_group={group} wants it; type "
        f"`chgrp -R {name} {place} && find {place} -type d ! -name {_STATION} -exec chmod "
        f"{SHARED_FOLDER:o} '{{}}' + && find {place} -type f -exec chmod {SHARED_FILE:o} '{{}}' + "
        f"&& find {place} \\( {secrets} \\) -exec chmod {PRIVATE_FILE:o} '{{}}' +`, then start "
        "again"
    )
