"""The page of a whole campaign: shares, files, and every survivor with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from tools.mutation.areas import Area
from tools.mutation.forks import NOTICED, Fate
from tools.mutation.judged import LIST, Judged, Tally, tally
from tools.mutation.measured import Branches
from tools.mutation.mutants import Mutant

PAGE: Final = Path("docs/reports/mutation.md")
HEAD: Final = f"""\
# Mutation and branch coverage

Written by `make campaign-mutation`; do not edit. The method and what counts are described in
[mutation testing](../reference/mutation-testing.md); the reasons below come from `{LIST}`.
"""


def page(
    areas: Iterable[Area],
    mutants: Mapping[str, list[Mutant]],
    fates: Mapping[str, Fate],
    known: Mapping[str, Judged],
    branches: Mapping[str, Branches],
    runs: list[str],
    day: date,
) -> str:
    """The whole text; every mutant has its fate. ``runs`` are the commits that were run."""
    areas = list(areas)
    lines = [
        HEAD,
        f"Run on {day.isoformat()}. {_run_at(runs)}\n",
        *_shares(areas, mutants, fates, known, branches),
        *_files(areas, mutants, fates, known),
        *_survivors(areas, mutants, fates, known),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _run_at(runs: list[str]) -> str:
    """Returns the commits on which the mutants ran; an unknown one is named so."""
    *earlier, last = [run[:12] or "uncommitted changes" for run in runs]
    if not earlier:
        return f"All mutants ran at {last}."
    return (
        f"At {last} only those mutants ran that were not noticed at {', '.join(earlier)}: from "
        "there to here lines of tests were added, and nothing else was changed."
    )


def _shares(
    areas: list[Area],
    mutants: Mapping[str, list[Mutant]],
    fates: Mapping[str, Fate],
    known: Mapping[str, Judged],
    branches: Mapping[str, Branches],
) -> Iterator[str]:
    yield "## Shares\n"
    yield (
        "| area | mutants | killed | timed out | survived | equivalent | noticed | wanted | "
        "branches taken | wanted |"
    )
    yield "| --- |" + " --- |" * 9
    for area in areas:
        found, taken = tally(mutants[area.name], fates, known), branches[area.name]
        yield (
            f"| {area.name} | {found.run} | {_counts(found)} | {found.share:.1%} | "
            f"{area.killed_share:.0%} | {taken.run} of {taken.all} ({taken.share:.1%}) | "
            f"{area.branch_share:.0%} |"
        )
    yield ""


def _files(
    areas: list[Area],
    mutants: Mapping[str, list[Mutant]],
    fates: Mapping[str, Fate],
    known: Mapping[str, Judged],
) -> Iterator[str]:
    yield "## Files\n"
    yield "| file | mutants | killed | timed out | survived | equivalent | noticed |"
    yield "| --- |" + " --- |" * 6
    for area in areas:
        for path in sorted({mutant.path for mutant in mutants[area.name]}):
            of_file = [mutant for mutant in mutants[area.name] if mutant.path == path]
            found = tally(of_file, fates, known)
            yield f"| `{path}` | {found.run} | {_counts(found)} | {found.share:.1%} |"
    yield ""


def _survivors(
    areas: list[Area],
    mutants: Mapping[str, list[Mutant]],
    fates: Mapping[str, Fate],
    known: Mapping[str, Judged],
) -> Iterator[str]:
    for area in areas:
        alive = [m for m in mutants[area.name] if fates[m.identity] not in NOTICED]
        equal = [m for m in alive if m.identity in known and known[m.identity].equivalent]
        yield f"## Survivors in {area.name}\n"
        yield from _table([m for m in alive if m not in equal], fates, known)
        yield f"## Equivalent changes in {area.name}\n"
        yield from _table(equal, fates, known)


def _table(
    mutants: list[Mutant], fates: Mapping[str, Fate], known: Mapping[str, Judged]
) -> Iterator[str]:
    if not mutants:
        yield "None.\n"
        return
    yield "| where | change | reason |\n| --- | --- | --- |"
    for mutant in mutants:
        judged = known.get(mutant.identity)
        reason = judged.reason if judged else f"**not judged** ({fates[mutant.identity]})"
        where = f"`{mutant.path}`, `{mutant.function}`"
        yield f"| {where} | {_code(mutant.change)} | {reason} |"
    yield ""


def _counts(found: Tally) -> str:
    return f"{found.killed} | {found.timed_out} | {found.survived} | {found.equivalent}"


def _code(text: str) -> str:
    """Returns code for a table cell."""
    return f"`{text.replace('`', chr(39)).replace('|', chr(92) + '|')}`"
