"""An installation that holds several versions of the program, one of which is current.

    ROOT/versions/0.1.0/     an environment with the whole program
    ROOT/current             a link to the version that is started

A version is made at its final place, because an environment cannot be moved. Its file
``release.json`` is written last: a folder without it was left by a killed program, and is made
again. One rename changes the target of ``current``.

A wheelhouse contains this file as ``install.py``, so it needs only Python's own library:

    python3 install.py ROOT
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

VERSIONS: Final = "versions"
CURRENT: Final = "current"
RELEASE: Final = "release.json"
REQUIREMENTS: Final = "requirements.txt"
NEXT_LINK: Final = ".current.next"
INSTALL_S: Final = 1800
"""How long pip may take; a slow disk with 200 MB of wheels needs some minutes."""
SHOWN_CHARACTERS: Final = 600
NO_ENVIRONMENT: Final = "an environment cannot be made"
NO_PIP: Final = "pip cannot be put into the environment (on Debian python3-venv brings it)"


class InstallationFault(Exception):
    """Raised with the reason why a version cannot be made or put in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRelease:
    """The description of a release. ``formats`` are the schemas of the files that it writes."""

    version: str
    python: str
    system: str
    machine: str
    formats: Mapping[str, int]

    @property
    def fault(self) -> str:
        """Returns why it cannot run here; "" when it can."""
        here = {"python": this_python(), "system": sys.platform, "machine": platform.machine()}
        wrong = [
            f"{name} {getattr(self, name)}, here is {found}"
            for name, found in here.items()
            if getattr(self, name) != found
        ]
        return f"version {self.version} is for {'; '.join(wrong)}" if wrong else ""


