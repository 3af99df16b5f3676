"""What campaign and gate share: mutants, measured tests, the list of judged survivors, a run."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tools.mutation.areas import AREAS, MEASURED, ROOT, Area
from tools.mutation.forks import NOTICED, Fate, Task
from tools.mutation.judged import LIST, Judged, judged_survivors
from tools.mutation.measured import Branches, Measured, load_libraries, measure
from tools.mutation.mutants import Mutant, mutants
from tools.mutation.names import Names
from tools.mutation.runs import run_all

FOREVER: Final = float("inf")


class Workshop:
    """Everything known before the first mutant runs; ``folder`` receives the measurements."""

    def __init__(self, areas: Iterable[Area] = AREAS, root: Path = ROOT) -> None:
        self.areas = tuple(areas)
        self.root = root
        self.known: dict[str, Judged] = judged_survivors(root / LIST)
        self._names = Names.of(root, MEASURED)
        self.mutants: dict[str, list[Mutant]] = {
            area.name: [m for path in area.files(root) for m in mutants(path, root, self._names)]
            for area in self.areas
        }
        self._measured: Measured | None = None

    @property
    def all_mutants(self) -> list[Mutant]:
        """The mutants of all chosen areas."""
        return [mutant for area in self.areas for mutant in self.mutants[area.name]]

    def measure(self, folder: Path) -> dict[str, Branches]:
        """Run the tests once; returns the branches of each area. Raises TestsFailed."""
        load_libraries()
        tests = sorted({folder for area in self.areas for folder in area.tests})
        self._measured = measure(self.root, tests, folder)
        return {area.name: self._measured.branches(area) for area in self.areas}

    def files_that_fail_alone(self) -> list[str]:
        """Test files that need another one to have run before: they would kill every mutant."""
        assert self._measured is not None, "the tests were measured"
        groups: dict[str, list[str]] = {}
        for test in self._measured.seconds:
            groups.setdefault(test.partition("::")[0], []).append(test)
        tasks = [self._task(None, [tests]) for tests in groups.values()]
        ended = run_all(tasks, self.root, self._names, stop_at_s=FOREVER)
        return sorted(
            task.groups[0][0].partition("::")[0]
            for task, fate in ended
            if fate is not Fate.SURVIVED
        )

    def run(
        self, chosen: Iterable[Mutant], fates: dict[str, Fate], *, stop_at_s: float = FOREVER
    ) -> Iterable[Mutant]:
        """Run mutants and enter their fates; yields each one that has ended."""
        assert self._measured is not None, "the tests were measured"
        area_of = {path: area for area in self.areas for path in area.files(self.root)}
        tasks = [
            self._task(mutant, self._measured.tests_for(mutant, area_of[mutant.path]))
            for mutant in chosen
        ]
        for task, fate in run_all(tasks, self.root, self._names, stop_at_s=stop_at_s):
            assert task.mutant is not None, "only mutants were given"
            fates[task.mutant.identity] = fate
            if fate not in NOTICED and task.mutant.identity not in self.known:
                place = f"{task.mutant.path}:{task.mutant.line}"
                print(f"{fate}: {place}  {task.mutant.function}  {task.mutant.change}", flush=True)
            yield task.mutant

    def _task(self, mutant: Mutant | None, groups: list[list[str]]) -> Task:
        assert self._measured is not None, "the tests were measured"
        anew = mutant is None or self._measured.runs_at_load(mutant)
        return Task(mutant=mutant, groups=groups, test_s=self._measured.seconds, loads_anew=anew)


def branch_complaints(areas: Iterable[Area], branches: dict[str, Branches]) -> list[str]:
    """Print the branches of each area; returns what falls short."""
    said = []
    for area in areas:
        found = branches[area.name]
        print(
            f"{area.name}: {found.run} of {found.all} branches taken ({found.share:.1%}), "
            f"wanted {area.branch_share:.0%}"
        )
        for path, gaps in found.missing.items():
            print(f"    not run in {path}: {gaps}")
        if found.share < area.branch_share:
            said.append(
                f"{area.name}: {found.share:.1%} of the branches are taken by its tests, "
                f"below the wanted {area.branch_share:.0%}"
            )
    return said


def now_s() -> float:
    """Seconds of the clock that limits runs."""
    return time.monotonic()
