"""Releases that are made in seconds: a wheel without code that leads to this checkout's code.

What is installed is a real environment with a real package of its own version; a ``.pth`` file in
it makes the program and its dependencies available as they are here.
"""

from __future__ import annotations

import json
import sysconfig
from base64 import urlsafe_b64encode
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

from records.store.file_digest import file_sha256
from tests.support.pages import ROOT
from tools.wheelhouse import this_release
from workstation.updating.installation import RELEASE, REQUIREMENTS, ProgramRelease

NAME = "traction_session_controller"
ENTRY = "[console_scripts]\ntraction = workstation.cli:main\n"


def small_release(version: str, **said: object) -> ProgramRelease:
    """The statements of a release that fits this computer, changed by ``said``."""
    return replace(this_release(), version=version, **said)  # type: ignore[arg-type]


def small_wheelhouse(folder: Path, version: str, **said: object) -> Path:
    """A wheelhouse with one wheel; ``said`` changes the statements of its release."""
    folder.mkdir(parents=True, exist_ok=True)
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    files = {"here.pth": "\n".join([str(ROOT), *sorted(here)]), **_facts(NAME, version)}
    files[f"{NAME}-{version}.dist-info/entry_points.txt"] = ENTRY
    wheel = write_wheel(folder, NAME, version, files)
    line = f"{NAME.replace('_', '-')}=={version} --hash=sha256:{file_sha256(wheel)}\n"
    (folder / REQUIREMENTS).write_text(line)
    release = small_release(version, **said)
    (folder / RELEASE).write_text(json.dumps(asdict(release), indent=2) + "\n")
    return folder


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel of text files."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    facts = f"{name}-{version}.dist-info"
    lines = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    record = "\n".join([*lines, f"{facts}/RECORD,,", ""])
    with ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{facts}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def plain_wheel(folder: Path, name: str, version: str) -> Path:
    """A wheel with one empty module."""
    return write_wheel(folder, name, version, {f"{name}.py": "", **_facts(name, version)})


def _facts(name: str, version: str) -> dict[str, str]:
    facts = f"{name}-{version}.dist-info"
    return {
        f"{facts}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{facts}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }


def _digest(text: str) -> str:
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
