"""A release in one file: a signature, what it signs, and the files one behind the other.

    TRACTION UPDATE 1
    <id of the release key> <Ed25519 signature, 128 hex digits>
    <manifest: one line of JSON>
    <the bytes of every file, in the order of the manifest>

The signature is over the manifest, which holds size and SHA-256 of each file. It is checked with a
key from elsewhere before anything else of the file is read. There is no packing: the sizes of a
manifest add up to what lies behind it, or nothing is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

from controller.errors import UpdateRefused
from controller.quick_dataclasses import dataclass
from records.store.ed25519 import SigningKey, verify_signature
from records.store.file_digest import file_sha256
from records.store.private_files import create_new, write_all
from workstation.updating.installation import (
    InstallationFault,
    ProgramRelease,
    release_from,
)

MAGIC: Final = b"TRACTION UPDATE 1\n"
STATEMENT: Final = b"traction-update/1\0"
MANIFEST_BYTES: Final = 1 << 18
"""A release has some 70 files; one line tells each in 150 characters."""
CHUNK_BYTES: Final = 1 << 20
_SIGNED: Final = re.compile(rb"([0-9a-f]{16}) ([0-9a-f]{128})\n")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """One file of a release; ``name`` has no folder in it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateBundle:
    """A file whose signature was checked, open at the first byte of its content."""

    path: Path
    release: ProgramRelease
    files: tuple[BundledFile, ...]
    key_id: str
    digest: str
    content: BinaryIO

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.files)

    def unpack(self, folder: Path) -> None:
        """Write every file into an empty folder; raises UpdateRefused or OSError."""
        for one in self.files:
            digest = hashlib.sha256()
            descriptor = create_new(folder / one.name)
            try:
                for chunk in _chunks(self.content, one.size):
                    digest.update(chunk)
                    write_all(descriptor, chunk)
            finally:
                os.close(descriptor)
            if digest.hexdigest() != one.sha256:
                raise UpdateRefused(
                    f"{one.name} in {self.path} is not what was signed; copy the file again"
                )


@contextmanager
def opened_bundle(path: Path, accepted: Mapping[str, bytes]) -> Iterator[UpdateBundle]:
    """A bundle that is signed by one of the accepted keys; raises UpdateRefused."""
    with _opened(path) as file:
        key_id, manifest = _signed_manifest(file, path, accepted)
        said = _parsed(manifest, path)
        bundle = UpdateBundle(
            path=path,
            release=said[0],
            files=said[1],
            key_id=key_id,
            digest=hashlib.sha256(manifest).hexdigest(),
            content=file,
        )
        _refuse_other_size(bundle)
        yield bundle


def write_bundle(
    place: Path, release: ProgramRelease, files: Iterable[Path], key: SigningKey
) -> None:
    """Make a bundle of files; for whoever makes releases. Raises OSError."""
    paths = sorted(files, key=lambda path: path.name)
    listed = [
        asdict(BundledFile(name=path.name, size=path.stat().st_size, sha256=file_sha256(path)))
        for path in paths
    ]
    manifest = json.dumps({"release": asdict(release), "files": listed}, sort_keys=True).encode()
    signature = key.sign(_statement(manifest))
    with place.open("wb") as out:
        out.write(MAGIC + f"{key.key_id} {signature.hex()}\n".encode() + manifest + b"\n")
        for path in paths:
            out.write(path.read_bytes())


def _opened(path: Path) -> BinaryIO:
    """The file, if it is one: a pipe or a device in its place is never waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise UpdateRefused(f"{path} cannot be read ({error.strerror})") from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise UpdateRefused(f"{path} is no file with content, but a folder, a pipe or a device")


def _statement(manifest: bytes) -> bytes:
    """What is signed: of no other kind of statement, and of this manifest alone."""
    return hashlib.sha256(STATEMENT + manifest).digest()


def _signed_manifest(
    file: BinaryIO, path: Path, accepted: Mapping[str, bytes]
) -> tuple[str, bytes]:
    if file.readline(len(MAGIC)) != MAGIC:
        raise UpdateRefused(f"{path} is no release of this program, or is of a later form")
    signed = _SIGNED.fullmatch(file.readline(200))
    manifest = file.readline(MANIFEST_BYTES)
    if signed is None or not manifest.endswith(b"\n"):
        raise UpdateRefused(f"{path} is cut off or damaged at its beginning; copy it again")
    key_id, manifest = signed[1].decode(), manifest[:-1]
    if key_id not in accepted:
        known = ", ".join(sorted(accepted)) or "none"
        raise UpdateRefused(
            f"{path} is signed by release key {key_id}, which nobody here has accepted (accepted: "
            f"{known}). If its maker gave you that key, take it with `traction update --accept-key "
            "KEY.pub`"
        )
    signature = bytes.fromhex(signed[2].decode())
    if not verify_signature(accepted[key_id], _statement(manifest), signature):
        raise UpdateRefused(
            f"{path} has a signature that does not fit: it was altered or damaged. Nothing of it "
            "was used; get the file again from its maker"
        )
    return key_id, manifest


def _parsed(manifest: bytes, path: Path) -> tuple[ProgramRelease, tuple[BundledFile, ...]]:
    """What the manifest says; also a signed one names nothing outside of its folder."""
    try:
        said = json.loads(manifest)
        release = release_from(json.dumps(said["release"]))
        files = tuple(_file(one) for one in said["files"])
    except (ValueError, KeyError, TypeError, RecursionError, InstallationFault) as error:
        raise UpdateRefused(f"{path} has a manifest that cannot be followed: {error}") from error
    if len({one.name.lower() for one in files}) != len(files):
        raise UpdateRefused(f"{path} has a manifest that cannot be followed: a name stands twice")
    return release, files


def _file(said: Mapping[str, Any]) -> BundledFile:
    name, size, sha256 = said["name"], said["size"], said["sha256"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:60]!r} is no name of a file")
    if type(size) is not int or size < 0:
        raise ValueError(f"{name} has the size {size!r}")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"{name} has no SHA-256")
    return BundledFile(name=name, size=size, sha256=sha256)


def _refuse_other_size(bundle: UpdateBundle) -> None:
    there = os.fstat(bundle.content.fileno()).st_size - bundle.content.tell()
    if there != bundle.size:
        raise UpdateRefused(
            f"{bundle.path} holds {there} bytes of files and was signed with {bundle.size}; copy "
            "it again"
        )


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        chunk = file.read(min(size, CHUNK_BYTES))
        if not chunk:
            return
        size -= len(chunk)
        yield chunk
