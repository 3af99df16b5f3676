"""``make campaign-mutation``: every mutant of every area, and the page with their fates.

The fates are kept (``kept``), so that areas and shards may run one by one and an interrupted run
continues.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tools.markdown import wrapped
from tools.mutation.areas import AREAS, ROOT, Area
from tools.mutation.judged import complaints, tally, unjudged
from tools.mutation.kept import Kept
from tools.mutation.report import PAGE, page
from tools.mutation.workshop import Workshop, branch_complaints, now_s

TO_JUDGE: Final = ROOT / "build" / "mutation" / "to-judge.toml"
"""Survivors that nobody judged, in the form of the list, without their reasons."""
SAVE_EVERY: Final = 50


def campaign(areas: tuple[Area, ...], shard: int, shards: int) -> int:
    """Run shard ``shard`` of ``shards`` of the areas' mutants; returns the exit status."""
    started_s = now_s()
    shop = Workshop(areas)
    kept = Kept(ROOT)
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


def _tell(shop: Workshop, kept: Kept) -> None:
    for area in shop.areas:
        counted = tally(shop.mutants[area.name], kept.fates, shop.known)
        print(
            f"{area.name}: {counted.killed} killed, {counted.timed_out} timed out, "
            f"{counted.survived} survived, {counted.equivalent} equivalent of {counted.run} run "
            f"({len(shop.mutants[area.name])} in all): {counted.share:.1%}, "
            f"wanted {area.killed_share:.0%}"
        )


def _write_page(kept: Kept) -> None:
    """Write the page once the fate of every mutant of every area is known."""
    shop = Workshop(AREAS)
    unknown = [m for m in shop.all_mutants if m.identity not in kept.fates]
    if unknown:
        print(f"{PAGE} waits for {len(unknown)} mutants that were not run yet")
        return
    text = page(
        shop.areas, shop.mutants, kept.fates, shop.known, kept.branches, kept.runs, date.today()
    )
    (ROOT / PAGE).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / PAGE).write_text(wrapped(text), encoding="utf-8")
    print(f"written: {PAGE}")
