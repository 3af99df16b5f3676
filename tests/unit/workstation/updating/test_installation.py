"""An installation: made from wheels alone, whole or not there, changed by one rename."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from records.store.file_digest import file_sha256
from tests.support.pages import ROOT
from tests.support.small_releases import plain_wheel, small_release, small_wheelhouse
from tests.support.troubled_writes import no_file_beyond
from tools import wheelhouse
from tools.locked import LockedPackage, locked_packages, shipped
from workstation.updating import installation
from workstation.updating.installation import (
    RELEASE,
    REQUIREMENTS,
    Installation,
    InstallationFault,
    release_from,
)

PIP_BYTES = 50_000
"""More than any file of an environment without pip, less than pip's own wheel."""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")


@pytest.fixture
def there(made: Path) -> Installation:
    return Installation(made / "root")


def says_version(there: Installation) -> str:
    program = there.root / "current" / "bin" / "traction"
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def test_the_script_of_a_wheelhouse_makes_an_installation_that_starts(there: Installation) -> None:
    assert (there.current, there.versions()) == ("1.0", ["1.0"])
    assert says_version(there) == "traction 1.0"
    assert there.release_of("1.0") == small_release("1.0")


def test_the_program_of_a_version_starts_its_own_and_not_what_is_current(
    there: Installation,
) -> None:
    """A station goes on with its own version while another one becomes current."""
    first = (there.root / "current" / "bin" / "traction").read_text().splitlines()[0]
    assert first == f"#!{there.program_of('1.0')}"


@pytest.mark.usefixtures("environments")
def test_a_second_version_is_made_beside_and_put_in_use_and_back(
    made: Path, there: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a program that was killed left half of it, and where it is started on a stick."""
    for name in ("venv", "pip", "logging"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken for a part of Python')\n")
    monkeypatch.chdir(tmp_path)
    left = there.folder_of("1.1")
    left.mkdir()
    (left / "half").touch()
    (there.root / ".current.next").symlink_to("nowhere")
    there.make(small_release("1.1"), made / "1.1")
    assert not (left / "half").exists()
    assert (there.current, says_version(there)) == ("1.0", "traction 1.0")
    there.switch("1.1")
    assert (there.current, says_version(there)) == ("1.1", "traction 1.1")
    there.switch("1.0")
    assert (there.current, says_version(there)) == ("1.0", "traction 1.0")


def test_a_version_that_is_not_whole_is_never_put_in_use(made: Path, there: Installation) -> None:
    there.folder_of("1.2").mkdir()
    with pytest.raises(InstallationFault, match=r"1\.2 is incomplete"):
        there.switch("1.2")
    assert there.current == "1.0"
    shutil.rmtree(there.folder_of("1.2"))


def test_the_version_in_use_is_never_touched(made: Path, there: Installation) -> None:
    with pytest.raises(InstallationFault, match="in use already"):
        there.make(small_release("1.0"), made / "1.0")
    assert says_version(there) == "traction 1.0"


@pytest.mark.usefixtures("environments")
def test_a_wheel_that_was_altered_is_not_installed(
    made: Path, there: Installation, tmp_path: Path
) -> None:
    house = small_wheelhouse(tmp_path / "altered", "1.3")
    (wheel,) = house.glob("*.whl")
    plain_wheel(tmp_path, "other", "1")
    shutil.copy(next(tmp_path.glob("*.whl")), wheel)
    with pytest.raises(InstallationFault, match="packages cannot be installed"):
        there.make(small_release("1.3"), house)
    assert there.versions() == ["1.0", "1.1"]
    assert not there.folder_of("1.3").exists()


@pytest.mark.usefixtures("environments")
def test_a_program_that_calls_itself_otherwise_is_not_whole(
    there: Installation, tmp_path: Path
) -> None:
    house = small_wheelhouse(tmp_path / "house", "1.4")
    with pytest.raises(InstallationFault, match=r"calls itself 'traction 1\.4'"):
        there.make(small_release("1.5"), house)
    assert not there.folder_of("1.5").exists()


def test_a_disk_that_is_full_in_pip_is_said_and_is_as_free_as_before(
    made: Path, there: Installation
) -> None:
    before = there.versions()
    with (
        no_file_beyond(PIP_BYTES),
        pytest.raises(InstallationFault, match=r"pip cannot.*too large"),
    ):
        there.make(small_release("1.6"), made / "1.1")
    assert not there.folder_of("1.6").exists()
    assert (there.versions(), says_version(there)) == (before, f"traction {there.current}")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"python": "3.99"}, r"python 3\.99, here is"),
        ({"system": "win32"}, "system win32"),
        ({"machine": "pdp11"}, "machine pdp11"),
    ],
)
def test_what_is_for_another_computer_says_so(said: dict[str, str], words: str) -> None:
    assert small_release("1.0").fault == ""
    assert words.replace("\\", "") in small_release("1.0", **said).fault


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": "1", "formats": []}'])
def test_a_release_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(InstallationFault, match=RELEASE):
        release_from(text)


def test_the_script_refuses_in_words(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installation.main([]) == 2
    monkeypatch.setattr(installation, "__file__", str(made / "1.1" / "install.py"))
    assert installation.main([str(made / "root")]) == 1
    assert "version 1.0 in use, which `traction update` changes" in capsys.readouterr().out


# --- the wheelhouse itself ---------------------------------------------------------------------


def test_a_wheelhouse_has_every_wheel_with_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    alpha = plain_wheel(store, "alpha", "1.0")
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(store))):
        monkeypatch.setenv(name, value)
    digest = file_sha256(alpha)
    packages = [LockedPackage("alpha", "1.0", "", (digest,), frozenset())]
    place = tmp_path / "house"
    release = wheelhouse.make_wheelhouse(place, packages)
    names = {path.name for path in place.iterdir()}
    own = f"traction_session_controller-{release.version}-py3-none-any.whl"
    packaging = {path.name for path in (ROOT / "packaging").iterdir()}
    assert "traction-station.service" in packaging
    assert names == {own, alpha.name, REQUIREMENTS, RELEASE, "install.py", *packaging}
    lines = (place / REQUIREMENTS).read_text().splitlines()
    assert lines[0] == f"alpha==1.0 --hash=sha256:{digest}"
    assert lines[1].endswith(f"--hash=sha256:{file_sha256(place / own)}")
    said = json.loads((place / RELEASE).read_text())
    assert said["formats"] == {"unit": 5, "clinic": 2}
    assert (place / "install.py").read_text() == Path(installation.__file__).read_text()


def test_a_wheelhouse_takes_over_no_folder_of_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter").write_text("dear")
    assert wheelhouse.main([str(tmp_path)]) == 2
    assert (tmp_path / "letter").exists()
    assert "name another folder" in capsys.readouterr().out


def test_no_tool_of_development_is_in_it() -> None:
    names = {one.name for one in shipped(locked_packages())}
    assert {"cryptography", "uvicorn", "duckdb"} <= names
    assert not {"pytest", "hatchling", "playwright"} & names
