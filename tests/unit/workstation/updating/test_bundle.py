"""A release in one file: nothing of it is used that was not signed by an accepted key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.errors import UpdateRefused
from records.store.ed25519 import SigningKey, public_key_from_pem
from tests.support.small_releases import small_release
from tools import release_bundle
from workstation.updating import release_file
from workstation.updating.bundle import opened_bundle, write_bundle
from workstation.updating.release_file import MAGIC, STATEMENT

KEY, OTHER = SigningKey(bytes(32)), SigningKey(bytes([1]) * 32)
ACCEPTED = {KEY.key_id: KEY.public_key}
FILES = {"a.whl": b"a" * 3_000_000, "requirements.txt": b"a==1\n", "empty": b""}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    house = tmp_path / "house"
    house.mkdir()
    for name, content in FILES.items():
        (house / name).write_bytes(content)
    place = tmp_path / "release.update"
    write_bundle(place, small_release("1.1"), house.iterdir(), KEY)
    return place


def unpacked(bundle: Path, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    with opened_bundle(bundle, ACCEPTED) as opened:
        opened.unpack(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def signed(manifest: dict[str, Any] | bytes, content: bytes = b"") -> bytes:
    """A bundle as somebody with an accepted key could make it."""
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    signature = KEY.sign(hashlib.sha256(STATEMENT + text).digest())
    return MAGIC + f"{KEY.key_id} {signature.hex()}\n".encode() + text + b"\n" + content


def manifest_of(*files: dict[str, Any]) -> dict[str, Any]:
    release = {"version": "1.1", "python": "3.11", "system": "linux", "machine": "x"}
    return {"release": {**release, "formats": {"unit": 5}}, "files": list(files)}


def file_of(content: bytes, name: str = "a.whl", **said: Any) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"name": name, "size": len(content), "sha256": digest, **said}


def test_what_was_put_in_comes_out(bundle: Path, tmp_path: Path) -> None:
    assert unpacked(bundle, tmp_path / "out") == FILES
    with opened_bundle(bundle, ACCEPTED) as opened:
        assert opened.release == small_release("1.1")
        assert opened.file.key_id == KEY.key_id
        assert opened.file.size == sum(map(len, FILES.values()))


def test_a_key_that_nobody_accepted_is_named(bundle: Path) -> None:
    with (
        pytest.raises(UpdateRefused, match=f"{KEY.key_id}, which nobody here has accepted"),
        opened_bundle(bundle, {OTHER.key_id: OTHER.public_key}),
    ):
        pass


def test_a_signature_of_another_key_under_an_accepted_name_is_refused(bundle: Path) -> None:
    with (
        pytest.raises(UpdateRefused, match="signature that does not fit"),
        opened_bundle(bundle, {KEY.key_id: OTHER.public_key}),
    ):
        pass


def test_every_byte_before_the_content_is_covered(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    head = whole.index(b"a" * 1000)
    for at in range(head):
        altered = bytearray(whole[: head + 10])
        altered[at] ^= 1
        bundle.write_bytes(altered)
        with pytest.raises(UpdateRefused), opened_bundle(bundle, ACCEPTED):
            pass


def test_a_byte_of_the_content_is_found_while_it_is_unpacked(bundle: Path, tmp_path: Path) -> None:
    altered = bytearray(bundle.read_bytes())
    altered[-1] ^= 1
    bundle.write_bytes(altered)
    with pytest.raises(UpdateRefused, match=r"requirements\.txt in .* is not what was signed"):
        unpacked(bundle, tmp_path / "out")


@pytest.mark.parametrize("kept", [0, 5, len(MAGIC), 100, 300, 2_000_000])
def test_a_file_that_is_cut_is_refused_before_anything_is_unpacked(bundle: Path, kept: int) -> None:
    bundle.write_bytes(bundle.read_bytes()[:kept])
    with pytest.raises(UpdateRefused), opened_bundle(bundle, ACCEPTED):
        pass


def test_a_file_with_more_than_was_signed_is_refused(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes() + b"x")
    with pytest.raises(UpdateRefused, match="was signed with"), opened_bundle(bundle, ACCEPTED):
        pass


@pytest.mark.parametrize(
    "name",
    ["../a", "a/b", "/a", ".hidden", "..", "", "a\nb", "a\\b", "C:a", "x" * 201, "-r", 7, None],
)
def test_a_signed_name_leads_nowhere_else(name: object, tmp_path: Path) -> None:
    place = tmp_path / "x.update"
    place.write_bytes(signed(manifest_of({**file_of(b"x"), "name": name}), b"x"))
    with pytest.raises(UpdateRefused, match="an invalid manifest"), opened_bundle(place, ACCEPTED):
        pass


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (manifest_of(file_of(b"x", size=10**15)), "was signed with 1000000000000000"),
        (manifest_of(file_of(b"x", size=-1)), "has the size -1"),
        (manifest_of(file_of(b"x", size=True)), "has the size True"),
        (manifest_of(file_of(b"x", size=1.0)), r"has the size 1\.0"),
        (manifest_of(file_of(b"x", sha256="0")), "has no SHA-256"),
        (manifest_of(file_of(b"x"), file_of(b"", name="A.whl")), "occurs twice"),
        ({"files": []}, "an invalid manifest"),
        (b"[]", "an invalid manifest"),
        (b"no JSON", "an invalid manifest"),
        (b"[" * 100_000, "an invalid manifest"),
        (b" " * (1 << 19), "truncated or damaged"),
    ],
)
def test_a_manifest_that_is_none_is_refused_in_words(
    manifest: dict[str, Any] | bytes, words: str, tmp_path: Path
) -> None:
    place = tmp_path / "x.update"
    place.write_bytes(signed(manifest, b"x"))
    with pytest.raises(UpdateRefused, match=words), opened_bundle(place, ACCEPTED):
        pass


@pytest.mark.parametrize("what", [lambda path: None, Path.mkdir], ids=["missing", "folder"])
def test_a_file_that_is_none_is_refused(what: Callable[[Path], object], tmp_path: Path) -> None:
    what(tmp_path / "x")
    with pytest.raises(UpdateRefused), opened_bundle(tmp_path / "x", ACCEPTED):
        pass


# --- made by whoever makes releases ------------------------------------------------------------


def test_a_release_is_made_with_a_key_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, house, place = tmp_path / "release.key", tmp_path / "house", tmp_path / "x.update"
    assert release_bundle.main(["--new-key", str(key)]) == 0
    assert key.stat().st_mode & 0o077 == 0
    assert release_bundle.main(["--new-key", str(key)]) == 1
    house.mkdir()
    (house / "release.json").write_text(json.dumps(manifest_of()["release"]))
    assert release_bundle.main([str(key), str(house), str(place)]) == 0
    public = public_key_from_pem((tmp_path / "release.key.pub").read_bytes(), "release.key.pub")
    said = capsys.readouterr().out.split()
    (key_id,) = {word for word in said if len(word) == 16}
    opener = tmp_path / "open_release.py"
    assert opener.read_bytes() == Path(release_file.__file__).read_bytes()
    assert hashlib.sha256(opener.read_bytes()).hexdigest() == said[-1]
    with opened_bundle(place, {key_id: public}) as opened:
        assert [one.name for one in opened.file.files] == ["release.json"]


@pytest.mark.parametrize("arguments", [[], ["--new-key"], ["a", "b", "c", "d"], ["--help"]])
def test_making_a_release_says_what_it_needs(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert release_bundle.main(arguments) == 2
    assert "KEY=FILE" in capsys.readouterr().out


def test_a_key_that_is_none_makes_no_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text("no key")
    assert release_bundle.main([str(tmp_path / "key"), str(tmp_path)]) == 1
    assert release_bundle.main([str(tmp_path / "none"), str(tmp_path)]) == 1
