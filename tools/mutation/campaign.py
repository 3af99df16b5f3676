"""``make campaign-mutation``: every mutant of every area, and the page with what became of them.

The fates are kept in build/mutation/fates.json, so that areas and shards may run one by one and a
broken run goes on where it ended. They hold for the sources and tests that they were found with;
when one of those changes, the file begins anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tools.mutation.areas import AREAS, MEASURED, ROOT, Area
from tools.mutation.judged import complaints, tally, unjudged
from tools.mutation.measured import Branches
from tools.mutation.report import PAGE, page
from tools.mutation.runs import Fate
from tools.mutation.workshop import Workshop, branch_complaints, now_s

KEPT: Final = ROOT / "build" / "mutation" / "fates.json"
TO_JUDGE: Final = ROOT / "build" / "mutation" / "to-judge.toml"
"""Survivors that nobody judged, in the form of the list, without their reasons."""
MADE_OF: Final = (*MEASURED, "simulator", "tests", "tools/mutation")
SAVE_EVERY: Final = 50


def campaign(areas: tuple[Area, ...], shard: int, shards: int) -> int:
    """Run shard ``shard`` of ``shards`` of the areas' mutants; returns the exit status."""
    started_s = now_s()
    shop = Workshop(areas)
    kept = _Kept()
    with TemporaryDirectory() as folder:
        kept.branches |= (branches := shop.measure(Path(folder)))
        said = branch_complaints(areas, branches)
        if alone := shop.files_that_fail_alone():
            print(f"these tests fail when they run alone: {', '.join(alone)}", file=sys.stderr)
            return 2
        by_lot = sorted(shop.all_mutants, key=lambda mutant: mutant.lot)
        todo = [m for m in by_lot[shard - 1 :: shards] if m.identity not in kept.fates]
        print(f"{len(todo)} mutants to run", flush=True)
        for number, _ in enumerate(shop.run(todo, kept.fates), start=1):
            if number % SAVE_EVERY == 0:
                kept.save()
                print(f"{number} of {len(todo)} after {now_s() - started_s:.0f} s", flush=True)
    kept.save()
    said += complaints(shop.mutants, kept.fates, shop.known, areas)
    _tell(shop, kept)
    TO_JUDGE.write_text(unjudged(shop.all_mutants, kept.fates, shop.known), encoding="utf-8")
    _write_page(kept)
    print("\n".join(f"campaign-mutation: {line}" for line in said or ["passed"]))
    return 1 if said else 0


class _Kept:
    """The fates found so far with the present sources and tests."""

    def __init__(self) -> None:
        self._made_of = _digest()
        self.fates: dict[str, Fate] = {}
        self.branches: dict[str, Branches] = {}
        if not KEPT.is_file():
            return
        told = json.loads(KEPT.read_text(encoding="utf-8"))
        if told["made_of"] == self._made_of:
            self.fates = {name: Fate(fate) for name, fate in told["fates"].items()}
            self.branches = {area: Branches(**found) for area, found in told["branches"].items()}

    def save(self) -> None:
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        branches = {area: asdict(found) for area, found in self.branches.items()}
        told = {"made_of": self._made_of, "fates": self.fates, "branches": branches}
        KEPT.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _digest() -> str:
    """Of every source and test on which a fate depends."""
    digest = hashlib.sha256()
    for folder in MADE_OF:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".toml"):
                digest.update(f"{path.relative_to(ROOT)} ".encode() + path.read_bytes())
    return digest.hexdigest()


def _tell(shop: Workshop, kept: _Kept) -> None:
    for area in shop.areas:
        counted = tally(shop.mutants[area.name], kept.fates, shop.known)
        print(f"{area.name}: {counted.killed} killed, {counted.timed_out} timed out, "
              f"{counted.survived} survived, {counted.equivalent} equivalent of {counted.run} run "
              f"({len(shop.mutants[area.name])} in all): {counted.share:.1%}, "
              f"wanted {area.killed_share:.0%}")  # fmt: skip


def _write_page(kept: _Kept) -> None:
    """Write the page once the fate of every mutant of every area is known."""
    shop = Workshop(AREAS)
    unknown = [m for m in shop.all_mutants if m.identity not in kept.fates]
    if unknown:
        print(f"{PAGE} waits for {len(unknown)} mutants that were not run yet")
        return
    text = page(shop.areas, shop.mutants, kept.fates, shop.known, kept.branches, date.today())
    (ROOT / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / PAGE).write_text(text, encoding="utf-8")
    print(f"written: {PAGE}")
