"""A clinic's first release: opened by one file and Python's own library, or not at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from records.store.ed25519 import SigningKey, public_pem, verify_signature
from tests.support.small_releases import small_release, small_wheelhouse
from workstation.updating import installation, release_file
from workstation.updating.bundle import write_bundle
from workstation.updating.release_file import verify_plainly

KEY, OTHER = SigningKey(bytes([7]) * 32), SigningKey(bytes([8]) * 32)
ORDER = 2**252 + 27742317777372353535851937790883648493
RFC_8032 = [  # section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
        "9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
        "11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """What a clinic is given: the release, the key and the file that opens it."""
    house = small_wheelhouse(tmp_path / "house", "1.0")
    shutil.copy(Path(installation.__file__), house / "install.py")
    folder = tmp_path / "stick"
    folder.mkdir()
    write_bundle(folder / "r.update", small_release("1.0"), house.iterdir(), KEY)
    (folder / "release.key.pub").write_bytes(public_pem(KEY.public_key))
    shutil.copy(Path(release_file.__file__), folder / "open_release.py")
    return folder


def opened(stick: Path, key_id: str = KEY.key_id, *how: str) -> subprocess.CompletedProcess[str]:
    """As the page says it, with nothing but Python's own library."""
    given = ("r.update", "release.key.pub", key_id, str(stick.parent / "opened"))
    return subprocess.run(
        [sys.executable, *(how or ("-I", "-S")), "open_release.py", *given],
        cwd=stick,
        capture_output=True,
        text=True,
        check=False,
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_first_release_is_checked_before_anything_of_it_is_started(stick: Path) -> None:
    done = opened(stick, f" {KEY.key_id.upper()} ")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"4 files are as release key {KEY.key_id} signed them" in done.stdout
    signed, unpacked = stick.parent / "house", stick.parent / "opened"
    assert content(unpacked) == content(signed)
    assert "install.py" in content(unpacked)


@pytest.mark.parametrize("at", [0, 20, 60, 200, -1])
def test_a_byte_that_was_not_signed_opens_nothing(at: int, stick: Path) -> None:
    altered = bytearray((stick / "r.update").read_bytes())
    altered[at] ^= 1
    (stick / "r.update").write_bytes(altered)
    done = opened(stick)
    assert (done.returncode, done.stderr) == (1, "")
    assert "r.update" in done.stdout
    assert "nothing was unpacked" in done.stdout
    assert {path.name for path in stick.parent.iterdir()} == {"house", "stick"}


def test_a_key_that_came_with_the_file_is_not_the_one_that_was_told(stick: Path) -> None:
    """Whoever exchanges the release exchanges the key beside it too."""
    house = stick.parent / "house"
    write_bundle(stick / "r.update", small_release("1.0"), house.iterdir(), OTHER)
    assert f"is signed by release key {OTHER.key_id}" in opened(stick).stdout
    (stick / "release.key.pub").write_bytes(public_pem(OTHER.public_key))
    done = opened(stick)
    assert done.returncode == 1
    assert f"is key {OTHER.key_id} and you were told '{KEY.key_id}'" in done.stdout
    assert not (stick.parent / "opened").exists()


@pytest.mark.parametrize(
    "text", [b"", b"no key", public_pem(KEY.public_key)[:-40], b"\xff" * 100], ids=repr
)
def test_what_is_no_release_key_is_said(text: bytes, stick: Path) -> None:
    (stick / "release.key.pub").write_bytes(text)
    assert "is not the public half of a release key" in opened(stick).stdout


def test_a_folder_that_is_there_is_left_as_it_is(stick: Path) -> None:
    (stick.parent / "opened").mkdir()
    assert "is there already" in opened(stick).stdout
    assert not list((stick.parent / "opened").iterdir())


def test_what_is_missing_is_said(stick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (stick / "release.key.pub").unlink()
    assert "No such file or directory: 'release.key.pub'; nothing" in opened(stick).stdout
    assert release_file.main(["r.update", "release.key.pub"]) == 2
    assert "RELEASE.update RELEASE-KEY.pub KEY-ID NEW-FOLDER" in capsys.readouterr().out


def test_a_file_beside_it_is_no_part_of_python(stick: Path) -> None:
    """Whoever has the stick can lay any name beside the one file that was compared."""
    for name in ("__future__", "hashlib", "json", "os", "re"):
        (stick / f"{name}.py").write_text("raise SystemExit('taken over')\n")
    assert opened(stick).returncode == 0
    done = opened(stick, KEY.key_id, "-S")
    assert (done.returncode, done.stdout) == (1, "")
    assert "start it with -I" in done.stderr


# --- the signature by Python's own library --------------------------------------------------------


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_examples_of_the_standard(key: str, message: str, signature: str) -> None:
    assert verify_plainly(*map(bytes.fromhex, (key, message, signature)))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.binary(min_size=32, max_size=32),
    statement=st.binary(max_size=80),
    at=st.integers(0, 767),
)
@example(seed=bytes(32), statement=b"", at=0)
def test_it_says_what_the_library_says(seed: bytes, statement: bytes, at: int) -> None:
    """Of a signature, and of one with another bit in the key or in itself."""
    key = SigningKey(seed)
    public, signature = key.public_key, key.sign(statement)
    assert verify_plainly(public, statement, signature)
    altered = bytearray(public + signature)
    altered[at // 8] ^= 1 << at % 8
    public, signature = bytes(altered[:32]), bytes(altered[32:])
    assert verify_plainly(public, statement, signature) is False
    assert verify_signature(public, statement, signature) is False


def test_no_second_signature_is_made_of_a_first() -> None:
    signature = KEY.sign(b"x")
    later = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify_plainly(KEY.public_key, b"x", signature[:32] + later.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 63, 65])
def test_what_is_too_short_or_too_long_is_no_signature_and_no_key(length: int) -> None:
    signature = KEY.sign(b"x")
    assert not verify_plainly(KEY.public_key, b"x", (signature + bytes(1))[:length])
    assert not verify_plainly((KEY.public_key * 3)[:length], b"x", signature)


@pytest.mark.parametrize(
    "number", [2**255 - 19, 2**255 - 1, 2, 1 + (1 << 255)], ids=["p", "all", "none", "minus zero"]
)
def test_bytes_that_are_no_point_are_no_key(number: int) -> None:
    assert not verify_plainly(number.to_bytes(32, "little"), b"x", KEY.sign(b"x"))