def this_python() -> str:
    """Returns the version of Python that decides which wheels fit."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def release_from(text: str) -> ProgramRelease:
    """Read the description of a release; raises InstallationFault."""
    try:
        said = json.loads(text)
        formats = {str(name): int(number) for name, number in said["formats"].items()}
        names = ("version", "python", "system", "machine")
        return ProgramRelease(formats=formats, **{name: str(said[name]) for name in names})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InstallationFault(f"{RELEASE} is not valid ({error!r})") from error


@dataclass(frozen=True, slots=True)
class Installation:
    """The folder with all versions."""

    root: Path

    @property
    def current(self) -> str:
        """Returns the version that is started; "" without one."""
        try:
            return (self.root / CURRENT).readlink().name
        except OSError:
            return ""

    def folder_of(self, version: str) -> Path:
        """Returns the folder of a version."""
        return self.root / VERSIONS / version

    def program_of(self, version: str, name: str = "python") -> Path:
        """Returns a program in the environment of a version."""
        return self.folder_of(version) / "bin" / name

    def versions(self) -> list[str]:
        """Returns every complete version."""
        return sorted(path.parent.name for path in self.root.glob(f"{VERSIONS}/*/{RELEASE}"))

    def release_of(self, version: str) -> ProgramRelease:
        """Returns the description of a complete version; raises InstallationFault."""
        try:
            text = (self.folder_of(version) / RELEASE).read_text(encoding="utf-8")
        except OSError as error:
            raise InstallationFault(
                f"version {version} is incomplete in {self.root} ({error.strerror}); "
                f"complete are: {', '.join(self.versions()) or 'none'}"
            ) from error
        return release_from(text)

    def make(self, release: ProgramRelease, wheels: Path) -> None:
        """Make a version from a folder of wheels and prove that it starts.

        A version that a killed program left incomplete is made again, as is a complete one that is
        not in use. A failure leaves nothing: a disk that it filled is as free as before. Raises
        InstallationFault or OSError.
        """
        if release.version == self.current:
            raise InstallationFault(f"version {release.version} is in use already")
        folder = self.folder_of(release.version)
        (folder / RELEASE).unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._fill(release, wheels)
            self._prove(release)
            self._finish(folder, release)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _fill(self, release: ProgramRelease, wheels: Path) -> None:
        folder, python = self.folder_of(release.version), self.program_of(release.version)
        # pip is installed separately: venv does not report why it fails, such as a full disk.
        run([base_python(), "-I", "-m", "venv", "--without-pip", str(folder)], NO_ENVIRONMENT)
        run([str(python), "-I", "-m", "ensurepip", "--default-pip"], NO_PIP)
        pip = (str(python), "-I", "-m", "pip", "--isolated", "--disable-pip-version-check")
        offline = ("--quiet", "--no-index", "--find-links", str(wheels), "--require-hashes")
        wanted = ("--requirement", str(wheels / REQUIREMENTS))
        run([*pip, "install", *offline, *wanted], "the packages cannot be installed")

    def switch(self, version: str) -> None:
        """Make a version current by one rename; raises InstallationFault or OSError."""
        self.release_of(version)
        link = self.root / NEXT_LINK
        link.unlink(missing_ok=True)
        link.symlink_to(f"{VERSIONS}/{version}")
        link.replace(self.root / CURRENT)
        _sync(self.root)

    def _prove(self, release: ProgramRelease) -> None:
        said = run([str(self.program_of(release.version, "traction")), "--version"], "no start")
        if said.split()[-1:] != [release.version]:
            raise InstallationFault(
                f"the program that was installed calls itself {said.strip()!r} and not "
                f"{release.version}"
            )

    def _finish(self, folder: Path, release: ProgramRelease) -> None:
        """Write the whole environment to the disk before the file that says so."""
        if hasattr(os, "sync"):
            os.sync()
        draft = folder / f".{RELEASE}"
        draft.write_text(json.dumps(asdict(release), indent=2) + "\n", encoding="utf-8")
        _sync(draft)
        draft.replace(folder / RELEASE)
        _sync(folder)
        _sync(folder.parent)


def base_python() -> str:
    """Returns the interpreter that environments are made from, not one inside them."""
    return str(getattr(sys, "_base_executable", sys.executable))


def environment_of_its_own() -> dict[str, str]:
    """Returns one for another version's interpreter, without any path to this version's code."""
    return {name: said for name, said in os.environ.items() if not name.startswith("PYTHON")}


def finished(command: list[str], limit_s: float) -> subprocess.CompletedProcess[str]:
    """Run another version's program with no input; returns it with what it printed.

    Raises OSError, and TimeoutExpired after ``limit_s``.
    """
    return subprocess.run(
        command,
        env=environment_of_its_own(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit_s,
        check=False,
    )


def run(command: list[str], doing: str) -> str:
    """Returns what a command printed; raises InstallationFault with the end of its output."""
    try:
        done = finished(command, INSTALL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallationFault(f"{doing}: {error}") from error
    if done.returncode:
        said = " ".join(_told(done.stderr or done.stdout).split())[-SHOWN_CHARACTERS:]
        raise InstallationFault(f"{doing}: {said or f'status {done.returncode}'}")
    return done.stdout


def _told(text: str) -> str:
    """Returns what is before the traceback of a program that reported its fault; else all."""
    return text.partition("Traceback (most recent call last)")[0].strip() or text


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main(arguments: list[str]) -> int:
    """Install the wheelhouse that contains this file; returns the exit status."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("install: name the folder of the installation: python3 install.py /opt/traction")
        return 2
    if sys.platform == "win32":
        print("install: not for Windows; how it is done there: docs/how-to/install.md")
        return 2
    wheels, there = Path(__file__).resolve().parent, Installation(Path(arguments[0]).absolute())
    try:
        release = release_from((wheels / RELEASE).read_text(encoding="utf-8"))
        _refuse(release, there)
        print(f"install: making version {release.version} in {there.root}", flush=True)
        there.make(release, wheels)
        there.switch(release.version)
    except (InstallationFault, OSError) as error:
        print(f"install: {error}; the version in use is unchanged")
        return 1
    print(f"install: {there.root / CURRENT / 'bin' / 'traction'} is ready")
    return 0


def _refuse(release: ProgramRelease, there: Installation) -> None:
    if release.fault:
        raise InstallationFault(release.fault)
    if there.current:
        raise InstallationFault(
            f"{there.root} has version {there.current} in use, which `traction update` changes"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
