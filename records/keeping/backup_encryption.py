"""Encryption of backups with age (age-encryption.org/v1), by the library pyrage.

A backup is encrypted to recipients (``age1...``). The holder of one of their identities
(``AGE-SECRET-KEY-1...``, kept elsewhere) can open it; the workstation cannot.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from pyrage import DecryptError, EncryptError, IdentityError, RecipientError
from pyrage import decrypt_io as decrypt_stream
from pyrage import encrypt_io as encrypt_stream
from pyrage.x25519 import Identity, Recipient

from controller.errors import BackupRefused
from records.store.private_files import create_new

IDENTITY_LIMIT_BYTES = 64 << 10


class _Remembering:
    """A file that remembers a failed write: pyrage 1.4.0 does not report the last one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._error: OSError | None = None

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self._error = error
            raise

    def flush(self) -> None:
        self._file.flush()

    def raise_error(self) -> None:
        """Raise the error of a write."""
        if self._error is not None:
            raise self._error


def parse_recipients(text: str) -> list[Recipient]:
    """Returns the recipients in a setting; raises ValueError that names the wrong one."""
    found = []
    for word in text.replace(",", " ").split():
        try:
            found.append(Recipient.from_str(word))
        except RecipientError as error:
            raise ValueError(
                f"{word[:20]}... is not an age recipient ({error}); `age-keygen -y FILE` prints one"
            ) from error
    return found


def read_identities(path: Path) -> list[Identity]:
    """Returns the identities in a file of ``age-keygen``.

    Raises BackupRefused, never showing one.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(IDENTITY_LIMIT_BYTES).decode("ascii", "replace").splitlines()
        keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        found = [Identity.from_str(key) for key in keys]
    except OSError as error:
        raise BackupRefused(
            f"the identity file {path} cannot be read ({error.strerror}); name it with --identity"
        ) from error
    except IdentityError as error:
        raise BackupRefused(
            f"{path} is not an identity file of age-keygen without a passphrase ({error}); "
            "name the one that belongs to a recipient of the backup"
        ) from error
    if not found:
        raise BackupRefused(f"{path} holds no AGE-SECRET-KEY-1...; name another identity file")
    return found


def encrypt(source: Path, target: Path, recipients: list[Recipient]) -> None:
    """Encrypt a file into a new one, block by block; raises OSError."""
    with source.open("rb") as plain, os.fdopen(create_new(target), "wb") as file:
        sealed = _Remembering(file)
        try:
            encrypt_stream(plain, sealed, recipients)
        except EncryptError as error:
            raise OSError(0, str(error), str(target)) from error
        sealed.raise_error()


def decrypt(source: Path, target: Path, identities: list[Identity]) -> None:
    """Decrypt a file into a new one; raises BackupRefused for the wrong key or altered bytes."""
    with source.open("rb") as sealed, os.fdopen(create_new(target), "wb") as file:
        plain = _Remembering(file)
        try:
            decrypt_stream(sealed, plain, identities)
            plain.raise_error()
        except DecryptError as error:
            raise BackupRefused(
                f"{source} cannot be decrypted ({error}); name the identity of one of its "
                "recipients with --identity"
            ) from error
        except OSError as error:
            if error.errno:
                raise
            raise BackupRefused(
                f"{source} is damaged or was altered ({error}); use another backup"
            ) from error
