"""The workstation's key: made once, kept safely, rotated without losing the old public halves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import KeyringLocked, PasswordSetError

from controller.errors import KeyUnavailable
from records.clinic.key_life import replace_lost_key, rotate_key
from records.keys.key_records import SaidOfKey
from records.keys.signing import (
    KeyStore,
    NoKeyStore,
    SigningKey,
    SystemKeyStore,
    current_key_id,
    key_id_of,
    known_public_keys,
    load_or_create_key,
    public_pem,
    read_public_key,
    verify_signature,
)
from records.store.record_folder import RecordFolder

SEED = bytes(range(32))
NOW_MS = 4_000_000_000_000
"""Later than any moment at which a test can run."""


def rotated(data: RecordFolder, store: KeyStore | None = None) -> SigningKey:
    return rotate_key(data, by="P. Jones", at_utc_ms=NOW_MS, store=store)


class MemoryKeyring(KeyringBackend):
    """A system's key store that a test can lock and break."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = self.refuses = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.refuses:
            raise PasswordSetError("refused")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def system() -> Iterator[MemoryKeyring]:
    backend, before = MemoryKeyring(), keyring.get_keyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_the_published_test_vector_of_ed25519() -> None:
    """RFC 8032, 7.1, test 2."""
    key = SigningKey(
        bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    assert key.public_key.hex() == (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    )
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@given(st.binary(min_size=32, max_size=32), st.integers(0, 511))
def test_a_signature_fits_its_digest_and_key_only(digest: bytes, bit: int) -> None:
    key = SigningKey(SEED)
    signature = bytearray(key.sign(digest))
    assert verify_signature(key.public_key, digest, bytes(signature))
    assert not verify_signature(SigningKey(bytes(32)).public_key, digest, bytes(signature))
    assert not verify_signature(key.public_key, digest + b"\0", bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verify_signature(key.public_key, digest, bytes(signature))
    assert not verify_signature(b"short", digest, bytes(signature))


def test_the_seed_is_not_shown() -> None:
    assert SEED.hex() not in repr(SigningKey(SEED))
    assert repr(SEED) not in repr(SigningKey(SEED))


def test_without_a_key_store_the_key_is_a_file_that_others_cannot_read(
    folder: RecordFolder,
) -> None:
    first = load_or_create_key(folder, store=NoKeyStore())
    private = folder.keys / "workstation.key"
    assert private.stat().st_mode & 0o777 == 0o600
    assert load_or_create_key(folder, store=NoKeyStore()) == first
    assert known_public_keys(folder) == {first.key_id: first.public_key}
    assert current_key_id(folder) == first.key_id
    assert sorted(path.name for path in folder.keys.iterdir()) == sorted(
        [f"{first.key_id}.pub", "keys.jsonl", "workstation.key", "workstation.pub"]
    )


@pytest.mark.skipif(os.name != "posix", reason="file modes say nothing on this system")
def test_a_key_file_that_others_may_read_is_refused(folder: RecordFolder) -> None:
    load_or_create_key(folder, store=NoKeyStore())
    (folder.keys / "workstation.key").chmod(0o644)
    with pytest.raises(KeyUnavailable, match="mode 644"):
        load_or_create_key(folder, store=NoKeyStore())


def test_the_system_keeps_the_key_where_it_can(folder: RecordFolder, system: MemoryKeyring) -> None:
    key = load_or_create_key(folder)
    assert not (folder.keys / "workstation.key").exists()
    assert list(system.kept.values()) == [key.seed.hex()]
    assert load_or_create_key(folder) == key
    system.locked = True
    with pytest.raises(KeyUnavailable, match="unlock"):
        load_or_create_key(folder)


@pytest.mark.parametrize(
    "backend",
    [fail.Keyring(), null.Keyring()],  # type: ignore[no-untyped-call]
)
def test_backends_that_keep_nothing_lead_to_the_file(
    folder: RecordFolder, system: MemoryKeyring, backend: KeyringBackend
) -> None:
    keyring.set_keyring(backend)
    key = load_or_create_key(folder)
    assert (folder.keys / "workstation.key").exists()
    assert load_or_create_key(folder) == key
    assert rotated(folder) != key


def test_a_store_that_refuses_leads_to_the_file(
    folder: RecordFolder, system: MemoryKeyring
) -> None:
    system.refuses = True
    load_or_create_key(folder)
    assert (folder.keys / "workstation.key").exists()


def test_a_key_that_the_store_lost_is_named(folder: RecordFolder, system: MemoryKeyring) -> None:
    key = load_or_create_key(folder)
    system.kept.clear()
    with pytest.raises(KeyUnavailable, match=f"{key.key_id}.*key rotate --lost"):
        load_or_create_key(folder)
    with pytest.raises(KeyUnavailable, match="key rotate --lost"):
        rotated(folder)
    new = replace_lost_key(
        folder, SaidOfKey(at_utc_ms=NOW_MS, by="P. Jones", reason="profile gone")
    )
    assert load_or_create_key(folder) == new != key


def test_a_key_in_a_store_that_is_locked_is_not_lost(
    folder: RecordFolder, system: MemoryKeyring
) -> None:
    key = load_or_create_key(folder)
    system.locked = True
    with pytest.raises(KeyUnavailable, match="unlock"):
        replace_lost_key(folder, SaidOfKey(at_utc_ms=NOW_MS, by="P. Jones", reason="gone"))
    system.locked = False
    assert load_or_create_key(folder) == key


def test_rotation_keeps_every_public_key(folder: RecordFolder, system: MemoryKeyring) -> None:
    keys = [load_or_create_key(folder), rotated(folder), rotated(folder)]
    assert set(known_public_keys(folder)) == {key.key_id for key in keys}
    assert len({key.key_id for key in keys}) == 3
    assert load_or_create_key(folder) == keys[-1]
    assert list(system.kept.values()) == [keys[-1].seed.hex()]


def test_rotation_moves_a_file_key_into_a_store(
    folder: RecordFolder, system: MemoryKeyring
) -> None:
    load_or_create_key(folder, store=NoKeyStore())
    key = rotated(folder, SystemKeyStore())
    assert not (folder.keys / "workstation.key").exists()
    assert load_or_create_key(folder) == key


def test_a_key_that_appears_between_two_looks_is_taken(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program starts and publishes its key while this one looks."""
    seen, others, looks = Path.exists, list[SigningKey](), list[Path]()

    def exists(path: Path) -> bool:
        found = seen(path)
        if path == folder.private_key and not looks:
            looks.append(path)
            others.append(load_or_create_key(folder, store=NoKeyStore()))
        return found

    monkeypatch.setattr(Path, "exists", exists)
    assert load_or_create_key(folder, store=NoKeyStore()) == others[0]


@pytest.mark.parametrize("stored", [True, False])
def test_programs_that_start_at_once_share_one_key(
    folder: RecordFolder, system: MemoryKeyring, stored: bool
) -> None:
    store = SystemKeyStore() if stored else NoKeyStore()
    keys: list[SigningKey] = []
    start = threading.Barrier(8)

    def begin() -> None:
        start.wait()
        keys.append(load_or_create_key(folder, store=store))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len({key.key_id for key in keys}) == 1
    assert load_or_create_key(folder, store=store) == keys[0]


def test_a_stop_between_private_and_public_half_is_made_good(folder: RecordFolder) -> None:
    key = load_or_create_key(folder, store=NoKeyStore())
    for path in folder.keys.glob("*.pub"):
        path.unlink()
    assert load_or_create_key(folder, store=NoKeyStore()) == key
    assert key.key_id in known_public_keys(folder)


def test_public_keys_go_out_as_pem_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "clinic.pub"
    key = SigningKey(SEED)
    path.write_bytes(public_pem(key.public_key))
    assert read_public_key(path) == key.public_key
    assert key_id_of(read_public_key(path)) == key.key_id


def test_what_is_not_a_key_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "x.pub"
    with pytest.raises(KeyUnavailable, match="cannot be read"):
        read_public_key(path)
    path.write_text("no key")
    with pytest.raises(KeyUnavailable, match="not a public key in PEM"):
        read_public_key(path)
    other = rsa.generate_private_key(65537, 2048).public_key()
    path.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(KeyUnavailable, match="another kind of key"):
        read_public_key(path)


def test_a_damaged_private_key_and_a_folder_that_cannot_be_made_are_named(
    folder: RecordFolder,
) -> None:
    load_or_create_key(folder, store=NoKeyStore())
    private = folder.keys / "workstation.key"
    private.write_text("-----BEGIN")
    with pytest.raises(KeyUnavailable, match="damaged"):
        load_or_create_key(folder, store=NoKeyStore())
    in_the_way = folder.path / "file"
    in_the_way.write_text("")
    with pytest.raises(KeyUnavailable, match="cannot be kept"):
        load_or_create_key(RecordFolder(in_the_way), store=NoKeyStore())
