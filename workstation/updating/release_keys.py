"""The keys that may sign releases here: named by a person, kept in the chain of clinic.db."""

from __future__ import annotations

from typing import Final

from controller.errors import JournalCorrupt, UpdateRefused
from records.clinic.audit import accesses, altered_audit, record_read
from records.store.author import Author
from records.store.ed25519 import key_id_of
from records.store.record_folder import RecordFolder
from workstation.updating.altered import CHAIN_ALTERED

ACCEPTED: Final = "release key accepted"
WITHDRAWN: Final = "release key withdrawn"


def accepted_release_keys(folder: RecordFolder) -> dict[str, bytes]:
    """Returns public keys by their ids; raises JournalCorrupt where the chain is not intact."""
    if fault := altered_audit(folder):
        raise JournalCorrupt(
            f"the record of accepted release keys cannot be trusted ({fault}); look into it "
            f"with `traction verify --all`. {CHAIN_ALTERED}"
        )
    keys: dict[str, bytes] = {}
    for row in accesses(folder):
        if row.what == ACCEPTED:
            keys[row.fields[0]] = bytes.fromhex(row.fields[1])
        elif row.what == WITHDRAWN:
            keys.pop(row.fields[0], None)
    return keys


def accept_release_key(folder: RecordFolder, author: Author, public_key: bytes) -> str:
    """Accept a key; returns its id. Raises UpdateRefused for one that is accepted already."""
    key_id = key_id_of(public_key)
    if key_id in accepted_release_keys(folder):
        raise UpdateRefused(f"release key {key_id} is accepted already")
    record_read(folder, author, ACCEPTED, fields=(key_id, public_key.hex()))
    return key_id


def withdraw_release_key(folder: RecordFolder, author: Author, key_id: str) -> None:
    """Withdraw a key; raises UpdateRefused for one that is not accepted."""
    known = accepted_release_keys(folder)
    if key_id not in known:
        there = ", ".join(sorted(known)) or "none"
        raise UpdateRefused(f"release key {key_id} is not accepted; accepted: {there}")
    record_read(folder, author, WITHDRAWN, fields=(key_id,))
