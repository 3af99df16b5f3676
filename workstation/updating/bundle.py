"""Release files as `traction update` reads them and `make release-bundle` makes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from controller.errors import UpdateRefused
from records.store.ed25519 import SigningKey, verify_signature
from records.store.file_digest import file_sha256
from workstation.updating.installation import InstallationFault, ProgramRelease, release_from
from workstation.updating.release_file import (
    MAGIC,
    BundledFile,
    ReleaseFileFault,
    ReleaseKeyUnknown,
    SignedFile,
    signed_file,
    statement_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateBundle:
    """A release, and its file, whose signature was checked."""

    release: ProgramRelease
    file: SignedFile

    def unpack(self, folder: Path) -> None:
        """Write every file into an empty folder; raises UpdateRefused or OSError."""
        try:
            self.file.unpack(folder)
        except ReleaseFileFault as fault:
            raise UpdateRefused(str(fault)) from fault


@contextmanager
def opened_bundle(path: Path, accepted: Mapping[str, bytes]) -> Iterator[UpdateBundle]:
    """Returns a bundle that is signed by one of the accepted keys; raises UpdateRefused."""
    with _signed(path, accepted) as file:
        yield UpdateBundle(release=_release_of(file), file=file)


@contextmanager
def _signed(path: Path, accepted: Mapping[str, bytes]) -> Iterator[SignedFile]:
    try:
        with signed_file(path, accepted, verify_signature) as file:
            yield file
    except ReleaseKeyUnknown as fault:
        raise UpdateRefused(
            f"{fault}. If its maker gave you that key, accept it with `traction update "
            "--accept-key KEY.pub`"
        ) from fault
    except ReleaseFileFault as fault:
        raise UpdateRefused(str(fault)) from fault


def _release_of(file: SignedFile) -> ProgramRelease:
    try:
        return release_from(json.dumps(file.release))
    except InstallationFault as fault:
        raise UpdateRefused(f"{file.path} has an invalid manifest: {fault}") from fault


def write_bundle(
    place: Path, release: ProgramRelease, files: Iterable[Path], key: SigningKey
) -> None:
    """Make a bundle of files, for the maker of releases. Raises OSError."""
    paths = sorted(files, key=lambda path: path.name)
    listed = [
        asdict(BundledFile(name=path.name, size=path.stat().st_size, sha256=file_sha256(path)))
        for path in paths
    ]
    manifest = json.dumps({"release": asdict(release), "files": listed}, sort_keys=True).encode()
    signature = key.sign(statement_of(manifest))
    with place.open("wb") as out:
        out.write(MAGIC + f"{key.key_id} {signature.hex()}\n".encode() + manifest + b"\n")
        for path in paths:
            out.write(path.read_bytes())
