"""A release in one file: a signature, the signed manifest, and the files one after the other.

    TRACTION UPDATE 1
    <id of the release key> <Ed25519 signature, 128 hex digits>
    <manifest: one line of JSON>
    <the bytes of every file, in the order of the manifest>

The signature covers the manifest, which has size and SHA-256 of each file. It is checked with a key
from elsewhere before anything else of the file is read. There is no compression: the sizes in a
manifest must add up to the rest of the file, or nothing is read.

A clinic's first installation has no program yet that could check this. It runs this file by itself,
as ``open_release.py``, so it needs only Python's own library:

    python3 -I open_release.py RELEASE.update RELEASE-KEY.pub KEY-ID NEW-FOLDER
"""

# No import comes before the guard, not even __future__: without -I a file beside this one would be
# imported as a part of Python.
import sys

if __name__ == "__main__" and not sys.flags.isolated:
    sys.exit(f"open_release: start it with -I: python3 -I {sys.argv[0]}")

import hashlib
import json
import os
import re
import shutil
import stat
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

MAGIC: Final = b"TRACTION UPDATE 1\n"
STATEMENT: Final = b"traction-update/1\0"
MANIFEST_BYTES: Final = 1 << 18
"""A release has some 70 files; the manifest takes 150 characters for each."""
CHUNK_BYTES: Final = 1 << 20
_SIGNED: Final = re.compile(rb"([0-9a-f]{16}) ([0-9a-f]{128})\n")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_PEM: Final = re.compile(
    rb"-----BEGIN PUBLIC KEY-----\s+(MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=)\s+"
    rb"-----END PUBLIC KEY-----\s*"
)
"""An Ed25519 key: the prefix of RFC 8410 has 12 bytes, which are 16 characters."""

Verify = Callable[[bytes, bytes, bytes], bool]
"""Checks whether a public key, a statement and a signature belong together."""


class ReleaseFileFault(Exception):
    """Raised with the reason why a release file is not used."""


class ReleaseKeyUnknown(ReleaseFileFault):
    """A release that may be as it was signed, but by a key that was not accepted here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """One file of a release; ``name`` contains no folder."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFile:
    """A release file whose signature was checked, open at the first byte of its content.

    ``release`` is the manifest's description of the release.
    """

    path: Path
    release: object
    files: tuple[BundledFile, ...]
    key_id: str
    digest: str
    content: BinaryIO

    @property
    def size(self) -> int:
        """Returns the bytes of all files."""
        return sum(one.size for one in self.files)

    def unpack(self, folder: Path) -> None:
        """Write every file into an empty folder; raises ReleaseFileFault or OSError."""
        for one in self.files:
            digest = hashlib.sha256()
            with (folder / one.name).open("xb") as out:
                for chunk in _chunks(self.content, one.size):
                    digest.update(chunk)
                    out.write(chunk)
            if digest.hexdigest() != one.sha256:
                raise ReleaseFileFault(
                    f"{one.name} in {self.path} is not what was signed; copy the file again"
                )


@contextmanager
def signed_file(path: Path, accepted: Mapping[str, bytes], verify: Verify) -> Iterator[SignedFile]:
    """Yields a release file that is signed by one of the accepted keys; raises ReleaseFileFault."""
    with _opened(path) as file:
        key_id, manifest = _signed_manifest(file, path, accepted, verify)
        release, files = _parsed(manifest, path)
        digest = hashlib.sha256(manifest).hexdigest()
        found = SignedFile(
            path=path, release=release, files=files, key_id=key_id, digest=digest, content=file
        )
        _refuse_other_size(found)
        yield found


def statement_of(manifest: bytes) -> bytes:
    """Returns what is signed: bound to this kind of statement and to this manifest."""
    return hashlib.sha256(STATEMENT + manifest).digest()


def _opened(path: Path) -> BinaryIO:
    """Open the file if it is regular: it never blocks on a pipe or a device."""
    try:
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except OSError as error:
        raise ReleaseFileFault(f"{path} cannot be read ({error.strerror})") from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise ReleaseFileFault(f"{path} is not a regular file, but a folder, a pipe or a device")


def _signed_manifest(
    file: BinaryIO, path: Path, accepted: Mapping[str, bytes], verify: Verify
) -> tuple[str, bytes]:
    if file.readline(len(MAGIC)) != MAGIC:
        raise ReleaseFileFault(f"{path} is not a release of this program, or has a newer format")
    signed = _SIGNED.fullmatch(file.readline(200))
    manifest = file.readline(MANIFEST_BYTES)
    if signed is None or not manifest.endswith(b"\n"):
        raise ReleaseFileFault(f"{path} is truncated or damaged at its beginning; copy it again")
    key_id, manifest = signed[1].decode(), manifest[:-1]
    if key_id not in accepted:
        known = ", ".join(sorted(accepted)) or "none"
        raise ReleaseKeyUnknown(
            f"{path} is signed by release key {key_id}, which nobody here has accepted (accepted: "
            f"{known})"
        )
    signature = bytes.fromhex(signed[2].decode())
    if not verify(accepted[key_id], statement_of(manifest), signature):
        raise ReleaseFileFault(
            f"{path} has a signature that does not fit: it was altered or damaged. Nothing of it "
            "was used; get the file again from its maker"
        )
    return key_id, manifest


