"""The command line of the mutation tool."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.mutation.areas import AREAS, Area
from tools.mutation.campaign import campaign
from tools.mutation.changes import ChangesUnknown
from tools.mutation.forks import MutantUnmade
from tools.mutation.gate import gate
from tools.mutation.judged import ListInvalid
from tools.mutation.measured import TestsFailed
from tools.mutation.workshop import Workshop, branch_complaints


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit status: 0 passed, 1 fell short, 2 not known."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.command == "gate":
            return gate()
        if chosen.command == "coverage":
            return _coverage()
        shard, shards = chosen.shard
        return campaign(chosen.area, shard, shards)
    except (TestsFailed, ListInvalid, ChangesUnknown, MutantUnmade) as error:
        print(f"mutation: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.mutation")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("gate", help="mutate the changed lines and count the branches")
    commands.add_parser("coverage", help="count the branches only")
    whole = commands.add_parser("campaign", help="run every mutant and write the page")
    whole.add_argument("--area", type=_area, default=AREAS, help="one of the areas, else all")
    whole.add_argument("--shard", type=_shard, default=(1, 1), help="I/N: one of N equal parts")
    return parser


def _area(name: str) -> tuple[Area, ...]:
    found = tuple(area for area in AREAS if area.name == name)
    if not found:
        known = ", ".join(area.name for area in AREAS)
        raise argparse.ArgumentTypeError(f"{name} is not one of the areas {known}")
    return found


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text} is not I/N with 1 <= I <= N, for instance 2/3")
    return int(part), int(parts)


def _coverage() -> int:
    shop = Workshop()
    with TemporaryDirectory() as folder:
        said = branch_complaints(shop.areas, shop.measure(Path(folder)))
    print("\n".join(f"coverage: {line}" for line in said or ["passed"]))
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
