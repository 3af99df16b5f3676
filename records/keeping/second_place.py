"""Checkpoints in a second place: one list on another disk or share, which is only appended to.

One line for each checkpoint, ``<UTC> <checkpoint>``. A verification compares what is in it; what is
missing (after a place was away) is added at the next opportunity. Lines that are not checkpoints
are counted and named, never skipped silently.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.errors import CheckpointInvalid, JournalUnavailable, KeyUnavailable
from records.evidence.integrity import issued_checkpoints
from records.keys.key_checkpoint import key_checkpoint
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.store.checkpoint import Checkpoint, parse_checkpoint
from records.store.clinic_chain import newest_checkpoint
from records.store.clinic_file import clinic_reading
from records.store.plain_files import open_plain
from records.store.private_files import create_if_missing, make_folder
from records.store.record_folder import RecordFolder

LIST_NAME = "traction-checkpoints.txt"
"""The list's name in a folder. One list for each workstation: another's records would look lost."""
LARGEST_LIST = 64 << 20
"""Bytes; about 700 000 checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondPlace:
    """The content of the list. ``unreadable`` are numbers of lines that are not checkpoints."""

    path: Path
    data: bytes
    checkpoints: tuple[Checkpoint, ...]
    newest: str
    unreadable: tuple[int, ...]


def list_file(place: Path) -> Path:
    """Returns the list of a setting: the file itself, or the one in a folder."""
    return place / LIST_NAME if place.is_dir() else place


def read_second_place(place: Path) -> SecondPlace:
    """Returns its content; nothing for a missing list. Raises JournalUnavailable."""
    path = list_file(place)
    try:
        with open_plain(path) as file:
            data = file.read(LARGEST_LIST + 1)
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise JournalUnavailable(
            f"the list of checkpoints {path} cannot be read ({error.strerror}); what is missing "
            "in it is added when the place is there again"
        ) from error
    if len(data) > LARGEST_LIST:
        raise JournalUnavailable(
            f"the list of checkpoints {path} is larger than {LARGEST_LIST} bytes; move it away and "
            "keep it: a new one is begun"
        )
    return _parsed(path, data)


def issued_now(folder: RecordFolder) -> list[str]:
    """Yields every checkpoint of a session, and those of clinic.db's and the key record's end."""
    issued = [one.text for one in issued_checkpoints(folder)]
    history = key_history(folder)
    if history.records:
        issued.append(key_checkpoint(history).text)
    if folder.clinic_database.exists():
        with clinic_reading(folder) as db:
            newest = newest_checkpoint(db, known_public_keys(folder))
        issued += [newest.text] if newest else []
    return issued


def add_missing(place: Path, issued: Sequence[str], at_utc_ms: int) -> int:
    """Add what is not in the list yet, durably; returns how many lines. Raises JournalUnavailable.

    An altered stored checkpoint raises KeyUnavailable: only genuine ones may be in the list.
    """
    there = read_second_place(place)
    known = {_same(point) for point in there.checkpoints}
    try:
        missing = [text for text in issued if _same(parse_checkpoint(text)) not in known]
    except CheckpointInvalid as error:
        raise KeyUnavailable(
            f"a stored checkpoint was altered ({error.message}); run `traction verify --all`"
        ) from error
    if missing:
        moment = datetime.fromtimestamp(at_utc_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        begin = "\n" if there.data and not there.data.endswith(b"\n") else ""
        _append(there.path, begin + "".join(f"{moment} {text}\n" for text in missing))
    return len(missing)


def _append(path: Path, text: str) -> None:
    """Write once at the end of the file, flushed; a half line after a stop is completed later."""
    try:
        make_folder(path.parent)
        create_if_missing(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise JournalUnavailable(
            f"checkpoints cannot be added to {path} ({error.strerror}); they are added when the "
            "place is there again"
        ) from error


def _parsed(path: Path, data: bytes) -> SecondPlace:
    points, unreadable, newest = [], [], ""
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        if not line.strip():
            continue
        moment, _, text = line.strip().rpartition(" ")
        try:
            points.append(parse_checkpoint(text))
            newest = moment or newest
        except CheckpointInvalid:
            unreadable.append(number)
    return SecondPlace(
        path=path,
        data=data,
        checkpoints=tuple(dict.fromkeys(points)),
        newest=newest,
        unreadable=tuple(unreadable),
    )


def _same(point: Checkpoint) -> tuple[str, str]:
    return point.name.upper(), point.code
