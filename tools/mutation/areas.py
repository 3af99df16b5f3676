"""Which files are mutated, which tests must notice it, and which share of mutants."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
MEASURED: Final = ("controller", "firmware_bridge")
"""Packages for which the test of each line is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Patterns of files, folders of tests, and the shares below which the gates fail.

    ``left_out`` are files that match but are not judged; mutation-testing.md gives the reason.
    ``branch_share`` is of the branches that ``tests`` run, ``killed_share`` of the mutants.
    """

    name: str
    patterns: tuple[str, ...]
    tests: tuple[str, ...]
    killed_share: float
    branch_share: float
    left_out: tuple[str, ...] = ()

    def files(self, root: Path) -> list[str]:
        """The files of the area, sorted, relative to ``root``, without empty ``__init__`` files."""
        found = {path for pattern in self.patterns for path in root.glob(pattern)}
        names = {path.relative_to(root).as_posix() for path in found if path.name != "__init__.py"}
        return sorted(names - set(self.left_out))


AREAS: Final = (
    Area(
        name="safety",
        patterns=("controller/safety/*.py",),
        tests=("tests/unit/controller/safety",),
        killed_share=0.95,
        branch_share=1.0,
    ),
    Area(
        name="machine",
        patterns=("controller/session/*.py",),
        tests=("tests/unit/controller", "tests/safety"),
        killed_share=0.90,
        branch_share=0.95,
    ),
    Area(
        name="runtime",
        patterns=("controller/runtime/*.py",),
        tests=("tests/unit/controller", "tests/safety"),
        killed_share=0.90,
        branch_share=0.95,
        left_out=("controller/runtime/observation.py",),
    ),
    Area(
        name="bridge",
        patterns=(
            "firmware_bridge/line/line.py",
            "firmware_bridge/line/owed_answers.py",
            "firmware_bridge/line/resync.py",
            "firmware_bridge/line/timing.py",
            "firmware_bridge/modbus/*.py",
            "firmware_bridge/units/*.py",
        ),
        tests=("tests/unit/firmware_bridge", "tests/safety"),
        killed_share=0.90,
        branch_share=0.95,
        left_out=("firmware_bridge/modbus/in_words.py",),
    ),
)


def area_of(path: str, root: Path, areas: tuple[Area, ...] = AREAS) -> Area | None:
    """The area that a file belongs to; None if there is none."""
    return next((area for area in areas if path in area.files(root)), None)
