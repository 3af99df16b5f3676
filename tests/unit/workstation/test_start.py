"""What the command line loads before it knows which command is meant."""

from __future__ import annotations

import subprocess
import sys

from tests.support.real_time import ROOT
from tools.bench.commands import HELP_COMMAND

HEAVY = {
    "cryptography",
    "httpx",
    "jinja2",
    "keyring",
    "numpy",
    "pydantic",
    "pymodbus",
    "reportlab",
    "rich",
    "serial",
    "sqlite3",
    "sqlite_utils",
    "records",
    "simulator",
    "firmware_bridge",
}


def test_the_help_loads_nothing_heavy() -> None:
    """A fact that stands for the start-up time, which no test may measure."""
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", *HELP_COMMAND],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    names = {line.rpartition("|")[2].strip() for line in loaded.splitlines()}
    assert "workstation.commands.note" in names
    assert not {name for name in names if name.partition(".")[0] in HEAVY}


STATE = """
import atexit, gc, os, sys
atexit.register(lambda: print(gc.get_freeze_count() > 0))
from workstation.cli import main
sys.argv = ["traction", "--help"]
try:
    main()
finally:
    print(gc.get_threshold()[0], os.environ["PYDANTIC_DISABLE_PLUGINS"])
"""


def test_a_command_neither_collects_while_it_loads_nor_looks_for_plugins() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STATE], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-2:] == ["100000 __all__", "True"]
