"""`make wheelhouse`: everything that a computer without a network needs to install the program.

    python -m tools.wheelhouse [FOLDER]

A folder with the program's own wheel, the wheel of every package of the lock that is installed for
use, `requirements.txt` with the SHA-256 of each, `release.json`, `install.py`, and the files
of `packaging/`, which make a service and a kiosk of it. It is for the Python and the kind of system
on which it is made.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from records.store.clinic_file import CLINIC_SCHEMA
from records.store.file_digest import file_sha256
from records.store.unit_file import UNIT_SCHEMA
from tools.locked import ROOT, LockedPackage, locked_packages, shipped
from workstation.updating import installation
from workstation.updating.installation import RELEASE, REQUIREMENTS, ProgramRelease, this_python

PLACE: Final = ROOT / "dist" / "wheelhouse"
PACKAGING: Final = "packaging"
PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def main(arguments: list[str]) -> int:
    """Make the wheelhouse; returns the exit status."""
    place = Path(arguments[0]) if arguments else PLACE
    if place.exists() and (not (place / RELEASE).exists() and any(place.iterdir())):
        print(f"wheelhouse: {place} has other content; name another folder")
        return 2
    shutil.rmtree(place, ignore_errors=True)
    try:
        release = make_wheelhouse(place, shipped(locked_packages()))
    except subprocess.CalledProcessError as failed:
        print(f"wheelhouse: this step failed: {' '.join(map(str, failed.cmd[:6]))} ...")
        return 1
    wheels = list(place.glob("*.whl"))
    size = sum(path.stat().st_size for path in wheels) / 1e6
    print(f"wheelhouse: version {release.version}, {len(wheels)} wheels, {size:.0f} MB in {place}")
    return 0


def make_wheelhouse(place: Path, packages: Iterable[LockedPackage]) -> ProgramRelease:
    """Fill an empty or missing folder; raises CalledProcessError."""
    place.mkdir(parents=True, exist_ok=True)
    own = _built(place)
    lines = "".join(_requirement(one) for one in packages)
    requirements = place / REQUIREMENTS
    requirements.write_text(lines, encoding="utf-8")
    fetch = ("download", "--no-deps", "--only-binary", ":all:", "--require-hashes")
    subprocess.run([*PIP, *fetch, "-d", str(place), "-r", str(requirements)], check=True)
    requirements.write_text(lines + _line_of(own), encoding="utf-8")
    shutil.copy(Path(installation.__file__), place / "install.py")
    for path in (ROOT / PACKAGING).iterdir():
        shutil.copy(path, place)
    release = this_release()
    (place / RELEASE).write_text(json.dumps(asdict(release), indent=2) + "\n", encoding="utf-8")
    return release


def this_release() -> ProgramRelease:
    """Returns the manifest of a release of this checkout, made here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return ProgramRelease(
        version=project["version"],
        python=this_python(),
        system=sys.platform,
        machine=platform.machine(),
        formats={"unit": UNIT_SCHEMA.version, "clinic": CLINIC_SCHEMA.version},
    )


def _built(place: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (own,) = place.glob("*.whl")
    return own


def _line_of(own: Path) -> str:
    name, version, *_ = own.name.split("-")
    return f"{name.replace('_', '-')}=={version} --hash=sha256:{file_sha256(own)}\n"


def _requirement(one: LockedPackage) -> str:
    return " ".join(_words_of(one)) + "\n"


def _words_of(one: LockedPackage) -> Iterator[str]:
    yield f"{one.name}=={one.version}"
    if one.marker:
        yield f"; {one.marker}"
    yield from (f"--hash=sha256:{digest}" for digest in one.hashes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
