"""Shows that two states of the program write the same bytes: records, documents and messages.

Usage: python -m tools.compare_outputs COMMIT

The other commit is checked out beside this one. It performs the demo; from copies of the folder
that it leaves, both write every export of both sessions and print what their commands show, at the
same frozen time of day. Then both run the sessions of ``tests.campaigns.record_digests``, whose
records are compared to the byte. What differs is named; the exit status is 1 then, else 0.

Left out: pictures of pages (a PDF is compared as the bytes that it is), and whatever needs a unit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from records.evidence.reader import list_sessions
from records.store.record_folder import RecordFolder

ROOT = Path(__file__).resolve().parent.parent
FROZEN_UTC_MS = 4_102_444_800_000
"""2100: after every session of the demo, so that notes can be signed."""
FROZEN_COMMAND = (
    "import sys; from controller.runtime.clock import SystemClock; "
    f"SystemClock.utc_ms = lambda self: {FROZEN_UTC_MS}; "
    "from workstation.cli import main; main()"
)
FORMATS = (
    "pdf",
    "text",
    "summary",
    "csv",
    "json",
    "scrub-html",
    "scrub-pdf",
    "scrub-json",
    "cms1500",
    "cms1500-json",
    "837p",
    "fhir",
    "hl7-dft",
    "hl7-mdm",
    "bundle",
)
WITH_CONTEXT = ("csv", "json", "cms1500-json", "837p", "fhir", "hl7-dft", "hl7-mdm", "scrub-json")
CONTEXT = ROOT / "docs" / "how-to" / "claim-context-example.toml"
SHOWN = (
    ("show", "--json"),
    ("show",),
    ("note",),
    ("note", "--sources"),
    ("scrub",),
    ("scrub", "--json"),
    ("claim", "new"),
    ("verify",),
)
"""Commands that take a session."""
OVERVIEWS = (("sessions", "--json"), ("verify", "--all"), ("payers",), ("audit", "--json"))


@dataclass(frozen=True, slots=True)
class Output:
    """The result of a command: its exit status, what it printed, and the bytes that it wrote."""

    status: int
    printed: bytes
    errors: bytes
    written: bytes


def main() -> int:
    """Compare this tree with a commit."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with TemporaryDirectory() as folder:
        place = Path(folder)
        other = place / "other"
        run_git("worktree", "add", "--detach", str(other), sys.argv[1])
        try:
            compared, done, differing = compare(other, ROOT, place)
        finally:
            run_git("worktree", "remove", "--force", str(other))
    for name in differing:
        print(f"differs: {name}")
    print(
        f"{compared} outputs compared, {len(differing)} differ; {done} commands ended with status 0"
    )
    return 1 if differing else 0


def compare(old: Path, new: Path, place: Path) -> tuple[int, int, list[str]]:
    """Number of outputs, number of commands with status 0, and names of what differs."""
    demo = place / "demo"
    command(old, place, "demo", "--out", str(demo))
    sessions = session_ids(demo)
    outputs = [dict(outputs_of(tree, demo, sessions, place)) for tree in (old, new)]
    digests = [record_digests(tree) for tree in (old, new)]
    names = sorted(outputs[0].keys() | outputs[1].keys())
    differing = [name for name in names if outputs[0].get(name) != outputs[1].get(name)]
    if digests[0] != digests[1]:
        differing.append("the records of tests.campaigns.record_digests")
    done = sum(output.status == 0 for output in outputs[1].values())
    return len(names) + 1, done, differing


def outputs_of(
    tree: Path, demo: Path, sessions: list[str], place: Path
) -> Iterator[tuple[str, Output]]:
    """Everything that a tree writes from its own copy of the demo's folder."""
    work = place / "work"
    shutil.copytree(demo / "data", work / "data")
    data, out = ("--data", "data"), ("--out", "exported")
    for session in sessions:
        for name in FORMATS:
            yield (
                f"export {name} of {session}",
                command(tree, work, "export", session, "--format", name, *out, *data),
            )
        for name in WITH_CONTEXT:
            yield (
                f"export {name} of {session} with a context",
                command(
                    tree,
                    work,
                    "export",
                    session,
                    "--format",
                    name,
                    "--context",
                    str(CONTEXT),
                    *out,
                    *data,
                ),
            )
        for words in SHOWN:
            yield f"{' '.join(words)} of {session}", command(tree, work, *words, session, *data)
    for words in OVERVIEWS:
        yield " ".join(words), command(tree, work, *words, *data)
    shutil.rmtree(work)


def command(tree: Path, folder: Path, *arguments: str) -> Output:
    """Run a command of the program in a tree, at the frozen time."""
    done = run_python(tree, folder, "-c", FROZEN_COMMAND, *arguments)
    exported = folder / "exported"
    written = exported.read_bytes() if exported.is_file() else b""
    exported.unlink(missing_ok=True)
    return Output(done.returncode, done.stdout, done.stderr, written)


def record_digests(tree: Path) -> bytes:
    """Returns the campaign's digests of its sessions' records; raises RuntimeError."""
    done = run_python(tree, tree, "-m", "tests.campaigns.record_digests")
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-400:])
    return done.stdout


def session_ids(demo: Path) -> list[str]:
    """The ids of the demo's sessions, oldest first."""
    return [record.head.session_id for record in list_sessions(RecordFolder(demo / "data"))]


def run_python(tree: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """This interpreter with the packages of a tree."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "TRACTION_TIME_ZONE": "America/Chicago"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, check=False
    )


def run_git(*arguments: str) -> None:
    """Run git in this tree; raises CalledProcessError."""
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
