"""Files of somebody who wishes us ill: each is refused by name, and the program stays as it is."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import UpdateRefused
from records.evidence.integrity import verify
from records.store.ed25519 import SigningKey
from tests.support.small_releases import small_release, small_wheelhouse
from tests.support.updating import RELEASE_KEY, UpdatedClinic
from workstation.updating.bundle import write_bundle

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links"),
    pytest.mark.usefixtures("quick"),
]
OF_ANOTHER = SigningKey(bytes([99]) * 32)
NO_RELEASE = "is not a release of this program"


def zip_that_leads_out(release: Path, place: Path) -> None:
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("../../outside", "x")
        archive.writestr("/outside", "x")


def tar_with_links(release: Path, place: Path) -> None:
    with tarfile.open(place, "w") as archive:
        link = tarfile.TarInfo("versions")
        link.type, link.linkname = tarfile.SYMTYPE, "/"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("versions/outside"), io.BytesIO())


def bomb(release: Path, place: Path) -> None:
    with gzip.open(place, "wb") as archive:
        archive.write(bytes(50_000_000))


def of_another_key(release: Path, place: Path) -> None:
    house = small_wheelhouse(place.with_suffix(".house"), "1.2")
    write_bundle(place, small_release("1.2"), house.iterdir(), OF_ANOTHER)


def of_another_key_under_an_accepted_name(release: Path, place: Path) -> None:
    of_another_key(release, place)
    known = release.read_bytes().split(b"\n")[1].split()[0]
    place.write_bytes(place.read_bytes().replace(OF_ANOTHER.key_id.encode(), known, 1))


def with_the_signature_of_another_release(release: Path, place: Path) -> None:
    of_another_key(release, place)
    foreign, signed = place.read_bytes().split(b"\n"), release.read_bytes().split(b"\n")
    place.write_bytes(b"\n".join([foreign[0], signed[1], *foreign[2:]]))


def truncated(release: Path, place: Path) -> None:
    place.write_bytes(release.read_bytes()[:-1])


def with_more_behind(release: Path, place: Path) -> None:
    place.write_bytes(release.read_bytes() + b"x")


def with_another_byte(release: Path, place: Path) -> None:
    altered = bytearray(release.read_bytes())
    altered[-1] ^= 1
    place.write_bytes(altered)


def empty(release: Path, place: Path) -> None:
    place.touch()


def without_an_end_of_line(release: Path, place: Path) -> None:
    place.write_bytes(b"TRACTION UPDATE 1\n" + b"0" * 5_000_000)


def pipe(release: Path, place: Path) -> None:
    """Nobody ever writes into it."""
    os.mkfifo(place)


def device(release: Path, place: Path) -> None:
    place.symlink_to("/dev/zero")


def link_to_nowhere(release: Path, place: Path) -> None:
    place.symlink_to("nowhere")


HOSTILE: list[tuple[Callable[[Path, Path], None], str]] = [
    (zip_that_leads_out, NO_RELEASE),
    (tar_with_links, NO_RELEASE),
    (bomb, NO_RELEASE),
    (of_another_key, "which nobody here has accepted"),
    (of_another_key_under_an_accepted_name, "signature that does not fit"),
    (with_the_signature_of_another_release, "signature that does not fit"),
    (truncated, "bytes of files and was signed with"),
    (with_more_behind, "bytes of files and was signed with"),
    (with_another_byte, "is not what was signed"),
    (empty, NO_RELEASE),
    (without_an_end_of_line, "truncated or damaged"),
    (pipe, "not a regular file"),
    (device, "not a regular file"),
    (link_to_nowhere, "cannot be read"),
]


def names_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "data" not in path.parts}


def test_each_is_refused_and_the_next_true_release_is_taken(clinic: UpdatedClinic) -> None:
    release = clinic.release("1.1")
    for make, words in HOSTILE:
        place = clinic.folder / f"{make.__name__}.update"
        make(release, place)
        before = names_below(clinic.folder)
        with pytest.raises(UpdateRefused, match=f"{make.__name__}.update.*{words}"):
            clinic.update(place)
        clinic.backup.unlink(missing_ok=True)
        assert (clinic.there.current, clinic.there.versions()) == ("1.0", ["1.0"])
        assert names_below(clinic.folder) == before, make.__name__
    assert verify(clinic.records).alterations == ()
    clinic.update(release)
    assert clinic.there.current == "1.1"


def test_a_file_that_is_exchanged_after_its_signature_was_checked_is_found(
    clinic: UpdatedClinic,
) -> None:
    house = small_wheelhouse(clinic.folder / "house", "1.1")
    (house / "long.whl").write_bytes(bytes(1_000_000))  # not read as a whole with its beginning
    release = clinic.folder / "1.1.update"
    write_bundle(release, small_release("1.1"), house.iterdir(), RELEASE_KEY)
    whole = release.read_bytes()

    def exchange(doing: str) -> None:
        if doing.startswith("making"):
            release.write_bytes(whole[:-50] + bytes(50))

    with pytest.raises(UpdateRefused, match="is not what was signed"):
        clinic.update(release, exchange)
    assert (clinic.there.current, clinic.there.versions()) == ("1.0", ["1.0"])
    release.write_bytes(whole)
    clinic.backup.unlink()
    clinic.update(release)
    assert clinic.there.current == "1.1"


@pytest.mark.parametrize("version", ["1.1.-1", "1.+2", " 1.1", "1.1\n", "1_1", "\u0661.1", "", "."])
def test_a_version_is_digits_and_points(version: str, clinic: UpdatedClinic) -> None:
    place = clinic.folder / "x.update"
    write_bundle(place, small_release(version), [], RELEASE_KEY)
    with pytest.raises(UpdateRefused, match="not a version number"):
        clinic.update(place)
    assert clinic.said() == []
