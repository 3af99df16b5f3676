"""`make bench`: how long `traction --help` takes beside bare Python, both in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 20
GOAL = 12.0
"""Times bare Python; an answer to a mistyped option must not feel like work."""
BARE = ("-c", "pass")
HELP = ("-m", "workstation.cli", "--help")


def start_line() -> str:
    """Median, spread and ratio of both."""
    times_ms: dict[tuple[str, ...], list[float]] = {BARE: [], HELP: []}
    for command in times_ms:
        started_ms(command)  # writes the compiled files and warms the disk's cache
    for _ in range(ROUNDS):
        for command, values in times_ms.items():
            values.append(started_ms(command))
    bare_ms, help_ms = (statistics.median(values) for values in times_ms.values())
    return (
        f"traction --help: {_spread(times_ms[HELP])}, bare Python: {_spread(times_ms[BARE])}, "
        f"n {ROUNDS}, ratio {help_ms / bare_ms:.1f}, goal at most {GOAL:.0f}"
    )


def started_ms(arguments: tuple[str, ...]) -> float:
    """Milliseconds until a Python process with these arguments has ended."""
    started_s = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started_s) * 1000


def _spread(values_ms: list[float]) -> str:
    deciles = statistics.quantiles(values_ms, n=10)
    return f"{statistics.median(values_ms):.0f} ms (p10-p90 {deciles[0]:.0f}-{deciles[-1]:.0f} ms)"
