"""The command-line arguments of campaigns, and the line that says what was run.

COUNT [SEED] [--shard K/N]: every N-th of COUNT numbers from the K-th on, so that N processes share
a campaign and each has a sample of the whole. Number and seed together repeat one case.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED_STEP = 1_000_003


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``shard`` counts from 1."""

    count: int
    seed: int = 1
    shard: int = 1
    shards: int = 1

    @classmethod
    def of(cls, text: str, *, count: int) -> Asked:
        """Read the command line; ends the program with a message if it is invalid.

        ``text`` says what the campaign is; ``count`` is the number of a whole campaign.
        """
        parser = argparse.ArgumentParser(description=text)
        parser.add_argument("count", type=int, nargs="?", default=count)
        parser.add_argument("seed", type=int, nargs="?", default=1)
        parser.add_argument("--shard", type=shard_of, default=(1, 1), metavar="K/N")
        found = parser.parse_args()
        shard, shards = found.shard
        return cls(count=found.count, seed=found.seed, shard=shard, shards=shards)

    @property
    def numbers(self) -> range:
        """The numbers of this shard, from 0."""
        return range(self.shard - 1, self.count, self.shards)

    def chance(self, number: int) -> random.Random:
        """The source of everything that is drawn for one number."""
        return random.Random(self.seed * SEED_STEP + number)

    def __str__(self) -> str:
        part = f", shard {self.shard}/{self.shards} of {self.count}" if self.shards > 1 else ""
        return f"seed {self.seed}{part}"


def shard_of(text: str) -> tuple[int, int]:
    """The two numbers of ``K/N``; raises ValueError for anything else."""
    shard, shards = (int(number) for number in text.split("/"))
    if not 1 <= shard <= shards:
        raise ValueError(text)
    return shard, shards


def commit() -> str:
    """The commit of the running program, marked if files were changed since."""
    words = (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain", "--", "*.py"])
    found = [
        subprocess.run(["git", *w], cwd=ROOT, capture_output=True, text=True, check=False).stdout
        for w in words
    ]
    return (found[0].strip() or "unknown") + (" with changes" if found[1].strip() else "")


def internal_error(error: Exception) -> str:
    """An error that no campaign expects, with the line that raised it."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"INTERNAL ERROR: {type(error).__name__}: {str(error)[:200]} "
        f"({where.filename}:{where.lineno})"
    )


def ran_on(asked: Asked | None = None) -> str:
    """The last line of a campaign: commit, seed and shard, processor seconds of this process."""
    numbers = "" if asked is None else f", {asked}"
    return f"commit {commit()}{numbers}, {time.process_time():.0f} s of processor"
