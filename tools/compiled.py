"""Runs a module from a compiled copy of the program: the same source, about three times as fast.

python tools/compiled.py MODULE [ARGUMENT...]

For long simulations only; nothing that drives a unit runs compiled (decision 0115). The copy is in
build/compiled and is made again when a source, the compiler or the interpreter has changed, which
needs a C compiler and takes some minutes. It is used only when a set of sessions has the same
results as with the program itself: every hazard with its record to the byte, drawn patients in all
figures.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "compiled"
STAMP = COPY / "made-of.txt"
PACKAGES = ("controller", "firmware_bridge", "records", "simulator", "workstation", "tests")
COMPILED = (
    "controller/**/*.py",
    "firmware_bridge/line/*.py",
    "firmware_bridge/modbus/*.py",
    "firmware_bridge/units/*.py",
    "simulator/*.py",
    "simulator/device/*.py",
    "simulator/line/*.py",
    "simulator/table/*.py",
    "records/store/blocks.py",
    "records/store/canonical.py",
    "records/store/chain.py",
    "records/store/columns.py",
    "records/evidence/journal.py",
    "records/evidence/journal_store.py",
    "records/evidence/spill.py",
)
"""What a tick of a simulated session over the reference map runs. Units and instruments that speak
lines of text are left out: with their modules mypyc calls itself without an end."""
LEFT = (
    "__init__.py",
    "device_time.py",
    "force_unit.py",
    "patient.py",
    "bodies.py",
    "plain_values.py",
    "snapshot.py",
    "questions.py",
    "alarms.py",
    "ascii_unit.py",
    "text_server.py",
    "unit_lines.py",
    "in_words.py",
    "settings.py",
)
LEFT_FOLDERS = ("event_details",)
"""Of these: what mypyc cannot take (an attribute named like a word of C, a pydantic model, a
function within a method of an enumeration, a starred item in a comparison, classes of event details
and of messages, whose annotations are read when the program runs), lines of text, the patients,
which tests derive from, and the bodies, which campaigns send to other processes."""
FROZEN, HASHED = "dataclass(frozen=True", "dataclass(unsafe_hash=True"
"""The type checker has shown that nobody assigns to a frozen value. The copy does not ask again at
every field of every value that a tick makes."""
FINAL_TUPLE, TUPLE = ": Final = (", " = ("
"""mypyc (mypy 2.4.1) takes a constant tuple of floats for one that was never set."""
DIGESTS = "tests.campaigns.record_digests"


def is_compiled(path: Path) -> bool:
    """Returns whether a module that a pattern finds is compiled."""
    return path.name not in LEFT and path.parent.name not in LEFT_FOLDERS


def main() -> int:
    """Make the copy if need be and run the module in it; returns the module's exit status."""
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    made_of = _digest()
    if not STAMP.is_file() or STAMP.read_text() != made_of:
        if reason := _make() or _difference():
            print(f"the compiled copy is not used: {reason}", file=sys.stderr)
            return 1
        STAMP.write_text(made_of)
    run = [sys.executable, "-m", *sys.argv[1:]]
    return subprocess.run(run, cwd=COPY, env=_environment(COPY), check=False).returncode


def _digest() -> str:
    """Returns the digest of everything that the copy depends on."""
    digest = hashlib.sha256(f"{sys.version} mypy {version('mypy')}".encode())
    digest.update(Path(__file__).read_bytes())
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(ROOT)} ".encode() + path.read_bytes())
    return digest.hexdigest()


def _make() -> str:
    """Copy and compile; returns the error text."""
    shutil.rmtree(COPY, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, COPY / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (COPY / "docs").symlink_to(ROOT / "docs")  # a campaign writes its page there
    paths = [
        path for pattern in COMPILED for path in sorted(COPY.glob(pattern)) if is_compiled(path)
    ]
    for path in paths:
        path.write_text(path.read_text().replace(FROZEN, HASHED).replace(FINAL_TUPLE, TUPLE))
    sources = [str(path.relative_to(COPY)) for path in paths]
    print(f"compiling {len(sources)} modules, which takes some minutes", flush=True)
    (COPY / "setup.py").write_text(
        "from mypyc.build import mypycify\n"
        "from setuptools import setup\n"
        f"setup(name='compiled', packages=[], ext_modules=mypycify({sources!r}))\n"
    )
    build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    built = subprocess.run(build, cwd=COPY, env=_environment(COPY), check=False)
    needs = "it needs a C compiler and the headers of Python; see the error above"
    return f"it could not be compiled; {needs}" if built.returncode else ""


def _difference() -> str:
    """Returns the sessions whose results differ between the copy and the program."""
    runs = [
        subprocess.run(
            [sys.executable, "-m", DIGESTS],
            cwd=place,
            env=_environment(place),
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        for place in (ROOT, COPY)
    ]
    if any(run.returncode for run in runs):
        return "the sessions to compare did not run to their end; see the error above"
    plain, compiled = (run.stdout.splitlines() for run in runs)
    print(f"{len(plain)} sessions compared with those of the program itself", flush=True)
    differ = sorted(set(plain) ^ set(compiled))
    return "\n".join(["these sessions differ", *differ]) if differ else ""


def _environment(place: Path) -> dict[str, str]:
    """Returns the environment in which ``place`` precedes the installed program."""
    return {**os.environ, "PYTHONPATH": str(place)}


if __name__ == "__main__":
    sys.exit(main())
