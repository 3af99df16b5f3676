"""What tests need of their machine and may be missing, mostly third-party programs.

A missing one skips one test. Where ``CI`` is true (.ci/run) it fails the test: everything is
installed there, and a proof that did not run is no proof.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import NoReturn

import pytest


def place_of_program(program: str) -> str | None:
    """The path of a program, including those that usually only root calls."""
    places = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"
    return shutil.which(program, path=places)


def installed(program: str) -> str:
    """The path of a program that the test cannot do without."""
    return place_of_program(program) or missing(program)


def library_flags(library: str) -> list[str]:
    """Compiler flags for a C library with its headers."""
    command = [installed("pkg-config"), "--cflags", "--libs", library]
    asked = subprocess.run(command, check=False, capture_output=True, text=True)
    return asked.stdout.split() or missing(f"{library} with its headers")


def missing(what: str) -> NoReturn:
    """Skip the test that asks, or fail it where nothing may be missing."""
    cannot_run(f"{what} is not installed", "everything is; see .ci/run")


def cannot_run(why: str, promised: str) -> NoReturn:
    """Do the same for any other obstacle; ``promised`` is the condition that CI=true guarantees."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}, and CI=true says that {promised}")
    pytest.skip(why)
