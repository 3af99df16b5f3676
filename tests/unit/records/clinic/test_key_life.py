"""Keys are changed between sessions, wholly or not at all, and nobody else can change them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.errors import KeyUnavailable, RequestRefused
from controller.runtime.clock import VirtualClock
from records.clinic.audit import record_read
from records.clinic.clinic_verify import verify_clinic
from records.clinic.key_life import accept_key, replace_lost_key, revoke_key, rotate_key
from records.evidence.believed import read_checked
from records.evidence.bundle import BundleDocuments, write_bundle
from records.evidence.bundle_check import verify_bundle
from records.evidence.integrity import verify
from records.evidence.journal import SessionOpening, open_session
from records.evidence.reader import read_stored
from records.evidence.removal import remove_content
from records.keys.key_folder import changing_keys, key_history, settle_next
from records.keys.key_records import SaidOfKey
from records.keys.signing import NoKeyStore, check_key_in_use, known_public_keys, load_or_create_key
from records.store.author import Author
from records.store.chain import Subject
from records.store.clinic_chain import append_entries
from records.store.database import open_for_writing
from records.store.ed25519 import SigningKey, public_pem
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock, holding
from tests.support.made_once import made_once
from tests.support.notes import BEGAN_MS, DAY_MS, HOUR_MS, UNIT, recorded
from tests.support.sessions import KEY

NEW = SigningKey(bytes([7] * 32))
FOREIGN = SigningKey(bytes([8] * 32))
LATER_MS = BEGAN_MS + 2 * DAY_MS


class MemoryStore:
    """A key store that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key_id: str) -> bytes | None:
        return self.kept.get(key_id)

    def put(self, key_id: str, seed: bytes) -> bool:
        self.kept[key_id] = seed
        return True

    def remove(self, key_id: str) -> None:
        self.kept.pop(key_id, None)


@made_once()
def two_sessions(place: RecordFolder) -> None:
    """Two sessions, signed by the folder's key; its record of keys is noted in clinic.db."""
    recorded(place)
    recorded(place, "s-2", began_ms=BEGAN_MS + DAY_MS)
    record_read(place, noting(place), "note", session_id="s-1")


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    two_sessions(RecordFolder(tmp_path / "data"))
    return RecordFolder(tmp_path / "data")


def noting(data: RecordFolder, key: SigningKey | None = None) -> Author:
    """An author as the workstation makes one: with the head of the record of keys."""
    return Author(
        by="P. Jones",
        user="desk",
        at_utc_ms=LATER_MS,
        key=key or used(data),
        key_records=key_history(data).head,
    )


def rotated(data: RecordFolder, store: Any = None) -> SigningKey:
    return rotate_key(
        data,
        by="P. Jones",
        at_utc_ms=LATER_MS,
        store=store or NoKeyStore(),
        new_seed=lambda: NEW.seed,
    )


def found(data: RecordFolder, **given: Any) -> list[str]:
    """Everything that a verification of the whole folder finds."""
    return [
        *(f"{one.session_id}: {one.what}" for one in verify(data, **given).alterations),
        *(one.what for one in verify_clinic(data, **given).alterations),
    ]


def used(data: RecordFolder) -> SigningKey:
    return load_or_create_key(data, store=NoKeyStore())


def test_a_rotation_is_one_signed_record_and_everything_verifies(data: RecordFolder) -> None:
    before = used(data)
    assert rotated(data) == NEW == used(data)
    history = key_history(data)
    assert set(history.records[-1].signatures) == {before.key_id, NEW.key_id}
    assert history.records[-1].reached == {UNIT: 2, "clinic.db": 6}
    recorded_by(data, "s-3", NEW)
    assert found(data) == []
    assert verify(data).signed == 3
    assert not [path.name for path in data.keys.iterdir() if "next" in path.name]


