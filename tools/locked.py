"""The packages of requirements.lock, and which of them are installed for use."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "requirements.lock"
_HEAD: Final = re.compile(r"([a-z0-9][\w.-]*)==(\S+)(?: ; (.*?))? \\")
_HASH: Final = re.compile(r"\s+--hash=sha256:([0-9a-f]{64})")
_VIA: Final = re.compile(r"\s+#\s+(?:via\s*)?(\S*)")


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One package at one version; ``marker`` says where it is installed, empty: everywhere.

    ``hashes`` are the SHA-256 of every file that may be installed, ``asked_by`` the packages that
    need it.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    asked_by: frozenset[str]

    @property
    def purl(self) -> str:
        """Returns its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"


def locked_packages(text: str | None = None) -> list[LockedPackage]:
    """Every package of the lock; a name occurs twice where two Pythons get two versions."""
    found: list[LockedPackage] = []
    hashes: list[str] = []
    asked: set[str] = set()
    head: re.Match[str] | None = None
    for line in (text or LOCK.read_text(encoding="utf-8")).splitlines():
        if new := _HEAD.fullmatch(line):
            found += _package(head, hashes, asked)
            head, hashes, asked = new, [], set()
        elif one := _HASH.match(line):
            hashes.append(one[1])
        elif via := _VIA.match(line):
            asked |= {via[1]} - {""}
    return [*found, *_package(head, hashes, asked)]


def _package(
    head: re.Match[str] | None, hashes: list[str], asked: set[str]
) -> Iterator[LockedPackage]:
    if head is not None:
        yield LockedPackage(head[1], head[2], head[3] or "", tuple(hashes), frozenset(asked))


def declared() -> set[str]:
    """Names of the program's own requirements, including the extra for analysis."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["analysis"]]
    return {re.split(r"[^\w.-]", line)[0].lower() for line in wanted}


def shipped(packages: Collection[LockedPackage]) -> list[LockedPackage]:
    """The packages installed for use: the program's requirements and their dependencies."""
    names = declared()
    while more := {one.name for one in packages if one.asked_by & names} - names:
        names |= more
    return [one for one in packages if one.name in names]