def _parsed(manifest: bytes, path: Path) -> tuple[object, tuple[BundledFile, ...]]:
    """Returns the manifest's content; even a signed one may name nothing outside of its folder."""
    try:
        said = json.loads(manifest)
        release, files = said["release"], tuple(_file(one) for one in said["files"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReleaseFileFault(f"{path} has an invalid manifest: {error}") from error
    if len({one.name.lower() for one in files}) != len(files):
        raise ReleaseFileFault(f"{path} has an invalid manifest: a name occurs twice")
    return release, files


def _file(said: Mapping[str, Any]) -> BundledFile:
    name, size, sha256 = said["name"], said["size"], said["sha256"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:60]!r} is not the name of a file")
    if type(size) is not int or size < 0:
        raise ValueError(f"{name} has the size {size!r}")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"{name} has no SHA-256")
    return BundledFile(name=name, size=size, sha256=sha256)


def _refuse_other_size(found: SignedFile) -> None:
    there = os.fstat(found.content.fileno()).st_size - found.content.tell()
    if there != found.size:
        raise ReleaseFileFault(
            f"{found.path} holds {there} bytes of files and was signed with {found.size}; copy "
            "it again"
        )


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        chunk = file.read(min(size, CHUNK_BYTES))
        if not chunk:
            return
        size -= len(chunk)
        yield chunk


# --- Ed25519 by Python's own library (RFC 8032, section 5.1): for public values only -------------

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_1: Final = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int]
_NEUTRAL: Final[_Point] = (0, 1)


def verify_plainly(public_key: bytes, statement: bytes, signature: bytes) -> bool:
    """Returns whether the signature of the statement was made with the private half of the key."""
    key, scalar = _point(public_key), int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or scalar >= _ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + public_key + statement).digest()
    opposite = (-key[0] % _P, key[1])
    back = _times(int.from_bytes(hashed, "little") % _ORDER, opposite)
    return _bytes_of(_sum(_times(scalar, _BASE), back)) == signature[:32]


def _sum(one: _Point, other: _Point) -> _Point:
    (x1, y1), (x2, y2) = one, other
    product = _D * x1 * x2 * y1 * y2 % _P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, _P) % _P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, _P) % _P
    return x, y


def _times(factor: int, point: _Point) -> _Point:
    result = _NEUTRAL
    while factor:
        if factor & 1:
            result = _sum(result, point)
        point, factor = _sum(point, point), factor >> 1
    return result


def _bytes_of(point: _Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _point(encoded: bytes) -> _Point | None:
    """Returns the point that 32 bytes encode; None for an invalid one."""
    number = int.from_bytes(encoded, "little")
    y, odd = number & ((1 << 255) - 1), number >> 255
    if len(encoded) != 32 or y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_1 % _P
    if x * x % _P != square or (x == 0 and odd):
        return None
    return (x if x & 1 == odd else _P - x), y


_BASE: Final = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little")) or _NEUTRAL


# --- started by itself ---------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Check a release and unpack it into a new folder; returns the exit status."""
    if len(arguments) != 4 or arguments[0].startswith("-"):
        print(
            "open_release: name the release, its maker's public key, the id of that key as it was "
            "told to you, and a new folder:\n"
            "python3 -I open_release.py RELEASE.update RELEASE-KEY.pub KEY-ID NEW-FOLDER"
        )
        return 2
    release, key_file, key_id, folder = arguments
    try:
        key = _key_of(Path(key_file), key_id.strip().lower())
        with signed_file(Path(release), key, verify_plainly) as found:
            _unpack_whole(found, Path(folder).absolute())
    except (ReleaseFileFault, OSError) as error:
        print(f"open_release: {error}; nothing was unpacked")
        return 1
    print(
        f"open_release: {len(found.files)} files are as release key {found.key_id} signed "
        f"them and are in {folder}"
    )
    return 0


def _key_of(path: Path, told: str) -> dict[str, bytes]:
    """Returns the public key, if its id is the one that the person was told."""
    pem = _PEM.fullmatch(path.read_bytes())
    if pem is None:
        raise ReleaseFileFault(f"{path} is not the public half of a release key (Ed25519, PEM)")
    key = b64decode(pem[1])[-32:]
    key_id = hashlib.sha256(key).hexdigest()[:16]
    if key_id != told:
        raise ReleaseFileFault(
            f"{path} is key {key_id} and you were told {told!r}: ask the maker of the "
            "release, by another way than the file came"
        )
    return {key_id: key}


def _unpack_whole(found: SignedFile, folder: Path) -> None:
    """Unpack; the folder gets its name only when every file in it matches what was signed."""
    draft = folder.with_name(f"{folder.name}.unchecked")
    for place in (folder, draft):
        if place.exists():
            raise ReleaseFileFault(f"{place} is there already; remove it, or name a new folder")
    draft.mkdir()
    try:
        found.unpack(draft)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
