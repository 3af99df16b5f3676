"""The survivors that a person has judged, and a comparison of a run with that list."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from tools.mutation.areas import Area
from tools.mutation.forks import NOTICED, Fate
from tools.mutation.mutants import Mutant

LIST: Final = Path("docs/reference/mutation-survivors.toml")
LEAST_FOR_A_SHARE: Final = 20
"""With fewer mutants a share says nothing; then only survivors that nobody judged count."""


class ListInvalid(Exception):
    """The list of judged survivors cannot be read as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A survivor with the reason why it may stay.

    ``equivalent`` says that no test can tell it from the program, as the reason shows; it then
    counts neither as killed nor as survived. Any other judged survivor lowers the share.
    """

    file: str
    function: str
    change: str
    reason: str
    equivalent: bool = False

    @property
    def identity(self) -> str:
        """The name of the mutant."""
        return f"{self.file}::{self.function}::{self.change}"


def judged_survivors(path: Path) -> dict[str, Judged]:
    """Read the list, by the mutants' names; raises ListInvalid naming the entry and the key."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", [])
    known = {field.name for field in fields(Judged)}
    found: dict[str, Judged] = {}
    for number, entry in enumerate(entries, start=1):
        where = f"{path.name}, survivor {number}"
        if unknown := set(entry) - known:
            raise ListInvalid(f"{where}: unknown keys {', '.join(sorted(unknown))}")
        if missing := known - {"equivalent"} - {key for key, value in entry.items() if value}:
            raise ListInvalid(f"{where}: {', '.join(sorted(missing))} missing or empty")
        one = Judged(**entry)
        if one.identity in found:
            raise ListInvalid(f"{where}: {one.identity} is listed twice")
        found[one.identity] = one
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of mutants of one file or one area."""

    run: int
    killed: int
    timed_out: int
    equivalent: int

    @property
    def survived(self) -> int:
        """Survivors that count, whether judged or not, except equivalent ones."""
        return self.run - self.killed - self.timed_out - self.equivalent

    @property
    def share(self) -> float:
        """Share of the mutants that were noticed; 1 where there are none."""
        counted = self.run - self.equivalent
        return (self.killed + self.timed_out) / counted if counted else 1.0


def tally(
    mutants: Iterable[Mutant], fates: Mapping[str, Fate], known: Mapping[str, Judged]
) -> Tally:
    """Count the mutants with a known fate."""
    counts: defaultdict[str, int] = defaultdict(int)
    for mutant in mutants:
        fate = fates.get(mutant.identity)
        if fate is None:
            continue
        counts["run"] += 1
        counts["killed"] += fate is Fate.KILLED
        counts["timed_out"] += fate is Fate.TIMED_OUT
        judged = known.get(mutant.identity)
        counts["equivalent"] += fate not in NOTICED and judged is not None and judged.equivalent
    return Tally(
        run=counts["run"],
        killed=counts["killed"],
        timed_out=counts["timed_out"],
        equivalent=counts["equivalent"],
    )


def unjudged(
    mutants: Iterable[Mutant], fates: Mapping[str, Fate], known: Mapping[str, Judged]
) -> str:
    """Returns survivors that nobody has judged as entries of the list, without reasons yet."""
    return "\n".join(
        f"[[survivor]]\nfile = {json.dumps(one.path)}\nfunction = {json.dumps(one.function)}\n"
        f'change = {json.dumps(one.change)}\nreason = ""\n'
        for one in mutants
        if fates.get(one.identity, Fate.KILLED) not in NOTICED and one.identity not in known
    )


def complaints(
    all_mutants: Mapping[str, list[Mutant]],
    fates: Mapping[str, Fate],
    known: Mapping[str, Judged],
    areas: Iterable[Area],
) -> list[str]:
    """Returns what fails a gate: new survivors, judged ones that are gone or noticed, small shares.

    ``all_mutants`` are those of each area by its name, run or not.
    """
    areas = list(areas)
    every = {m.identity: m for area in areas for m in all_mutants[area.name]}
    said = [
        f"new survivor: {_place(every[name])}  {fate}"
        for name, fate in fates.items()
        if fate not in NOTICED and name not in known and name in every
    ]
    files = {m.path for m in every.values()}
    for name, judged in known.items():
        if judged.file in files and name not in every:
            said.append(f"judged survivor that no longer exists: {name}; remove it from {LIST}")
        if fates.get(name) is Fate.KILLED:
            said.append(f"judged survivor that is killed by now: {name}; remove it from {LIST}")
    for area in areas:
        counted = tally(all_mutants[area.name], fates, known)
        enough = counted.run - counted.equivalent >= LEAST_FOR_A_SHARE
        if enough and counted.share < area.killed_share:
            said.append(
                f"{area.name}: {counted.share:.1%} of the mutants were noticed, "
                f"below the wanted {area.killed_share:.0%}"
            )
    return said


def _place(mutant: Mutant) -> str:
    return f"{mutant.path}:{mutant.line}  {mutant.function}  {mutant.change}"
