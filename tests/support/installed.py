"""What tests need of their machine and may be missing, programs that are not ours above all.

Each that is missing is one skipped line of the tests. Where ``CI`` is true (.ci/run) it fails them:
there everything is installed, and a proof that did not run is no proof.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest


def place_of_program(program: str) -> str | None:
    """The path of a program, also of one that only root usually calls."""
    places = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"
    return shutil.which(program, path=places)


def installed(program: str) -> str:
    """The path of a program that the test cannot do without."""
    return place_of_program(program) or missing(program)


def library_flags(library: str) -> list[str]:
    """What a C compiler needs for a library with its headers."""
    command = [installed("pkg-config"), "--cflags", "--libs", library]
    asked = subprocess.run(command, check=False, capture_output=True, text=True)
    return asked.stdout.split() or missing(f"{library} with its headers")


def missing(what: str) -> NoReturn:
    """Skip the test that asks, or fail it where nothing may be missing."""
    cannot_run(f"{what} is not installed", "everything is; see .ci/run")


def cannot_run(why: str, promised: str) -> NoReturn:
    """The same for whatever else keeps a test from being run; ``promised`` is what CI=true says."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}, and CI=true says that {promised}")
    pytest.skip(why)
