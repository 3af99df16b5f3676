"""`make campaign-readme`: the README's five minutes with the program from an installed wheel.

The wheel is built and installed by pip, with what it needs, into a new environment of each Python
that is there, as pipx does it. Every command of the page's section is run there, in a folder that
is not this checkout, and must end as the page says, without a word of this checkout's `.venv`.

python -m tests.campaigns.readme_walk [VERSION ...]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.page_commands import Command, put, steps
from tests.support.pages import ROOT, sections
from tools.test_matrix import SUPPORTED, python_of, version_of

SECTION: Final = "A first session in five minutes"
CHECKOUT: Final = ".venv/bin/"
ORDER: Final = "order.toml"
NOT_READY: Final = 3
LONGEST_S: Final = 600.0
HELD_BACK: Final = ".venv", "Traceback", str(ROOT)
"""What no message of an installed program says."""
_VALUES: Final = re.compile(r"`(\w+ = \"[^\"]+\")`")
_ADDRESS: Final = re.compile(r"modbus-tcp://\S+")


@dataclass(frozen=True, slots=True)
class Walk:
    """The page as a list of steps; ``values`` are put into the order before it is run."""

    simulate: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    values: str


def readme_walk() -> Walk:
    """The README's steps in order, without the path of this checkout's program."""
    text = sections((ROOT / "README.md").read_text(encoding="utf-8"))[SECTION]
    found = [step.words for step in steps(text) if isinstance(step, Command)]
    assert all(words[0].startswith(CHECKOUT) for words in found), "each is a command of the program"
    simulate, *commands = ((words[0].removeprefix(CHECKOUT), *words[1:]) for words in found)
    return Walk(simulate, tuple(commands), "\n".join(_VALUES.findall(text)))


def statuses(words: Sequence[str]) -> tuple[int, ...]:
    """The allowed exit statuses of a command of the page; "not ready" has one of its own."""
    return (NOT_READY,) if words[1] == "scrub" else (0,)


def walked(programs: Path, folder: Path) -> Iterator[str]:
    """Run the page with the programs of an environment; a line for each fault."""
    walk = readme_walk()
    with _simulated(programs, folder, walk.simulate) as address:
        for asked in walk.commands:
            words = tuple(_ADDRESS.sub(address, word) for word in asked)
            if words[1] == "run":
                put(folder / ORDER, walk.values)
                words = (*words, "--yes")
            done = _run(programs, folder, words)
            printed = done.stdout + done.stderr
            if done.returncode not in statuses(words):
                yield f"{' '.join(words)} ended with {done.returncode}: {printed[-500:]}"
            yield from (f"{' '.join(words)} says {word}" for word in HELD_BACK if word in printed)


def _run(programs: Path, folder: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [str(programs / words[0]), *words[1:]]
    return subprocess.run(
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )


@contextmanager
def _simulated(programs: Path, folder: Path, words: Sequence[str]) -> Iterator[str]:
    """Start the simulated unit of the page at a free port; gives its address."""
    command = [str(programs / words[0]), *words[1:], "--port", "0"]
    unit = subprocess.Popen(
        command, cwd=folder, env=_environment(folder), stdout=subprocess.PIPE, text=True
    )
    try:
        assert unit.stdout is not None
        found = _ADDRESS.search(unit.stdout.readline())
        assert found, "the simulated unit says where it is"
        yield found[0]
    finally:
        unit.terminate()
        unit.wait()
        if unit.stdout is not None:
            unit.stdout.close()


def _environment(folder: Path) -> dict[str, str]:
    """An environment without any variable of this process that affects Python or the program."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "TRACTION_", "VIRTUAL_ENV"))
    }
    return {**kept, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "COLUMNS": "80"}


def built_wheel(folder: Path) -> Path:
    """The wheel, built as `make wheel` does; raises CalledProcessError."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def installed(python: Path, wheel: Path, folder: Path) -> Path:
    """A new environment with the wheel and its dependencies; returns the path of its programs."""
    subprocess.run([str(python), "-m", "venv", str(folder)], check=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", str(wheel)], check=True)
    return programs


def main(asked: list[str]) -> int:
    """Run the page on each Python; returns the exit status."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="traction-walk-") as name:
        folder = Path(name)
        wheel = built_wheel(folder)
        for version in asked or SUPPORTED:
            python = python_of(version)
            if python is None:
                print(f"{version:<6} not installed here: not walked", flush=True)
                failed += bool(asked)
                continue
            programs = installed(python, wheel, folder / f"environment-{version}")
            place = folder / f"walk-{version}"
            place.mkdir()
            wrong = list(walked(programs, place))
            print(f"{version:<6} {version_of(python):<9} {len(wrong)} wrong", flush=True)
            for line in wrong:
                print(f"  {line}")
            failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
