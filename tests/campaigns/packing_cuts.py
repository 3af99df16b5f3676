"""The packing of sessions and the life of keys, to be cut by ``keeping_cuts``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from controller.errors import KeyUnavailable, TractionError
from controller.runtime.clock import VirtualClock
from records.clinic.clinic_verify import verify_clinic
from records.clinic.key_life import accept_key, replace_lost_key, revoke_key, rotate_key
from records.evidence.integrity import verify
from records.evidence.reader import list_sessions
from records.evidence.unit_reading import reading
from records.evidence.year_files import close_year
from records.keeping.repack import repack
from records.keys.key_folder import key_history, read_private
from records.keys.key_records import SaidOfKey
from records.keys.key_store import KeyStore
from records.keys.signing import NoKeyStore, load_or_create_key
from records.store.author import Author
from records.store.database import rows
from records.store.durable import sync_folder
from records.store.ed25519 import SigningKey
from records.store.private_files import make_folder, write_private
from records.store.record_folder import RecordFolder
from tests.campaigns.keeping_cuts import Disk, OneDisk, Work
from tests.support.left_open import close_left_open
from tests.support.notes import BEGAN_MS, HOUR_MS, UNIT, recorded
from tests.support.sessions import KEY

RELEASED = Path(__file__).parents[1] / "data"
LATER_MS = BEGAN_MS + HOUR_MS
NEW = SigningKey(bytes(range(32, 64)))
FOREIGN = SigningKey(bytes(range(64, 96)))
BY = "P. Jones"
SOMEBODY = Author(by=BY, user="desk", at_utc_ms=LATER_MS, key=KEY)
OLDER = ("schema 2", "schema 3", "schema 4")
"""What released versions of the program left, with sealed sessions."""
FILES = ("files",)
OPENED = "a removal or a repacking opened it and did not end"
Again = Callable[[OneDisk], None]


class Records(Disk):
    """Records whose sessions, words and keys must be complete after every cut."""

    def __init__(self, folder: Path, form: str) -> None:
        super().__init__(folder, form)
        self.folder = RecordFolder(self.data)
        self.fill()
        self.found = self._found()
        self.root.rename(self.kept)

    def fill(self) -> None:
        """Make what is on file before the cut."""
        raise NotImplementedError

    def check(self) -> None:
        """Raises TractionError if a session is missing or there is a new inconsistency."""
        if (found := self._found()) != self.found:
            raise TractionError(f"sessions and findings are {found}, were {self.found}")

    def _found(self) -> tuple[list[str], list[str]]:
        """The sessions, and inconsistencies: released files come without their orders."""
        return self.once("sessions and findings", self._look)

    def _look(self) -> tuple[list[str], list[str]]:
        sessions = sorted(one.head.session_id for one in list_sessions(self.folder))
        clinic = [one.what for one in verify_clinic(self.folder).alterations]
        return sessions, [*self.altered, *clinic]

    @property
    def left_overs(self) -> list[str]:
        """Files that the program does not know among the units' files, and possible secrets."""
        strange = [*self.folder.foreign_files(), *self.folder.keys.glob("*next*")]
        return [*super().left_overs, *map(str, strange)]


# --- packing ----------------------------------------------------------------------------------


class Sealing(Records):
    """A session that has ended and is not sealed: the next start packs and seals it."""

    def fill(self) -> None:
        recorded(self.folder, "s-1")
        recorded(self.folder, "s-2", closed=False)

    def seal(self) -> None:
        """The next start."""
        close_left_open(self.folder, UNIT, VirtualClock(utc_origin_ms=LATER_MS), KEY)

    def is_sealed(self) -> bool:
        """True if it is sealed, which includes packing: neither exists without the other."""
        self.check()
        return _is_packed(self.folder) and not _count(self.folder.unit_database(UNIT), "open_batch")

    def seal_again(self) -> None:
        """Let the next start finish, and run another session."""
        self.seal()
        if not self.is_sealed():
            raise TractionError("the next start did not seal it")
        recorded(self.folder, "s-3")
        if verify(self.folder).alterations:
            raise TractionError("what follows does not fit")


class Older(Records):
    """The file of an older version, with its sessions sealed but not packed."""

    def fill(self) -> None:
        path = self.folder.unit_database(UNIT)
        make_folder(path.parent)
        shutil.copy(RELEASED / f"unit-{self.form.replace(' ', '-')}.db", path)
        load_or_create_key(self.folder, store=NoKeyStore(), new_seed=lambda: KEY.seed)
        if self.form != "schema 4":  # its open session needs a side file
            close_left_open(self.folder, UNIT, VirtualClock(), KEY)

    def pack(self) -> None:
        """``traction repack``."""
        repack(self.folder, UNIT, SOMEBODY)

    def is_packed(self) -> bool:
        """False before, and while some sessions are packed and others are not."""
        self.check()
        return _is_packed(self.folder)


class OlderYear(Older):
    """The same in the file of a closed year, which is opened for packing."""

    def fill(self) -> None:
        super().fill()
        close_year(self.folder, UNIT, KEY, utc_ms=BEGAN_MS, year=2100)
        recorded(self.folder, "s-1")

    def is_sound(self) -> bool:
        """While the file is open, it is reported as open and not as altered."""
        return all(what.startswith(OPENED) for what in self.altered)

    def check(self) -> None:
        """Check an open file by itself: its sessions are consistent."""
        sessions, found = self._found()
        found = [what for what in found if not what.startswith(OPENED)]
        if (sessions, found) != self.found:
            raise TractionError(f"sessions and findings are {sessions, found}, were {self.found}")

    def is_packed(self) -> bool:
        """True if it is packed and the file is closed again."""
        self.check()
        return self._found() == self.found and _is_packed(self.folder, self._year_file)

    @property
    def _year_file(self) -> Path:
        return self.folder.year_databases()[0]


