"""The fates of the mutants so far, kept from one run of the campaign to the next.

Fates are valid for the sources and tests that they were found with. When one of those changes, the
file begins again, except in one case: if since a commit lines of tests were only added, a mutant
that was noticed there counts as noticed, and the others run again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tools.mutation.areas import MEASURED
from tools.mutation.changes import clean_commit, only_tests_added
from tools.mutation.forks import NOTICED, Fate
from tools.mutation.measured import Branches

KEPT: Final = Path("build/mutation/fates.json")
MADE_OF: Final = (*MEASURED, "simulator", "tests", "tools/mutation")
"""The folders of every source and test on which a fate depends."""
SUFFIXES: Final = (".py", ".toml")


class Kept:
    """The fates found so far with the present sources and tests, below ``root``.

    ``runs`` are the commits of the runs that found them, the oldest first; the last one is empty
    when sources or tests had changes that were not committed.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / KEPT
        self._made_of = _digest(root)
        self.fates: dict[str, Fate] = {}
        self.branches: dict[str, Branches] = {}
        self.runs = [clean_commit(root, MADE_OF)]
        if not self._path.is_file():
            return
        told = json.loads(self._path.read_text(encoding="utf-8"))
        if "runs" not in told:  # written before runs recorded commits: its basis is unknown
            return
        fates = {name: Fate(fate) for name, fate in told["fates"].items()}
        if told["made_of"] == self._made_of:
            self.fates, self.runs = fates, told["runs"]
            self.branches = {area: Branches(**found) for area, found in told["branches"].items()}
        elif only_tests_added(root, told["runs"][-1], MADE_OF, SUFFIXES):
            self.fates = {name: fate for name, fate in fates.items() if fate in NOTICED}
            self.runs = [*told["runs"], *self.runs]

    def save(self) -> None:
        """Write the fates to the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        branches = {area: asdict(found) for area, found in self.branches.items()}
        told = {
            "made_of": self._made_of,
            "runs": self.runs,
            "fates": self.fates,
            "branches": branches,
        }
        self._path.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for folder in MADE_OF:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                digest.update(f"{path.relative_to(root)} ".encode() + path.read_bytes())
    return digest.hexdigest()