def recorded_by(
    data: RecordFolder, session_id: str, key: SigningKey, *, closed: bool = True
) -> None:
    """One more session of the same unit, opened and signed with a key of the test's choice."""
    opening = SessionOpening(session_id=session_id, unit_id=UNIT, utc_offset_min=0, detail={"n": 1})
    clock = VirtualClock(utc_origin_ms=LATER_MS + HOUR_MS)
    journal = open_session(data, opening, clock, key=key)
    if closed:
        journal.close()
    else:
        journal.abandon()


# --- keys outside of their time ---------------------------------------------------------------


def test_a_session_sealed_with_the_old_key_is_an_alteration(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotated(data)
    with pytest.raises(KeyUnavailable, match="replaced by key"):
        recorded_by(data, "s-3", KEY)
    monkeypatch.setattr("records.evidence.journal.check_key_in_use", lambda *_: None)
    recorded_by(data, "s-3", KEY)
    assert found(data) == [
        f"s-3: key {KEY.key_id} was used after its time, which ended 2026-01-03 00:00:00 UTC"
    ]
    assert "was used after its time" in read_checked(data, "s-3").mark
    assert read_checked(data, "s-2").mark == ""


def test_nothing_is_believed_while_the_record_of_keys_does_not_fit(data: RecordFolder) -> None:
    data.key_records.write_bytes(b"{}\n")
    assert "keys.jsonl: record 0 does not fit" in read_checked(data, "s-1").mark


def test_a_link_of_clinic_db_made_with_the_old_key_is_refused_and_found(data: RecordFolder) -> None:
    stale = noting(data)
    rotated(data)
    with pytest.raises(KeyUnavailable, match="was replaced"):
        record_read_plainly(data, stale)
    careless = Author(by="x", user="x", at_utc_ms=LATER_MS, key=KEY)
    record_read(data, careless, "note", session_id="s-1")
    assert [what for what in found(data) if "used after its time" in what]


def record_read_plainly(data: RecordFolder, somebody: Author) -> None:
    from records.store.clinic_chain import EntryKind, append_entries
    from records.store.clinic_file import clinic_writing

    with clinic_writing(data) as db:
        append_entries(db, somebody, [(EntryKind.RECORD_READ, {"what": "note"})])


def test_a_revocation_takes_what_was_made_from_then_on(data: RecordFolder) -> None:
    rotated(data)
    revoke_key(
        data,
        KEY.key_id[:6],
        SaidOfKey(at_utc_ms=LATER_MS, by="P. Jones", reason="laptop stolen"),
        from_utc_ms=BEGAN_MS + DAY_MS - 1,
        store=NoKeyStore(),
    )
    whats = found(data)
    assert len([what for what in whats if what.startswith("s-2: ") and "laptop" in what]) == 1
    assert not [what for what in whats if what.startswith("s-1: ")]
    assert [what for what in whats if "laptop" in what and not what.startswith("s-")]
    assert found(data, public_keys={KEY.key_id: KEY.public_key}) != []


def test_a_bundle_is_judged_by_the_time_of_its_keys(data: RecordFolder) -> None:
    documents = BundleDocuments(order_text="", note_text="", charge_csv=None)
    bundle = data.path.parent / "bundle.zip"
    bundle.write_bytes(write_bundle(read_stored(data, "s-2"), documents, KEY))

    def of_time() -> list[str]:
        found = verify_bundle(bundle, history=key_history(data)).alterations
        return [one.what for one in found if "revoked" in one.what]

    rotated(data)
    assert of_time() == []
    revoke_key(
        data,
        KEY.key_id,
        SaidOfKey(at_utc_ms=LATER_MS, by="P. Jones", reason="stolen"),
        from_utc_ms=BEGAN_MS,
        store=NoKeyStore(),
    )
    assert len(of_time()) == 2, "the seal's time is known, the manifest's is not"


# --- when it is refused -----------------------------------------------------------------------


def test_no_rotation_while_a_session_is_open_or_not_sealed(data: RecordFolder) -> None:
    with (
        holding(UnitLock(data.unit_database(UNIT))),
        pytest.raises(RequestRefused, match="is open, and keys change between sessions only"),
    ):
        rotated(data)
    recorded_by(data, "s-3", used(data), closed=False)
    with pytest.raises(RequestRefused, match=r"s-3 of unit .* is not sealed yet.*traction run"):
        rotated(data)
    assert used(data) == KEY
    assert len(key_history(data).records) == 1


def test_no_session_begins_while_keys_change(data: RecordFolder) -> None:
    with changing_keys(data):
        with pytest.raises(KeyUnavailable, match="is being replaced"):
            check_key_in_use(data, KEY)
        with pytest.raises(KeyUnavailable, match="another program is changing the keys"):
            rotated(data)
    check_key_in_use(data, KEY)


@pytest.mark.parametrize("key_id", ["", "zz", KEY.key_id])
def test_a_key_that_cannot_be_revoked_is_named_with_the_next_step(
    data: RecordFolder, key_id: str
) -> None:
    with pytest.raises(RequestRefused, match="traction key"):
        revoke_key(
            data,
            key_id,
            SaidOfKey(at_utc_ms=LATER_MS, by="P. Jones", reason="r"),
            from_utc_ms=0,
            store=NoKeyStore(),
        )


def test_a_revocation_needs_a_reason_a_name_and_a_moment_that_has_passed(
    data: RecordFolder,
) -> None:
    for wrong in ({"reason": " "}, {"by": ""}, {"from_utc_ms": LATER_MS + 1}):
        given: dict[str, Any] = {"from_utc_ms": 0, "reason": "r", "by": "P. Jones", **wrong}
        from_utc_ms = given.pop("from_utc_ms")
        said = SaidOfKey(at_utc_ms=LATER_MS, **given)
        with pytest.raises(RequestRefused):
            revoke_key(data, "00", said, from_utc_ms=from_utc_ms, store=NoKeyStore())


def test_a_lost_key_is_replaced_by_name_and_one_at_hand_is_not(data: RecordFolder) -> None:
    def lost(reason: str = "disk broke") -> SigningKey:
        return replace_lost_key(
            data,
            SaidOfKey(at_utc_ms=LATER_MS, by="P. Jones", reason=reason),
            store=NoKeyStore(),
            new_seed=lambda: NEW.seed,
        )

    with pytest.raises(RequestRefused, match="at hand and not lost"):
        lost()
    (data.keys / "workstation.key").unlink()
    with pytest.raises(KeyUnavailable, match="key rotate --lost"):
        used(data)
    with pytest.raises(RequestRefused, match="--reason"):
        lost(reason="")
    assert lost() == used(data) == NEW
    assert not key_history(data).times[NEW.key_id].signed_in
    assert found(data) == []


# --- foreign keys -----------------------------------------------------------------------------


def test_a_foreign_public_key_in_the_folder_changes_nothing_until_it_is_accepted(
    data: RecordFolder,
) -> None:
    recorded_by(data, "s-3", used(data))
    pem = public_pem(FOREIGN.public_key)
    (data.keys / f"{FOREIGN.key_id}.pub").write_bytes(pem)
    assert FOREIGN.key_id not in known_public_keys(data)
    assert used(data) == KEY
    record_read(
        data,
        Author(by="x", user="x", at_utc_ms=LATER_MS, key=FOREIGN),
        "note",
        session_id="s-1",
    )
    assert [what for what in found(data) if "not known here" in what]
    accept_key(
        data,
        FOREIGN.public_key,
        by="P. Jones",
        at_utc_ms=LATER_MS,
        store=NoKeyStore(),
    )
    assert found(data) == []
    with pytest.raises(RequestRefused, match="on record already"):
        accept_key(
            data,
            FOREIGN.public_key,
            by="P. Jones",
            at_utc_ms=LATER_MS,
            store=NoKeyStore(),
        )


def test_keys_of_before_there_was_a_record_are_named_by_it(folder: RecordFolder) -> None:
    folder.keys.mkdir()
    for key in (FOREIGN, NEW):
        folder.public_key_of(key.key_id).write_bytes(public_pem(key.public_key))
    assert set(known_public_keys(folder)) == {FOREIGN.key_id, NEW.key_id}
    key = load_or_create_key(folder, store=NoKeyStore(), utc_ms=lambda: LATER_MS)
    assert set(known_public_keys(folder)) == {
        FOREIGN.key_id,
        NEW.key_id,
        key.key_id,
    }
    times = key_history(folder).times
    assert {times[one.key_id].came_by for one in (FOREIGN, NEW)} == {"found"}
    assert times[FOREIGN.key_id].until_utc_ms == LATER_MS
    (folder.keys / "late.pub").write_bytes(public_pem(SigningKey(bytes(32)).public_key))
    assert len(known_public_keys(folder)) == 3


# --- attacks on the folder --------------------------------------------------------------------


def test_a_record_of_keys_that_was_put_back_is_found_and_nothing_is_signed(
    data: RecordFolder,
) -> None:
    older = data.key_records.read_bytes()
    rotated(data)
    recorded_by(data, "s-3", NEW)
    data.key_records.write_bytes(older)
    assert [what for what in found(data) if "the end was cut off" in what]
    assert [what for what in found(data) if "none of the known ones" in what]
    with pytest.raises(KeyUnavailable, match=r"clinic\.db saw 2: the end was cut off"):
        used(data)


def test_a_record_of_keys_that_is_gone_is_not_begun_anew(data: RecordFolder) -> None:
    (data.keys / f"{FOREIGN.key_id}.pub").write_bytes(public_pem(FOREIGN.public_key))
    data.key_records.unlink()
    assert [what for what in found(data) if "holds 0 records of keys" in what]
    with pytest.raises(KeyUnavailable, match=r"put keys\.jsonl back from a backup"):
        used(data)
    assert not data.key_records.exists()


def test_a_revocation_that_was_cut_off_is_found(data: RecordFolder) -> None:
    rotated(data)
    before = data.key_records.read_bytes()
    revoke_key(
        data,
        KEY.key_id,
        SaidOfKey(at_utc_ms=LATER_MS, by="P. Jones", reason="stolen"),
        from_utc_ms=BEGAN_MS,
        store=NoKeyStore(),
    )
    data.key_records.write_bytes(before)
    assert [what for what in found(data) if "clinic.db saw 3" in what]


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", "empty"), (b"\0", "cut"), (b"x\n", "record 0"), (b"x" * (5 << 20), "larger than")],
    ids=["empty", "cut", "no record", "too large"],
)
def test_a_record_of_keys_that_is_damaged_is_a_finding(
    data: RecordFolder, content: bytes, fault: str
) -> None:
    data.key_records.write_bytes(content)
    assert [what for what in found(data) if fault in what]
    with pytest.raises(KeyUnavailable, match="was altered"):
        used(data)