def _is_packed(folder: RecordFolder, path: Path | None = None) -> bool:
    path = path or folder.unit_database(UNIT)
    if not _count(path, "sqlite_schema", "name = 'packed_session'"):
        return False
    loose = "session NOT IN (SELECT session FROM packed_session)"
    sealed = "session IN (SELECT session FROM seal)"
    others = sum(_count(path, name, sealed) for name in ("link", "open_batch", "sample_block"))
    return not _count(path, "seal", loose) and not others


def _count(path: Path, table: str, where: str = "TRUE") -> int:
    with reading(path) as db:
        return int(rows(db, f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


# --- keys -------------------------------------------------------------------------------------


class StoreOnDisk:
    """A system key store with a durable file for each secret. Drafts hold no secret."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def get(self, key_id: str) -> bytes | None:
        path = self._place / key_id
        return path.read_bytes() if path.exists() else None

    def put(self, key_id: str, seed: bytes) -> bool:
        write_private(self._place / key_id, seed)
        return True

    def remove(self, key_id: str) -> None:
        (self._place / key_id).unlink(missing_ok=True)
        sync_folder(self._place)


class Keys(Records):
    """A session and its words, signed with the current key."""

    def fill(self) -> None:
        recorded(self.folder)
        if self.form == "key store":
            self.store.put(KEY.key_id, KEY.seed)
            self.folder.private_key.unlink()

    @property
    def store(self) -> KeyStore:
        """The path of the private halves."""
        return StoreOnDisk(self.root / "keystore") if self.form == "key store" else NoKeyStore()

    def rotate(self) -> None:
        """``traction key rotate``."""
        rotate_key(
            self.folder, by=BY, at_utc_ms=LATER_MS, store=self.store, new_seed=lambda: NEW.seed
        )

    def accept(self) -> None:
        """``traction key accept``."""
        accept_key(self.folder, FOREIGN.public_key, by=BY, at_utc_ms=LATER_MS, store=self.store)

    def is_rotated(self) -> bool:
        """Raises TractionError if a key other than the current one is left."""
        key = load_or_create_key(self.folder, store=self.store)
        self.check()
        secrets = self._secrets()
        if secrets != {key.seed}:
            raise TractionError(f"{len(secrets)} private keys are there for key {key.key_id}")
        return key.key_id == NEW.key_id

    def is_accepted(self) -> bool:
        """True if it is on record."""
        self.check()
        return FOREIGN.key_id in key_history(self.folder).times

    def _secrets(self) -> set[bytes]:
        files = [path for path in self.folder.keys.iterdir() if b"PRIVATE" in path.read_bytes()]
        kept = [path.read_bytes() for path in (self.root / "keystore").glob("[!.]*")]
        return {*kept, *(read_private(path).seed for path in files)}


class Rotated(Keys):
    """The same with a rotated key that is to be revoked."""

    def fill(self) -> None:
        super().fill()
        self.rotate()

    def revoke(self) -> None:
        """``traction key revoke``."""
        said = SaidOfKey(at_utc_ms=LATER_MS + HOUR_MS, by=BY, reason="a test")
        revoke_key(self.folder, KEY.key_id, said, from_utc_ms=LATER_MS, store=self.store)

    def is_revoked(self) -> bool:
        """True if it is on record."""
        self.check()
        return key_history(self.folder).times[KEY.key_id].revoked_from_utc_ms == LATER_MS


class Lost(Keys):
    """Records whose private key is lost."""

    def fill(self) -> None:
        super().fill()
        self.folder.private_key.unlink()

    def replace(self) -> None:
        """``traction key rotate --lost``."""
        said = SaidOfKey(at_utc_ms=LATER_MS, by=BY, reason="a test")
        replace_lost_key(self.folder, said, store=self.store, new_seed=lambda: NEW.seed)

    def is_replaced(self) -> bool:
        """True if a key is available again."""
        self.check()
        try:
            return self.is_rotated()
        except KeyUnavailable:
            return False


def _again(do: Callable[[OneDisk], None], is_done: Callable[[OneDisk], bool]) -> Again[OneDisk]:
    """Do what was impossible before and is possible now."""

    def again(disk: OneDisk) -> None:
        if not is_done(disk):
            do(disk)
        if not is_done(disk):
            raise TractionError("the next run did not do it")

    return again


PACKING_WORKS = (
    Work("sealing", ("one",), Sealing, Sealing.seal, Sealing.is_sealed, Sealing.seal_again),
    Work("packing", OLDER, Older, Older.pack, Older.is_packed, _again(Older.pack, Older.is_packed)),
    Work(
        "packing a closed year",
        OLDER[1:2],
        OlderYear,
        OlderYear.pack,
        OlderYear.is_packed,
        _again(OlderYear.pack, OlderYear.is_packed),
    ),
)
KEY_WORKS = (
    Work(
        "rotating a key",
        ("files", "key store"),
        Keys,
        Keys.rotate,
        Keys.is_rotated,
        _again(Keys.rotate, Keys.is_rotated),
    ),
    Work(
        "accepting a key",
        FILES,
        Keys,
        Keys.accept,
        Keys.is_accepted,
        _again(Keys.accept, Keys.is_accepted),
    ),
    Work(
        "revoking a key",
        FILES,
        Rotated,
        Rotated.revoke,
        Rotated.is_revoked,
        _again(Rotated.revoke, Rotated.is_revoked),
    ),
    Work(
        "replacing a lost key",
        FILES,
        Lost,
        Lost.replace,
        Lost.is_replaced,
        _again(Lost.replace, Lost.is_replaced),
    ),
)
