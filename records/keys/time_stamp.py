"""Time stamps of RFC 3161 over the list of checkpoints: an authority proves its age.

A stamp is over the first bytes of the list (records/keeping/second_place.py). Lines are only ever
added, so every later list begins with the same bytes, and a changed or removed line shows. The
replies are beside the list, one JSON object a line: ``bytes``, how much of the list is covered, and
``reply`` in base 64. They are checked without a network, against certificates that the user trusts.
A library handles format and signatures; nothing here parses DER.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from controller.errors import JournalUnavailable, KeyUnavailable
from records.store.plain_files import open_plain
from records.store.private_files import create_if_missing

LARGEST_REPLY = 64 << 10
"""Bytes of a reply; 1 to 8 kB are usual."""
LARGEST_FILE = 64 << 20
"""Bytes of all replies: about 8 000 of 8 kB."""

Certificates = Sequence[x509.Certificate]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamp:
    """A verified stamp: when it was made and how many bytes of the list it covers."""

    at: datetime
    covers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """Content of the file of replies. ``faults`` describes invalid stamps."""

    sound: tuple[TimeStamp, ...]
    faults: tuple[str, ...]


def stamps_file(list_path: Path) -> Path:
    """Returns the path of the replies: beside the list."""
    return list_path.with_name(f"{list_path.name}.stamps.jsonl")


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Returns the authorities that a user trusts, from a PEM file; raises KeyUnavailable."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise KeyUnavailable(
            f"the certificates {path} cannot be read ({error.strerror}); correct the setting "
            "timestamp_certificates"
        ) from error
    except ValueError as error:
        raise KeyUnavailable(
            f"{path} holds no certificates in PEM; ask the time-stamp authority for its root"
        ) from error
    return found


def request_for(data: bytes) -> TimeStampRequest:
    """Returns what is sent to the authority: the SHA-256 of ``data`` and a fresh nonce, only."""
    return TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()


def keep_stamp(
    list_path: Path,
    data: bytes,
    reply: bytes,
    request: TimeStampRequest,
    certificates: Certificates,
) -> TimeStamp:
    """Check a reply to ``request`` and add it to the file, durably.

    Raises KeyUnavailable for an invalid reply, JournalUnavailable when it cannot be kept.
    """
    stamp = _checked(reply, data, certificates, nonce=request.nonce)
    line = json.dumps({"bytes": len(data), "reply": base64.b64encode(reply).decode()})
    path = stamps_file(list_path)
    try:
        create_if_missing(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "ab") as file:
            file.write(f"\n{line}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise JournalUnavailable(
            f"the time stamp cannot be stored in {path} ({error.strerror}); stamp again when "
            "the place can be written"
        ) from error
    return stamp


def read_stamps(list_path: Path, data: bytes, certificates: Certificates) -> Stamps:
    """Returns every stamp over the list ``data``.

    Raises JournalUnavailable when the file is out of reach.

    Damage is returned as a fault, never raised.
    """
    path = stamps_file(list_path)
    try:
        with open_plain(path) as file:
            text = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        text = b""
    except OSError as error:
        raise JournalUnavailable(f"{path} cannot be read ({error.strerror})") from error
    if len(text) > LARGEST_FILE:
        return Stamps(sound=(), faults=(f"{path.name} is larger than {LARGEST_FILE} bytes",))
    sound, faults = [], []
    for number, line in _lines(text):
        try:
            covers, reply = _parsed(line)
            if covers > len(data):
                raise KeyUnavailable(
                    f"it covers {covers} bytes of the list, {len(data)} are there: lines were "
                    "taken away"
                )
            sound.append(_checked(reply, data[:covers], certificates))
        except KeyUnavailable as error:
            faults.append(f"{path.name}, line {number}: {error.message}")
    return Stamps(sound=tuple(sound), faults=tuple(faults))


def _lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _parsed(line: bytes) -> tuple[int, bytes]:
    try:
        said = json.loads(line)
        covers, reply = said["bytes"], base64.b64decode(said["reply"], validate=True)
        if type(covers) is not int or covers < 1:
            raise ValueError("bytes")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KeyUnavailable("it is no time stamp; the line is cut or was altered") from error
    return covers, reply


def _checked(
    reply: bytes, data: bytes, certificates: Certificates, *, nonce: int | None = None
) -> TimeStamp:
    """Returns a checked reply over ``data`` of an authority under one of ``certificates``."""
    if len(reply) > LARGEST_REPLY:
        raise KeyUnavailable(f"the reply has {len(reply)} bytes, at most {LARGEST_REPLY}")
    try:
        response = decode_timestamp_response(reply)
        verifier = VerifierBuilder(roots=list(certificates), nonce=nonce).build()
        verifier.verify_message(response, data)
        at = response.tst_info.gen_time
    except (VerificationError, ValueError) as error:
        raise KeyUnavailable(f"the time stamp does not hold: {_short(error)}") from error
    return TimeStamp(at=at, covers=len(data))


def _short(error: Exception) -> str:
    """Returns the library's message without the stack of OpenSSL after it."""
    return str(error).partition(": ErrorStack")[0]