def test_a_record_with_other_dates_is_found(data: RecordFolder) -> None:
    rotated(data)
    text = data.key_records.read_text()
    data.key_records.write_text(text.replace(str(LATER_MS), str(LATER_MS + DAY_MS)))
    assert [what for what in found(data) if "does not fit what it says" in what]
    with pytest.raises(KeyUnavailable, match="was altered"):
        used(data)


def test_another_folder_s_private_key_and_record_are_refused(
    data: RecordFolder, tmp_path: Path
) -> None:
    other = RecordFolder(tmp_path / "other")
    load_or_create_key(other, store=NoKeyStore())
    kept = (data.keys / "workstation.key").read_bytes()
    shutil.copy(other.keys / "workstation.key", data.keys / "workstation.key")
    with pytest.raises(KeyUnavailable, match="of another folder or of another time"):
        used(data)
    (data.keys / "workstation.key").write_bytes(kept)
    shutil.copy(other.key_records, data.key_records)
    with pytest.raises(KeyUnavailable, match=r"is not the one that clinic\.db saw"):
        used(data)
    assert [what for what in found(data) if "is not the one that clinic.db saw" in what]


def test_a_forged_note_in_clinic_db_is_found(data: RecordFolder) -> None:
    with sqlite3.connect(data.clinic_database) as db:
        db.execute("DROP TRIGGER entry_never_changes")
        db.execute('UPDATE entry SET detail = \'{"records":"x"}\' WHERE kind = 30')
    db.close()
    assert [what for what in found(data) if "record of keys cannot be read" in what]


