"""Records of earlier versions, from the files in ``tests/data``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from records.keys.key_store import NoKeyStore
from records.keys.signing import load_or_create_key
from records.store.ed25519 import SigningKey
from records.store.private_files import make_folder, write_private
from records.store.record_folder import RecordFolder
from tests.support.altering import altering

RELEASED: Final = Path(__file__).parents[1] / "data"
UNIT_OF_RELEASED: Final = "00000000000000aa"
SESSIONS_OF_RELEASED: Final = 2
_KEY: Final = SigningKey(bytes(range(32)))


def place_released(folder: RecordFolder, *names: str) -> list[Path]:
    """Put files of earlier versions into their places; returns the path."""
    placed = []
    for name in names:
        path = folder.clinic_database
        if name.startswith("unit"):
            path = folder.unit_database(UNIT_OF_RELEASED)
        make_folder(path.parent)
        write_private(path, (RELEASED / name).read_bytes())
        placed.append(path)
    return placed


def without_its_open_session(path: Path) -> None:
    """Remove the second of its two sessions, which was never closed."""
    with altering(path) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        db.execute("DELETE FROM session WHERE number = 2")
        for (table,) in tables:
            if "session" in {row[1] for row in db.execute(f"PRAGMA table_info({table})")}:
                db.execute(f"DELETE FROM {table} WHERE session = 2")


def take_key_of_released(folder: RecordFolder) -> None:
    """Give the folder the key that sealed these files, so that it is known."""
    load_or_create_key(folder, store=NoKeyStore(), new_seed=lambda: _KEY.seed)
