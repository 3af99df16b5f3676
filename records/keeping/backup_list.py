"""The list of a backup: its files with their digests, signed by the workstation.

``backup.json`` names every file with size and SHA-256. ``backup.sig`` is the Ed25519 signature
(hex) over the statement (records/store/chain.py) whose "what" is ``backup.<id>``, "where"
``backup.json``, "number" the number of files and "seal" the SHA-256 of ``backup.json``. The
checkpoint of a backup is made over the same statement. Layout: docs/reference/backup.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.errors import BackupRefused
from records.store.chain import Subject, compute_statement
from records.store.checkpoint import Checkpoint, make_checkpoint
from records.store.ed25519 import SigningKey, fault_of_signature
from records.store.file_digest import file_sha256
from records.store.private_files import write_private
from records.strict_json import parse_object

LIST, SIGNATURE = "backup.json", "backup.sig"
FORMAT, WITHOUT_OWN_FILES, UNSIGNED_FORMAT = 3, 2, 1
LIST_LIMIT_BYTES = 16 << 20
CHECKPOINT_NAME = "backup"
"""First part of the name of a backup's checkpoint."""
_NAMES = re.compile(
    r"clinic\.db(-wal)?|units/[\w-]+\.db(-wal|\.moved)?|keys/[0-9a-f]{16}\.pub|keys/keys\.jsonl|quarantine/[\w-]+/[\w.-]+"
    r"|(profiles|payers|receivers)/\w[\w .-]*\.toml|tables\.toml|code-lists/\w[\w.-]*"
)
_ID = re.compile(r"[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """One file as it was copied."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupList:
    """The content of ``backup.json``. ``backup_id`` is "" in a list from before signatures."""

    backup_id: str
    made_utc_ms: int
    files: Mapping[str, ListedFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedList:
    """The list with the bytes that were signed; without key and signature before format 2."""

    content: BackupList
    digest: bytes
    public_key: bytes = b""
    signature: bytes = b""

    @property
    def subject(self) -> Subject:
        """Returns the subject of the signature."""
        name = f"{CHECKPOINT_NAME}.{self.content.backup_id}"
        return Subject(name=name, place=LIST, number=len(self.content.files))

    @property
    def checkpoint(self) -> Checkpoint | None:
        """Returns the text that anchors this backup outside; None for an unsigned list."""
        if not self.signature:
            return None
        return make_checkpoint(self.subject, self.digest, self.public_key)

    def fault(self, known_keys: Mapping[str, bytes]) -> str:
        """Returns why the signature is invalid; "" if valid. Without known keys: only by itself."""
        if not self.signature:
            return "the list is not signed; it is of a program before signatures of backups"
        return fault_of_signature(
            self.public_key,
            self._statement(),
            self.signature,
            known_keys,
            over="the list",
            what="the list",
        )

    def _statement(self) -> bytes:
        return compute_statement(self.subject, self.digest)


def is_of_backup(checkpoint: Checkpoint) -> bool:
    """Returns True for a checkpoint of a backup's list."""
    return checkpoint.name.lower().startswith(f"{CHECKPOINT_NAME}.")


def belongs_in_a_backup(name: str) -> bool:
    """Returns True for the names that a backup may contain beside its list."""
    return _NAMES.fullmatch(name) is not None


def write_list(
    folder: Path, key: SigningKey, *, backup_id: str, made_utc_ms: int, program: str
) -> SignedList:
    """List and sign the files below ``folder``; raises OSError."""
    files = {name: listed(folder / name) for name in file_names(folder)}
    document = {
        "format": FORMAT,
        "id": backup_id,
        "program": program,
        "made_utc_ms": made_utc_ms,
        "public_key": key.public_key.hex(),
        "files": {name: {"bytes": f.size, "sha256": f.sha256} for name, f in files.items()},
    }
    text = (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
    content = BackupList(backup_id=backup_id, made_utc_ms=made_utc_ms, files=files)
    unsigned = SignedList(content=content, digest=hashlib.sha256(text).digest())
    signature = key.sign(compute_statement(unsigned.subject, unsigned.digest))
    write_private(folder / LIST, text)
    write_private(folder / SIGNATURE, signature.hex().encode() + b"\n")
    return SignedList(
        content=content, digest=unsigned.digest, public_key=key.public_key, signature=signature
    )


def parse_list(text: bytes, signature: bytes | None, place: Path) -> SignedList:
    """Returns the list of a backup at ``place``.

    Raises BackupRefused for an unknown format.
    """
    try:
        document = parse_object(text.decode())
        version, made_utc_ms = int(document["format"]), int(document["made_utc_ms"])
        if version not in (UNSIGNED_FORMAT, WITHOUT_OWN_FILES, FORMAT):
            raise BackupRefused(
                f"{place} has backup format {version}, this program knows {FORMAT}; update it"
            )
        signed = version != UNSIGNED_FORMAT
        backup_id = _id(document["id"]) if signed else ""
        public_key = bytes.fromhex(document["public_key"]) if signed else b""
        files = {
            str(name): ListedFile(size=int(said["bytes"]), sha256=str(said["sha256"]))
            for name, said in document["files"].items()
        }
        given = bytes.fromhex((signature or b"").decode("ascii").strip()) if signed else b""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BackupRefused(
            f"{place} holds no {LIST} of `traction backup` that can be read; name another backup"
        ) from error
    wrong = [name for name in files if not belongs_in_a_backup(name)]
    if wrong:
        raise BackupRefused(
            f"{place} lists {wrong[0]!r}, which no backup of this program holds; name another"
        )
    # A removed signature must not look like a list from before signatures.
    return SignedList(
        content=BackupList(backup_id=backup_id, made_utc_ms=made_utc_ms, files=files),
        digest=hashlib.sha256(text).digest(),
        public_key=public_key,
        signature=given or (bytes(64) if signed else b""),
    )


def listed(path: Path) -> ListedFile:
    """Returns size and digest of a file; raises OSError."""
    return ListedFile(size=path.stat().st_size, sha256=file_sha256(path))


def file_names(folder: Path) -> list[str]:
    """Returns the names of a backup's files below ``folder``, in a fixed order."""
    names = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in names if belongs_in_a_backup(name))


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("not an id of a backup")
    return value
