"""`make campaign-station`: what the station promises, on real commands and simulated units.

``python -m tests.campaigns.station [PART...]`` measures these parts, keeps the figures of each in
build/station-campaign, and writes docs/reports/station.md from the newest of every part; 1 when one
of the measured parts misses something. Real-time figures need a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.runtime.clock import SystemClock
from tests.campaigns.asked import ROOT, commit
from tests.campaigns.station_hostile import measure_hostile
from tests.campaigns.station_lab import load
from tests.campaigns.station_losses import measure_control_killed, measure_losses
from tests.campaigns.station_page import page, verdicts
from tests.campaigns.station_pairs import measure_beside, measure_pairs
from tests.campaigns.station_stops import measure_stops
from tools.markdown import wrapped

PAGE = ROOT / "docs" / "reports" / "station.md"
FIGURES = ROOT / "build" / "station-campaign"


def parts(asked: argparse.Namespace) -> dict[str, Callable[[], dict[str, Any]]]:
    """The parts that can be measured, in the order of the page."""
    return {
        "losses": lambda: measure_losses(asked.kills, asked.spacing),
        "killed": lambda: measure_control_killed(asked.controls),
        "stops": lambda: measure_stops(asked.presses),
        "pairs": lambda: measure_pairs(asked.pairs),
        "beside": lambda: measure_beside(asked.minutes),
        "hostile": lambda: measure_hostile(asked.hostile),
    }


def measure(name: str, part: Callable[[], dict[str, Any]]) -> None:
    """Measure one part; its figures are kept with the conditions of the measurement."""
    begun = load()
    figures = part()
    day = datetime.fromtimestamp(SystemClock().utc_ms() / 1000, UTC).date().isoformat()
    about = {"commit": commit(), "day": day, "load": f"{begun} before, {load()} after"}
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{name}.json").write_text(json.dumps({**figures, **about}), encoding="utf-8")


def kept_figures(folder: Path) -> dict[str, dict[str, Any]]:
    """The newest figures of each part measured here."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def main() -> int:
    """Measure the requested parts and write the page; returns 1 if something is missed."""
    parser = argparse.ArgumentParser(description="what the station promises")
    parser.add_argument("--kills", type=int, default=10, help="of parent and of console")
    parser.add_argument("--spacing", type=float, default=30.0, help="seconds between two losses")
    parser.add_argument("--controls", type=int, default=5, help="control processes killed")
    parser.add_argument("--presses", type=int, default=108, help="STOPs while something pulls")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--minutes", type=int, default=5, help="of four units beside each other")
    parser.add_argument("--hostile", type=int, default=5, help="pairs beside somebody hostile")
    known = parts(parser.parse_args([]))
    parser.add_argument("parts", nargs="*", choices=[*known, []])
    asked = parser.parse_args()
    wanted = asked.parts or list(known)
    for name in wanted:
        measure(name, parts(asked)[name])
    figures = kept_figures(FIGURES)
    PAGE.write_text(wrapped(page(figures)), encoding="utf-8")
    missed = [each for each in verdicts(figures) if not each.met and each.part in wanted]
    for each in missed:
        print(f"missed: {each.promise}: {each.measured} (limit {each.limit})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