# --- a stop at any step -----------------------------------------------------------------------


class Killed(BaseException):
    """The program ended here: nothing that it would still do is done."""


class Killer:
    """Counts what a rotation does to disk and store; from ``at`` on nothing is done any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.at, self.count = at, 0
        for owner, name in (
            (Path, "replace"),
            (Path, "unlink"),
            (os, "fsync"),
            (MemoryStore, "put"),
            (MemoryStore, "remove"),
        ):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))
        import records.clinic.key_life as life

        monkeypatch.setattr(life, "append_entries", self._counted(append_entries))

    def _counted(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self.count += 1
            if self.count >= self.at:
                raise Killed
            return operation(*given, **named)

        return counted


@pytest.mark.parametrize("kept_by", ["file", "store", "file, then store", "store, then file"])
def test_a_rotation_that_is_killed_is_finished_or_did_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_by: str
) -> None:
    original = RecordFolder(tmp_path / "data")
    recorded(original)
    record_read(original, noting(original), "note", session_id="s-1")
    outcomes = []
    for at in range(1, 60):
        place = RecordFolder(tmp_path / f"kill-{at}")
        shutil.copytree(original.path, place.path)
        store = MemoryStore()
        if kept_by.startswith("store"):
            (place.keys / "workstation.key").unlink()
            store.put(KEY.key_id, KEY.seed)
        if kept_by.endswith("file"):
            store.put = lambda *_: False  # type: ignore[method-assign]
        with monkeypatch.context() as patched:
            killer = Killer(patched, at)
            try:
                rotated(place, store)
            except Killed:
                done = False
            else:
                done = True
        outcomes.append(settled(place, store, killer.count))
        if done:
            break
    assert done, "the rotation ended before it was killed"
    assert set(outcomes) == {KEY.key_id, NEW.key_id}
    assert outcomes == sorted(outcomes, key=[KEY.key_id, NEW.key_id].index), "one turning point"


def settled(place: RecordFolder, store: MemoryStore, step: int) -> str:
    """The key that the next start finds; everything verifies and no other secret is left."""
    key = load_or_create_key(place, store=store)
    assert key == load_or_create_key(place, store=store)
    assert key_history(place).in_use == key.key_id, step
    private = place.keys / "workstation.key"
    secrets = {*store.kept.values(), *([key.seed] if private.exists() else [])}
    assert secrets == {key.seed}, step
    assert not [p.name for p in place.keys.iterdir() if "next" in p.name], step
    record_read(place, noting(place, key), "note", session_id="s-1")
    assert found(place) == [], step
    return key.key_id


def test_a_stopped_rotation_is_not_settled_by_a_record_that_does_not_fit(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says then whether the new key is in use: both private halves stay."""
    monkeypatch.setattr("records.clinic.key_life.finish_next", lambda *_: None)
    rotated(data)
    whole = data.key_records.read_bytes()
    data.key_records.write_bytes(whole[:-1])
    settle_next(data, NoKeyStore())
    with pytest.raises(KeyUnavailable, match="was altered"):
        used(data)
    data.key_records.write_bytes(whole)
    assert used(data) == NEW


def test_a_removal_signed_by_a_key_out_of_its_time_is_found(data: RecordFolder) -> None:
    head = read_stored(data, "s-1").head
    rotated(data)
    seal = read_stored(data, "s-1").seal
    assert seal is not None
    db = open_for_writing(data.unit_database(UNIT), UNIT_SCHEMA)
    subject = Subject(name="s-1", place=UNIT, number=head.number)
    somebody = Author(by="x", user="desk", at_utc_ms=LATER_MS + 1, key=KEY)
    remove_content(db, subject, seal.digest, somebody, rule="none")
    db.close()
    assert [what for what in found(data) if what.startswith(f"s-1: key {KEY.key_id} was used aft")]
