"""Kinds of alteration of the record of keys, and with a key after its time.

The base is a unit with two sessions sealed by the workstation's first key, and a third one sealed
by the key that replaced it in a rotation.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from controller.events import JsonValue
from controller.runtime.clock import VirtualClock
from records.clinic.audit import record_read
from records.clinic.key_life import revoke_key, rotate_key
from records.clinic.session_register import note_seals
from records.evidence.journal import SessionOpening, open_session
from records.keys.key_folder import key_history
from records.keys.key_records import SaidOfKey
from records.keys.signing import NoKeyStore, SigningKey, load_or_create_key
from records.store.author import Author
from records.store.canonical import canonical_json
from records.store.record_folder import RecordFolder
from tests.campaigns.alteration_kinds import KEYS, Kind, planted
from tests.support.altered_records import KEY, rewrite_file
from tests.support.notes import BEGAN_MS, DAY_MS, HOUR_MS, UNIT, author, recorded

NEW = SigningKey(bytes([7] * 32))
ROTATED_IN_HAND = "a rotated key"
_ROTATED_MS = BEGAN_MS + 2 * DAY_MS
_OLDER = "older-keys"


def prepare_keys(folder: Path) -> RecordFolder:
    """Make the base; beside it are the records as they were before the rotation."""
    data = RecordFolder(folder / "ground")
    for number in (1, 2):
        recorded(data, f"s-{number}", began_ms=BEGAN_MS + number * HOUR_MS)
    _note(data, KEY)
    shutil.copytree(data.path, folder / _OLDER)
    rotate_key(
        data, by="A. Keeper", at_utc_ms=_ROTATED_MS, store=NoKeyStore(), new_seed=lambda: NEW.seed
    )
    opening = SessionOpening(session_id="s-3", unit_id=UNIT, utc_offset_min=0, detail={})
    clock = VirtualClock(utc_origin_ms=_ROTATED_MS + HOUR_MS)
    open_session(data, opening, clock, key=NEW).close()
    _note(data, NEW)
    return data


def _note(data: RecordFolder, key: SigningKey) -> None:
    somebody = author(data)
    note_seals(data, replace(somebody, key=key, key_records=key_history(data).head))


def _lines(change: Callable[[list[str]], list[str]]) -> Callable[[RecordFolder], None]:
    """Replace lines in the record of keys."""

    def apply(data: RecordFolder) -> None:
        lines = data.key_records.read_text().splitlines(keepends=True)
        data.key_records.write_text("".join(change(lines)))

    return apply


def _with(**fields: JsonValue) -> Callable[[list[str]], list[str]]:
    """Change fields of the newest record."""

    def change(lines: list[str]) -> list[str]:
        return [*lines[:-1], canonical_json({**json.loads(lines[-1]), **fields}) + "\n"]

    return change


def _one_more(lines: list[str]) -> list[str]:
    last = json.loads(lines[-1])
    more = {**last, "number": last["number"] + 1, "key": "77" * 32}
    return [*lines, canonical_json(more) + "\n"]


def _rotation_undone(data: RecordFolder) -> None:
    older = RecordFolder(data.path.parent / _OLDER)
    shutil.copy(older.key_records, data.key_records)
    shutil.copy(older.clinic_database, data.clinic_database)


def _revocation_cut_off(data: RecordFolder) -> None:
    before = data.key_records.read_bytes()
    said = SaidOfKey(at_utc_ms=_ROTATED_MS + DAY_MS, by="A. Keeper", reason="stolen")
    revoke_key(data, KEY.key_id, said, from_utc_ms=BEGAN_MS, store=NoKeyStore())
    data.key_records.write_bytes(before)


def _keys_of_another_folder(data: RecordFolder) -> None:
    other = RecordFolder(data.path / "other")
    load_or_create_key(other, store=NoKeyStore())
    shutil.copytree(other.keys, data.keys, dirs_exist_ok=True)
    shutil.rmtree(other.path)


def _entry_of_the_old_key(data: RecordFolder) -> None:
    careless = Author(by="X", user="x", at_utc_ms=_ROTATED_MS + DAY_MS, key=KEY)
    record_read(data, careless, "note", session_id="s-1")


KEY_KINDS: tuple[Kind, ...] = (
    Kind("the dates of a record of keys", KEYS, _lines(_with(from_utc_ms=1))),
    Kind("whose word a record of keys is", KEYS, _lines(_with(by="B. Keeper"))),
    Kind("the key in a record of keys", KEYS, _lines(_with(key="77" * 32))),
    Kind("a record of keys more, of a foreign key", KEYS, _lines(_one_more)),
    Kind("two records of keys exchanged", KEYS, _lines(lambda lines: lines[::-1])),
    Kind("the rotation cut off", KEYS, _lines(lambda lines: lines[:-1])),
    Kind("the rotation cut off, and clinic.db as before it", KEYS, _rotation_undone),
    Kind("a revocation cut off", KEYS, _revocation_cut_off),
    Kind("record and keys of another folder in place", KEYS, _keys_of_another_folder),
    Kind(
        "a session sealed behind the rotation",
        KEYS,
        planted(KEY, sealed=True),
        in_hand=ROTATED_IN_HAND,
    ),
    Kind(
        "an entry of clinic.db behind the rotation",
        KEYS,
        _entry_of_the_old_key,
        in_hand=ROTATED_IN_HAND,
    ),
    Kind(
        "everything signed again as before the rotation",
        KEYS,
        lambda data: rewrite_file(data.unit_database(UNIT), KEY, start=bytes(32), source=None),
        in_hand=ROTATED_IN_HAND,
    ),
)
