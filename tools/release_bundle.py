"""`make release-bundle KEY=FILE`: a wheelhouse as one signed file for `traction update`.

    python -m tools.release_bundle KEY [WHEELHOUSE [FILE]]
    python -m tools.release_bundle --new-key KEY

KEY is the private release key, a PEM file (PKCS 8, Ed25519) that the maker of releases keeps.
``--new-key`` makes one, and KEY.pub beside it for the clinics. ``open_release.py``, with which a
clinic opens its first release, is put beside FILE.
"""

from __future__ import annotations

import secrets
import shutil
import sys
from pathlib import Path
from typing import Final

from controller.errors import KeyUnavailable
from records.store.ed25519 import (
    SEED_SIZE,
    SigningKey,
    private_key_from_pem,
    private_pem,
    public_pem,
)
from records.store.file_digest import file_sha256
from records.store.private_files import write_private
from tools.wheelhouse import PLACE
from workstation.updating import release_file
from workstation.updating.bundle import write_bundle
from workstation.updating.installation import RELEASE, release_from

NEW_KEY: Final = "--new-key"
OPENER: Final = "open_release.py"


def main(arguments: list[str]) -> int:
    """Make it; returns the exit status."""
    try:
        if arguments[:1] == [NEW_KEY] and len(arguments) == 2:
            return _made_key(Path(arguments[1]))
        if 1 <= len(arguments) <= 3 and not arguments[0].startswith("-"):
            return _made_bundle(*map(Path, arguments))
    except (OSError, KeyUnavailable) as error:
        print(f"release_bundle: {error}")
        return 1
    print("release_bundle: name the release key: make release-bundle KEY=FILE")
    return 2


def _made_key(place: Path) -> int:
    if place.exists():
        print(f"release_bundle: {place} exists; a release key is never overwritten")
        return 1
    key = SigningKey(secrets.token_bytes(SEED_SIZE))
    write_private(place, private_pem(key), secret=True)
    public = place.with_name(f"{place.name}.pub")
    public.write_bytes(public_pem(key.public_key))
    print(f"release_bundle: key {key.key_id}; {place} stays here, {public} goes to the clinics")
    return 0


def _made_bundle(key_file: Path, house: Path = PLACE, place: Path | None = None) -> int:
    key = private_key_from_pem(key_file.read_bytes(), str(key_file))
    release = release_from((house / RELEASE).read_text(encoding="utf-8"))
    kind = f"py{release.python}-{release.system}-{release.machine}"
    place = place or house.parent / f"traction-{release.version}-{kind}.update"
    write_bundle(place, release, [path for path in house.iterdir() if path.is_file()], key)
    opener = place.with_name(OPENER)
    shutil.copy(Path(release_file.__file__), opener)
    print(f"release_bundle: {place}, {place.stat().st_size / 1e6:.0f} MB, key {key.key_id}")
    print(f"release_bundle: {opener}, SHA-256 {file_sha256(opener)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
