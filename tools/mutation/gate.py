"""``make gate-safety``: the changed lines are mutated, and the branches of all areas counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tools.mutation.areas import ROOT
from tools.mutation.changes import base_of, changed_lines
from tools.mutation.forks import Fate
from tools.mutation.judged import complaints, tally
from tools.mutation.mutants import Mutant
from tools.mutation.workshop import Workshop, branch_complaints, now_s

MOST_MUTANTS: Final = 300
MOST_S: Final = 20 * 60
SAMPLE: Final = 100
"""Mutants that are drawn when no line of the areas changed: by their names, always the same."""


def gate() -> int:
    """Run the gate; returns the exit status."""
    started_s = now_s()
    shop = Workshop()
    changed = changed_mutants(shop.all_mutants, ROOT)
    chosen, left_out = drawn(changed or shop.all_mutants, MOST_MUTANTS if changed else SAMPLE)
    if not changed:
        print(f"no changed line to mutate: a fixed sample of {len(chosen)} instead")
        left_out = []
    with TemporaryDirectory() as folder:
        said = branch_complaints(shop.areas, shop.measure(Path(folder)))
        fates: dict[str, Fate] = {}
        for _ in shop.run(chosen, fates, stop_at_s=started_s + MOST_S):
            pass
    left_out += [mutant for mutant in chosen if mutant.identity not in fates]
    said += complaints(shop.mutants, fates, shop.known, shop.areas)
    for area in shop.areas:
        counted = tally(shop.mutants[area.name], fates, shop.known)
        print(
            f"{area.name}: {counted.killed + counted.timed_out} of {counted.run} mutants "
            f"noticed, {counted.equivalent} equivalent ({counted.share:.1%})"
        )
    print(not_run(left_out))
    print("\n".join(f"gate-safety: {line}" for line in said or ["passed"]))
    return 1 if said else 0


def changed_mutants(mutants: Iterable[Mutant], root: Path) -> list[Mutant]:
    """The mutants whose statement has a changed line; prints what was compared."""
    base = base_of(root)
    if base.commit is None:
        print(f"compared with nothing: {base.words}")
        return []
    lines = changed_lines(root, base.commit)
    found = [
        mutant
        for mutant in mutants
        if any(
            number in lines.get(mutant.path, ())
            for number in range(mutant.first_line, mutant.last_line + 1)
        )
    ]
    print(f"compared with {base.words}: {len(found)} mutants in changed lines")
    return found


def drawn(mutants: list[Mutant], most: int) -> tuple[list[Mutant], list[Mutant]]:
    """Returns at most ``most`` mutants, drawn by their names, and the rest."""
    by_lot = sorted(mutants, key=lambda mutant: mutant.lot)
    return by_lot[:most], by_lot[most:]


def not_run(mutants: list[Mutant]) -> str:
    """Names what was left out, by file."""
    if not mutants:
        return "not run: none"
    files = Counter(mutant.path for mutant in mutants)
    places = ", ".join(f"{number} in {path}" for path, number in sorted(files.items()))
    return f"not run: {len(mutants)} mutants ({places})"
